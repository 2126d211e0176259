/**
 * What the files of a broadcast's segments are called: `SEQUENCE-UNIXTIME.EXTENSION`.
 *
 * @module
 */

/** A media sequence number, the Unix time, and the extension of the format. */
export const SEGMENT_NAME = /^\d{1,16}-\d{1,12}\.([a-z0-9]+)$/;

/**
 * Names a segment.
 * @param sequence its media sequence number
 * @param wallMs wall time of its first sample, in milliseconds since the epoch
 * @param extension the extension of its format, without a dot
 */
export function segmentName(sequence: number, wallMs: number, extension: string): string {
  return `${sequence}-${Math.floor(wallMs / 1000)}.${extension}`;
}
