/**
 * What the files of a broadcast in low latency are called. No name of media comes again with other
 * contents: caches may keep what they have.
 *
 * @module
 */
import { contentHash } from "../../web/entity_tag.ts";
import { makerText, type SegmentMaker } from "../segment_name.ts";

/** The multivariant playlist … */
export const LOW_MASTER_FILE = "low.m3u8";
/** … and the media playlist that it names. */
export const LOW_MEDIA_FILE = "low-media.m3u8";

/** Media type of segments, parts and init sections. */
export const LOW_MEDIA_TYPE = "audio/mp4";

/**
 * What names of a segment and its parts begin with: `SEQUENCE-UNIXTIME-NONCE`, and behind that
 * `-BOXeEPOCH` where several boxes are one server.
 */
export interface SegmentStem {
  /** Media sequence number. */
  readonly sequence: number;
  /** When it is expected to begin, in milliseconds since the epoch. */
  readonly wallMs: number;
  /** Lower-case letters and digits that no other making of the broadcast has. */
  readonly nonce: string;
  /** Who makes it; `undefined` where there is one box. */
  readonly maker?: SegmentMaker | undefined;
}

/** A segment or a part, by its name. */
export interface NamedMedia extends Pick<SegmentStem, "sequence" | "nonce"> {
  /** Its index in the segment; `undefined` where it is all of it. */
  readonly part: number | undefined;
}

/** A nonce for {@link SegmentStem}. */
export function newNonce(): string {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random.toString(36);
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

/** What the name of a segment or a part says; `undefined` where it is none. */
export function parseLowMedia(file: string): NamedMedia | undefined {
  const [, sequence, nonce, part] = SEGMENT_OR_PART.exec(file) ?? [];
  if (sequence === undefined || nonce === undefined) return undefined;
  return { sequence: Number(sequence), nonce, part: part === undefined ? undefined : Number(part) };
}

/** Whether it is the name of a segment, a part or an init section. */
export function isLowMedia(file: string): boolean {
  return SEGMENT_OR_PART.test(file) || INIT.test(file);
}

/** Whether it is the name of a file that there is in low latency alone. */
export function isLowFile(file: string): boolean {
  return file === LOW_MEDIA_FILE || file === LOW_MASTER_FILE || isLowMedia(file);
}

/** Whether who has this file, of whatever format, is counted for its segment: once for all parts. */
export function countsAsFetch(file: string): boolean {
  return !isLowMedia(file) || FIRST_OF_SEGMENT.test(file);
}

/**
 * The name under which a replica subscribes to low latency of the broadcast `name`; no broadcast has
 * such a name.
 */
export function lowFeed(name: string): string {
  return name + LOW_FEED;
}

/** The broadcast whose low latency that is; `undefined` where it is no such name. */
export function nameOfLowFeed(feed: string): string | undefined {
  return feed.endsWith(LOW_FEED) ? feed.slice(0, -LOW_FEED.length) : undefined;
}

/** Under which name a replica has the file `file` of the broadcast `name`. */
export function feedOf(name: string, file: string): string {
  return isLowFile(file) ? lowFeed(name) : name;
}

function text({ sequence, wallMs, nonce, maker }: SegmentStem): string {
  return `${sequence}-${Math.floor(wallMs / 1000)}-${nonce}${makerText(maker)}`;
}

const SEGMENT_OR_PART =
  /^(\d{1,16})-\d{1,12}-([0-9a-z]{1,16})(?:-[a-z0-9]{1,16}e\d{1,16})?(?:\.(\d{1,3}))?\.m4s$/;
const INIT = /^init-[0-9a-f]{16}\.mp4$/;
/** The whole of it, or its first part. */
const FIRST_OF_SEGMENT = /^\d+-\d+-[0-9a-z]+(?:-[0-9a-z]+)?(?:\.0)?\.m4s$/;
const LOW_FEED = "~low";
