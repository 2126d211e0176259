/** How long is waited after failures, before something is tried again. */
import type { Clock } from "../session/clock.ts";

/** Waits a second after a failure, twice as long after each further one, and a minute at most. */
export class BackOff {
  readonly #clock: Pick<Clock, "monotonic">;
  #failures = 0;
  #until = -Infinity;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Failures since something succeeded. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether it may be tried now. */
  get isOver(): boolean {
    return this.#clock.monotonic() >= this.#until;
  }

  failed(): void {
    const delayMs = Math.min(FIRST_MS * 2 ** this.#failures, LONGEST_MS);
    this.#failures++;
    this.#until = this.#clock.monotonic() + delayMs;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = -Infinity;
  }
}

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;
