/**
 * Which title segments tell: where it begins, and again for those who join later.
 *
 * @module
 */
import type { Tags } from "../session/tags.ts";

/** After so many segments, tags are told again. */
const REPEATED_AFTER = 10;

/** What the segments of a session tell of title and artist. */
export class SegmentTags {
  #tags: Tags | undefined;
  #told = false;
  /** Segments that have begun since they were told. */
  #segments = 0;

  /** What is heard from the next frame on. */
  set(tags: Tags): void {
    this.#tags = tags;
    this.#told = false;
  }

  /**
   * What is to be told before the next frame; `undefined` where nothing is.
   * @param isFirst whether that frame begins a segment
   */
  next(isFirst: boolean): Tags | undefined {
    if (this.#tags === undefined || (this.#told && !isFirst)) return undefined;
    if (this.#told && ++this.#segments < REPEATED_AFTER) return undefined;
    this.#told = true;
    this.#segments = 0;
    return this.#tags;
  }
}
