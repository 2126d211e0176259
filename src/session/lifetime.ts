/**
 * When a session ends by itself.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";

export interface LifetimeOptions {
  readonly clock: Clock;
  /** Nobody has come in time. */
  readonly onLost: () => void;
  /** Nobody may send any longer. */
  readonly onDeadline: () => void;
}

/** Ends a session for which nobody comes, and one whose time is over. */
export class Lifetime {
  readonly #options: LifetimeOptions;
  #wait: Timer | undefined;
  #deadline: Timer | undefined;
  #deadlineAt = -Infinity;

  constructor(options: LifetimeOptions) {
    this.#options = options;
  }

  /** Somebody has to come within `ms` from now, whatever was said before. */
  await(ms: number): void {
    this.#wait?.cancel();
    this.#wait = this.#options.clock.after(ms, this.#options.onLost);
  }

  /** Somebody is there. */
  stopWaiting(): void {
    this.#wait?.cancel();
  }

  /** It ends at `at` (on {@link Clock.monotonic}), or later if it was told so before. */
  endAt(at: number): void {
    if (at <= this.#deadlineAt) return;
    const { clock, onDeadline } = this.#options;
    this.#deadlineAt = at;
    this.#deadline?.cancel();
    this.#deadline = at === Infinity ? undefined : clock.at(at, onDeadline);
  }

  /** It has ended. */
  end(): void {
    for (const timer of [this.#wait, this.#deadline]) timer?.cancel();
  }
}
