import type { Clock } from "../session/clock.ts";

/** A change is told this much after the one before, at least. */
const TELL_MS = 60_000;

/** How many listen to a session: the most there were, and what is told of them. */
export class SessionAudience {
  readonly #clock: Clock;
  readonly #count: () => number;
  readonly #tell: (listeners: number, peak: number) => void;
  #peak = 0;
  #told = 0;
  #toldAt = -Infinity;

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
    const now = this.#clock.monotonic();
    if (listeners === this.#told || now - this.#toldAt < TELL_MS) return;
    this.#told = listeners;
    this.#toldAt = now;
    this.#tell(listeners, this.#peak);
  }
}
