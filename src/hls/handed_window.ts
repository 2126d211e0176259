/**
 * What one box tells another so that a broadcast goes on there, for its playlists: plain data, which
 * goes between boxes as JSON.
 *
 * @module
 */
import type { SegmentMaker } from "./segment_name.ts";
import type { Numbering } from "./window.ts";

/** What a box goes on with: what the owner before hands over, or what is known where it is gone. */
export type NameHandover = HandedWindow | ReservedNumbers;

/** The window of a broadcast at the moment at which its owner has stopped to list anything more. */
export interface HandedWindow {
  readonly kind: "window";
  /**
   * A media playlist, as `renderPlaylist` writes it, of all that is listed and of what is about to
   * be, the open segment included, which was cut for this. The URIs tell who has made each segment.
   */
  readonly playlist: string;
  /** How many of its segments, from the last one back, no player has been shown so far. */
  readonly unlisted: number;
  /** How long ago the others were listed, in milliseconds. */
  readonly listedAgoMs: number;
  /** The size of each segment in bytes; 0 where it is not known. */
  readonly sizes: readonly number[];
  /** Configurations of their audio, as `configText` writes them, the newest last. */
  readonly configs: readonly string[];
  /** Titles that are heard in it, the oldest first. */
  readonly titles: readonly HandedTitle[];
  /**
   * Whole segments that players were shown in low latency; none where nobody listens in this way. The
   * next box lists them by their names: players take no other one under the same number.
   */
  readonly low?: readonly HandedLowSegment[] | undefined;
}

/** A segment in low latency, and its parts. Its owner has the bytes. */
export interface HandedLowSegment {
  readonly sequence: number;
  readonly uri: string;
  /** What the init section that it needs is called. */
  readonly initUri: string;
  readonly durationUs: number;
  readonly discontinuity: boolean;
  /** Wall time of its first sample, in milliseconds since the epoch; absent for preroll. */
  readonly wallMs?: number | undefined;
  /** In bytes. */
  readonly size: number;
  readonly parts: readonly { readonly uri: string; readonly durationUs: number }[];
}

/** What is heard from some time on; absent where nothing is known. */
export interface HandedTitle {
  readonly title?: string | undefined;
  readonly artist?: string | undefined;
  /** By EXT-X-PROGRAM-DATE-TIME, in milliseconds since the epoch. */
  readonly wallMs: number;
}

/**
 * Numbers that nothing has which was listed or is about to be; nothing was listed of a later time.
 * An owner tells them ahead of what it lists ({@link NUMBERS_AHEAD}).
 */
export interface NameNumbers extends Numbering {
  /** EXT-X-PROGRAM-DATE-TIME up to which it was listed, in milliseconds since the epoch; 0: none. */
  readonly endsAtMs: number;
}

/** A broadcast of which no window is to be had: its owner is gone, or its presentation has ended. */
export interface ReservedNumbers extends NameNumbers {
  readonly kind: "numbers";
  /**
   * The owner that has told the numbers. A box that has a window of this owner, as it was this one
   * itself, goes on behind that: nobody has listed anything since.
   */
  readonly madeBy: SegmentMaker | undefined;
  /** Whether the presentation goes on, so that its preroll does not come again. */
  readonly goesOn: boolean;
}

/** How many numbers an owner reserves ahead of what it lists. */
export const NUMBERS_AHEAD = 16;
