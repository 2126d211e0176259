/** How fast recordings are read in the background, so that broadcasts and listeners do not feel it. */
import type { Clock, Timer } from "../../session/clock.ts";

/**
 * Gives turns to those who read: each may do a few steps, and waits then until the others have had
 * their turn. So a short recording is read before the end of a long one.
 */
export class ReadTurns {
  readonly #clock: Pick<Clock, "after">;
  readonly #waiting: (() => void)[] = [];
  #pause: Timer | undefined;

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** For another one who reads. @returns what gives a promise where the next step has to wait */
  join(): () => Promise<void> | undefined {
    let left = STEPS;
    return () => {
      if (left-- > 0) return undefined;
      left = STEPS - 1;
      return this.#turn();
    };
  }

  /** Lets go all who wait. */
  close(): void {
    this.#pause?.cancel();
    for (const begin of this.#waiting.splice(0)) begin();
  }

  #turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#pause ??= this.#next();
    return promise;
  }

  #next(): Timer {
    return this.#clock.after(PAUSE_MS, () => {
      this.#waiting.shift()?.();
      this.#pause = this.#waiting.length > 0 ? this.#next() : undefined;
    });
  }
}

/** So many steps are done … */
const STEPS = 64;
/** … by one of those who read, so often. Most steps find one fragment, which is a second of audio. */
const PAUSE_MS = 10;
