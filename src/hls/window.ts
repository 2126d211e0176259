/**
 * Which segments a live playlist lists, and under which numbers.
 *
 * @module
 */
import type { MediaPlaylist, SegmentEntry } from "./playlist.ts";

/** Where a name's numbering stands: that of the first segment in its playlist. */
export interface Numbering {
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
}

/** A segment with its number. */
export interface NumberedSegment extends SegmentEntry {
  readonly sequence: number;
}

/** The sliding window of segments that a live playlist lists, and its numbers (RFC 8216 6.2.2). */
export class Window<S extends NumberedSegment> {
  readonly #targetDuration: number;
  #segments: S[] = [];
  #durationUs = 0;
  #longestUs = 0;
  #mediaSequence: number;
  #discontinuitySequence: number;

  /**
   * @param targetDuration what `EXT-X-TARGETDURATION` says, in seconds
   * @param segments what is listed already, the first of them under `numbering`
   */
  constructor(targetDuration: number, numbering: Numbering, segments: readonly S[] = []) {
    this.#targetDuration = targetDuration;
    this.#mediaSequence = numbering.mediaSequence;
    this.#discontinuitySequence = numbering.discontinuitySequence;
    for (const segment of segments) this.#take(segment);
    this.#longestUs = this.#durationUs;
  }

  get segments(): readonly S[] {
    return this.#segments;
  }

  get durationMs(): number {
    return this.#durationUs / 1000;
  }

  /** The longest it ever was. */
  get longestMs(): number {
    return this.#longestUs / 1000;
  }

  /**
   * Takes `segments` in and answers those that leave for them.
   * @param mayLeave whether players have had the time to see a segment, however many come at once
   */
  slide(segments: readonly S[], mayLeave: (segment: S) => boolean): S[] {
    for (const segment of segments) this.#take(segment);
    const left: S[] = [];
    for (const first of this.#segments) {
      const count = this.#segments.length - left.length;
      if (!mayLeave(first) || !this.#canSpare(first, count)) break;
      left.push(first);
      this.#forget(first);
    }
    this.#segments.splice(0, left.length);
    this.#longestUs = Math.max(this.#longestUs, this.#durationUs);
    return left;
  }

  /**
   * Begins a new presentation behind the one that ended.
   * @returns the segments of the old one
   */
  renew(): S[] {
    const left = this.#segments;
    for (const segment of left) this.#forget(segment);
    this.#segments = [];
    this.#discontinuitySequence++;
    return left;
  }

  /** The version of the playlist that lists them. */
  version(ended: boolean): MediaPlaylist {
    return {
      targetDuration: this.#targetDuration,
      mediaSequence: this.#mediaSequence,
      discontinuitySequence: this.#discontinuitySequence,
      segments: this.#segments,
      ended,
    };
  }

  /** Its own numbers: those of the first segment, where there is one. */
  get begin(): Numbering {
    const mediaSequence = this.#mediaSequence;
    return { mediaSequence, discontinuitySequence: this.#discontinuitySequence };
  }

  /** The numbers of a window that begins behind the last segment. */
  get end(): Numbering {
    const tags = this.#segments.filter((segment) => segment.discontinuity).length;
    return {
      mediaSequence: this.#mediaSequence + this.#segments.length,
      discontinuitySequence: this.#discontinuitySequence + tags,
    };
  }

  /** Numbers that nothing listed so far has, nor anything after it. */
  get next(): Numbering {
    const { mediaSequence, discontinuitySequence } = this.end;
    return { mediaSequence, discontinuitySequence: discontinuitySequence + 1 };
  }

  #take(segment: S): void {
    this.#segments.push(segment);
    this.#durationUs += segment.durationUs;
  }

  #canSpare(first: S, count: number): boolean {
    const leftUs = this.#durationUs - first.durationUs;
    const leastSeconds = Math.max(MIN_SECONDS, MIN_TARGETS * this.#targetDuration);
    return count > MIN_SEGMENTS && leftUs >= leastSeconds * 1e6;
  }

  #forget(segment: S): void {
    this.#durationUs -= segment.durationUs;
    this.#mediaSequence = segment.sequence + 1;
    if (segment.discontinuity) this.#discontinuitySequence++;
  }
}

/** Numbers that nothing has that `playlist` lists, nor anything after it. */
export function numbersBehind(playlist: MediaPlaylist): Numbering {
  const { targetDuration, mediaSequence, segments } = playlist;
  const numbered = segments.map((entry, i) => ({ ...entry, sequence: mediaSequence + i }));
  return new Window(targetDuration, playlist, numbered).next;
}

const MIN_SECONDS = 12;
const MIN_SEGMENTS = 4;
const MIN_TARGETS = 3;
