/**
 * Connections that a door could not take, told in the log.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";

/** They share log lines this often. */
const TROUBLE_LOG_MS = 10_000;

/** What went wrong since it was told last. */
export interface Trouble {
  /** Connections that were turned away. */
  readonly turnedAway: number;
  /** Why others could not be accepted, the last time; `undefined` where all could. */
  readonly acceptError: string | undefined;
}

/** Gathers what went wrong and tells it now and then, so that a flood of it is a few lines. */
export class TroubleLog {
  readonly #clock: Clock;
  readonly #tell: (trouble: Trouble) => void;
  #turnedAway = 0;
  #acceptError: string | undefined;
  #toldAt = -Infinity;

  /** @param tell is called only where something went wrong */
  constructor(clock: Clock, tell: (trouble: Trouble) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  turnedAway(): void {
    this.#turnedAway++;
  }

  acceptFailed(why: string): void {
    this.#acceptError = why;
  }

  /** Tells it where the last time is long ago; to be called now and then. */
  check(): void {
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < TROUBLE_LOG_MS) return;
    if (this.flush()) this.#toldAt = now;
  }

  /** Tells it at once. @returns whether there was something to tell */
  flush(): boolean {
    const trouble = { turnedAway: this.#turnedAway, acceptError: this.#acceptError };
    this.#turnedAway = 0;
    this.#acceptError = undefined;
    const isAny = trouble.turnedAway > 0 || trouble.acceptError !== undefined;
    if (isAny) this.#tell(trouble);
    return isAny;
  }
}
