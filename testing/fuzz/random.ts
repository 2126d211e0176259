/**
 * Random numbers for the fuzzer.
 *
 * @module
 */

/** Random numbers that a seed decides, so that a round of the fuzzer can be repeated. */
export class Random {
  #state: number;

  /** @param seed a whole number; each gives another row of numbers */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, not including, `limit`, which is at most 2^32. */
  below(limit: number): number {
    return Math.floor(this.#next() / 2 ** 32 * limit);
  }

  /** One of `items`, of which there is at least one. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) {
      throw new RangeError("Cannot pick: expected at least one item, got none");
    }
    return item;
  }

  /** Mulberry32, which passes the usual tests and costs a few nanoseconds. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
