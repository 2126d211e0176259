/**
 * What is told of how many listen to a session.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";

/** How many listen to a session: the most there were, and what is told of them. */
export class SessionAudience {
  readonly #clock: Clock;
  readonly #count: () => number;
  readonly #tell: (listeners: number, peak: number) => void;
  #peak = 0;
  #told: Told | undefined;

  /**
   * @param count how many listen now
   * @param tell called when their number has changed, once a minute at most
   */
  constructor(clock: Clock, count: () => number, tell: (listeners: number, peak: number) => void) {
    this.#clock = clock;
    this.#count = count;
    this.#tell = tell;
  }

  /** The most there were. */
  get peak(): number {
    return this.#peak;
  }

  /** Looks how many there are; to be called with every segment. */
  update(): void {
    const listeners = this.#count();
    this.#peak = Math.max(this.#peak, listeners);
    if (listeners === (this.#told?.listeners ?? 0)) return;
    const now = this.#clock.monotonic();
    if (this.#told !== undefined && now - this.#told.at < TELL_MS) return;
    this.#told = { listeners, at: now };
    this.#tell(listeners, this.#peak);
  }
}

interface Told {
  readonly listeners: number;
  /** On {@link Clock.monotonic}. */
  readonly at: number;
}

/** A change is told this much after the one before, at least. */
const TELL_MS = 60_000;
