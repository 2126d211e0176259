/**
 * What the files of a broadcast in low latency are called. No name comes again with other contents:
 * caches may keep what they have.
 *
 * @module
 */
import { contentHash } from "../../web/entity_tag.ts";

/** What names of a segment and its parts begin with: `SEQUENCE-UNIXTIME-NONCE`. */
export interface SegmentStem {
  /** Media sequence number. */
  readonly sequence: number;
  /** When it is expected to begin, in milliseconds since the epoch. */
  readonly wallMs: number;
  /** Lower-case letters and digits that no other making of the broadcast has. */
  readonly nonce: string;
}

/** The file of a whole segment. */
export function wholeFile(stem: SegmentStem): string {
  return `${text(stem)}.m4s`;
}

/** The file of a part of a segment. @param part its index in the segment */
export function partFile(stem: SegmentStem, part: number): string {
  return `${text(stem)}.${part}.m4s`;
}

/** The file of an init section. */
export function initFile(section: Uint8Array): string {
  return `init-${contentHash(section)}.mp4`;
}

function text({ sequence, wallMs, nonce }: SegmentStem): string {
  return `${sequence}-${Math.floor(wallMs / 1000)}-${nonce}`;
}
