/**
 * A segment in one format, from when it is cut until it is removed.
 *
 * @module
 */
import type { MediaPlaylist } from "./playlist.ts";
import type { NumberedSegment } from "./window.ts";

/** A segment of a stream in one of its formats. */
export interface Segment extends NumberedSegment {
  /** In memory of the pool; `undefined` where only the file is left, or another serves it. */
  bytes: Uint8Array<ArrayBuffer> | undefined;
  /** In bytes; 0 where it is not known. */
  readonly size: number;
  /** Resolves to whether its file is written. */
  readonly written: Promise<boolean>;
  /** Whether its file is known to be written. */
  isWritten: boolean;
  /** When it was ready to be listed, on `Clock.awake`; `undefined` where an earlier run listed it. */
  readonly readyAt: number | undefined;
}

/** A segment whose file is there: of the preroll, or of an earlier run. */
export function segmentOnDisk(entry: NumberedSegment, readyAt: number | undefined): Segment {
  return { ...entry, bytes: undefined, size: 0, written: ON_DISK, isWritten: true, readyAt };
}

/**
 * The segments of an earlier run, or of another box, that its playlist lists.
 * @param sizes in bytes, as far as they are known
 */
export function listedSegments(
  { mediaSequence, segments }: MediaPlaylist,
  sizes: readonly number[] = [],
): Segment[] {
  return segments.map((entry, i) => {
    const segment = segmentOnDisk({ ...entry, sequence: mediaSequence + i }, undefined);
    return { ...segment, size: sizes[i] ?? 0 };
  });
}

/** A segment of an earlier run of which no playlist tells. */
export function foundSegment(uri: string): Segment {
  const unknown = { sequence: -1, durationUs: 0, discontinuity: false, wallMs: undefined };
  return segmentOnDisk({ uri, ...unknown }, undefined);
}

const ON_DISK: Promise<boolean> = Promise.resolve(true);
