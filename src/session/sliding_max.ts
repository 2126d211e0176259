/**
 * The largest of the values of the last while.
 *
 * @module
 */
const BUCKETS = 10;

/** The largest of the values of the last while, in constant space. */
export class SlidingMax {
  readonly #bucketMs: number;
  readonly #buckets = new Float64Array(BUCKETS);
  #newest = 0;
  /** The largest value in that bucket. */
  #newestMax = -Infinity;
  #bucketEnd = 0;
  #value = -Infinity;

  /** @param windowMs how far back values count, to a tenth of it */
  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
    this.clear();
  }

  /** The largest value in the window, `-Infinity` where there is none. */
  get value(): number {
    return this.#value;
  }

  /** Takes in `value`, seen at `timeMs`, which never goes back. */
  add(value: number, timeMs: number): void {
    if (timeMs >= this.#bucketEnd) this.#turn(timeMs);
    if (value <= this.#newestMax) return;
    this.#newestMax = value;
    this.#buckets[this.#newest] = value;
    if (value > this.#value) this.#value = value;
  }

  /** Adds `delta` to all values that are in the window. */
  shift(delta: number): void {
    for (let i = 0; i < BUCKETS; i++) this.#buckets[i] = (this.#buckets[i] ?? 0) + delta;
    this.#newestMax += delta;
    this.#value += delta;
  }

  clear(): void {
    this.#buckets.fill(-Infinity);
    this.#newestMax = -Infinity;
    this.#bucketEnd = -Infinity;
    this.#value = -Infinity;
  }

  #turn(timeMs: number): void {
    const behind = (timeMs - this.#bucketEnd) / this.#bucketMs;
    const turns = behind >= BUCKETS ? BUCKETS : Math.floor(behind) + 1;
    for (let i = 0; i < turns; i++) {
      this.#newest = (this.#newest + 1) % BUCKETS;
      this.#buckets[this.#newest] = -Infinity;
    }
    this.#newestMax = -Infinity;
    this.#bucketEnd = behind >= BUCKETS
      ? timeMs + this.#bucketMs
      : this.#bucketEnd + turns * this.#bucketMs;
    this.#value = -Infinity;
    for (const bucket of this.#buckets) if (bucket > this.#value) this.#value = bucket;
  }
}
