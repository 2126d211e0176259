import type { SegmentEntry } from "./playlist.ts";
import type { NumberedSegment } from "./window.ts";

/** A segment of a stream, from when it is cut until it is removed. */
export interface Segment extends NumberedSegment {
  /** In memory of the pool; `undefined` where only the file is left, or another serves it. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
  /** In bytes; 0 where it is not known. */
  readonly size: number;
  readonly written: Promise<boolean>;
  readonly readyAt: number;
}

/** Of a file that is there. */
export const ON_DISK: Promise<boolean> = Promise.resolve(true);

/** A segment that an earlier run wrote. */
export function restoredSegment(entry: SegmentEntry, sequence: number): Segment {
  return { ...entry, sequence, bytes: undefined, size: 0, written: ON_DISK, readyAt: -Infinity };
}
