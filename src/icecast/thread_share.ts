/**
 * How much of the time of the thread that has all broadcasts one source may take. Bytes that look like
 * audio and are none take a hundred times as long to be read as audio does.
 *
 * @module
 */

/** A source may take one part in so many of the time, … */
const SHARE = 50;
/** … and beside that so many milliseconds at a time. */
const FREE_MS = 20;
/** What is granted to each frame, with all that is made of it: far more than it takes. */
const MS_PER_FRAME = 1;
/** No read takes longer by itself: what was longer was held up, as by the collection of garbage. */
const MAX_PER_READ_MS = 5;
/** A source is left alone for so long at a time at most. */
const MAX_PAUSE_MS = 500;

/** What one source has taken of the time. */
export class ThreadShare {
  /** What it has taken beyond what is granted. */
  #overMs = 0;
  /** When that was so. */
  #at = 0;

  /**
   * Something was read of the source.
   * @param tookMs how long that took
   * @param frames how many came of it
   * @param now on `Clock.monotonic`
   * @returns for how many milliseconds nothing more is to be read
   */
  took(tookMs: number, frames: number, now: number): number {
    const left = Math.max(0, this.#overMs - (now - this.#at) / SHARE);
    const over = Math.min(tookMs - frames * MS_PER_FRAME, MAX_PER_READ_MS);
    this.#overMs = left + Math.max(0, over);
    this.#at = now;
    return Math.min(Math.max(0, this.#overMs - FREE_MS) * SHARE, MAX_PAUSE_MS);
  }
}
