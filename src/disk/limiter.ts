/**
 * Limits how much work is under way at a time.
 *
 * @module
 */

/** Thrown where no more work may wait. */
export class LimiterFull extends Error {
  override readonly name = "LimiterFull";
  constructor(waiting: number) {
    super(`Cannot start any more work: ${waiting} pieces wait already`);
  }
}

/**
 * Lets a few pieces of work run at a time; the others wait in order. Deno has 32 threads for all
 * work that may block: where a disk that hangs takes them all, nothing else in the process goes on.
 */
export class Limiter {
  readonly #waiting: (() => void)[] = [];
  readonly #maxWaiting: number;
  #free: number;

  /**
   * @param limit how many pieces run at a time
   * @param maxWaiting how many may wait
   */
  constructor(limit: number, maxWaiting: number = Infinity) {
    this.#free = limit;
    this.#maxWaiting = maxWaiting;
  }

  /** Runs `work` when it may. @throws {LimiterFull}, and what `work` throws */
  async run<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.#free > 0) this.#free--;
    else if (this.#waiting.length >= this.#maxWaiting) throw new LimiterFull(this.#waiting.length);
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
