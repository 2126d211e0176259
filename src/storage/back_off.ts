/** How long is waited after failures, before something is tried again. */
import type { Clock } from "../session/clock.ts";

/** How long is waited. */
export interface Pauses {
  readonly firstMs: number;
  /** Each is so many times as long as the one before. */
  readonly factor: number;
  readonly longestMs: number;
}

/** After requests: a second, twice as long after each further failure, and a minute at most. */
const SHORT: Pauses = { firstMs: 1000, factor: 2, longestMs: 60_000 };

/** Waits after a failure, and longer after each further one. */
export class BackOff {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #pauses: Pauses;
  #failures = 0;
  #until = -Infinity;

  constructor(clock: Pick<Clock, "monotonic">, pauses: Pauses = SHORT) {
    this.#clock = clock;
    this.#pauses = pauses;
  }

  /** Failures since something succeeded. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether it may be tried now. */
  get isOver(): boolean {
    return this.#clock.monotonic() >= this.#until;
  }

  /** While it waits nothing is new in that: what fails then was under way before. */
  failed(): void {
    if (!this.isOver) return;
    const { firstMs, factor, longestMs } = this.#pauses;
    const delayMs = Math.min(firstMs * factor ** this.#failures, longestMs);
    this.#failures++;
    this.#until = this.#clock.monotonic() + delayMs;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = -Infinity;
  }
}
