/**
 * A strict reader of playlists of low latency (draft-pantos-hls-rfc8216bis 4.4), independent of what
 * writes them.
 *
 * @module
 */
import { PlaylistError } from "./media_playlist.ts";

/** A part as a playlist lists it. */
export interface SeenPart {
  readonly uri: string;
  /** Seconds. */
  readonly duration: number;
}

/** A segment as a playlist lists it, whole or open. */
export interface SeenLowSegment {
  readonly sequence: number;
  readonly discontinuity: boolean;
  /** The init section that it needs. */
  readonly map: string;
  /** As written; empty where there is none. */
  readonly programDateTime: string;
  readonly parts: readonly SeenPart[];
  /** `undefined` for the open segment. */
  readonly whole: SeenPart | undefined;
}

/** What is heard from a moment on, as a playlist tells it. */
export interface SeenDateRange {
  readonly id: string;
  /** In milliseconds since the epoch. */
  readonly startMs: number;
  readonly title: string | undefined;
  readonly artist: string | undefined;
}

/** One version of a playlist of low latency. */
export interface SeenLowPlaylist {
  /** Seconds. */
  readonly targetDuration: number;
  /** What is said of the playlist as a whole, but for its numbers. */
  readonly constants: readonly string[];
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly dateRanges: readonly SeenDateRange[];
  /** The last one may be open. */
  readonly segments: readonly SeenLowSegment[];
  /** The part that comes next; `undefined` behind EXT-X-ENDLIST. */
  readonly hint: string | undefined;
}

const HEADER = [
  /^#EXTM3U$/,
  /^#EXT-X-VERSION:6$/,
  /^#EXT-X-TARGETDURATION:(\d+)$/,
  /^#EXT-X-INDEPENDENT-SEGMENTS$/,
  /^#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1\.15200$/,
  /^#EXT-X-PART-INF:PART-TARGET=0\.38400$/,
  /^#EXT-X-MEDIA-SEQUENCE:(\d+)$/,
  /^#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)$/,
];
const PART = /^#EXT-X-PART:DURATION=(\d+\.\d{5}),INDEPENDENT=YES,URI="([^"]+)"$/;
const EXTINF = /^#EXTINF:(\d+\.\d{5}),$/;
const MAP = /^#EXT-X-MAP:URI="([^"]+)"$/;
const DATE_TIME = /^#EXT-X-PROGRAM-DATE-TIME:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/;
const HINT = /^#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]+)"$/;

const DATE_RANGE = new RegExp(
  '^#EXT-X-DATERANGE:ID="(np-\\d+)",CLASS="echo.now-playing",START-DATE="([^"]+)",END-ON-NEXT=YES' +
    '(?:,X-TITLE="([^"]+)")?(?:,X-ARTIST="([^"]+)")?$',
);

/**
 * Reads a playlist with the tags that Echo writes, in their order; any other line is an error.
 * @throws {PlaylistError}
 */
export function parseLowPlaylist(text: string): SeenLowPlaylist {
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new PlaylistError("Cannot parse the playlist: its end is cut off");
  const header = lines.slice(0, HEADER.length);
  const numbers = HEADER.flatMap((pattern, i) => {
    const found = pattern.exec(header[i] ?? "");
    if (found === null) throw expected(String(pattern), header[i]);
    return found[1] === undefined ? [] : [Number(found[1])];
  });
  const [targetDuration = NaN, mediaSequence = NaN, discontinuitySequence = NaN] = numbers;
  const last = lines.at(-1) ?? "";
  const hint = HINT.exec(last)?.[1];
  if (hint === undefined && last !== "#EXT-X-ENDLIST") throw expected("a hint or the end", last);
  const body = lines.slice(HEADER.length, -1);
  const first = body.findIndex((line) => !line.startsWith("#EXT-X-DATERANGE"));
  return {
    targetDuration,
    constants: header.slice(0, 6),
    mediaSequence,
    discontinuitySequence,
    dateRanges: body.slice(0, first).map(readDateRange),
    segments: readSegments(body.slice(first), mediaSequence),
    hint,
  };
}

function readDateRange(line: string): SeenDateRange {
  const found = DATE_RANGE.exec(line);
  if (found === null) throw expected("a date range of what is heard", line);
  const [, id = "", start = "", title, artist] = found;
  return { id, startMs: Date.parse(start), title, artist };
}

/** Tags of a segment stand in this order: discontinuity, map, time, parts, EXTINF. */
function readSegments(lines: readonly string[], mediaSequence: number): SeenLowSegment[] {
  const segments: SeenLowSegment[] = [];
  let map: string | undefined;
  for (let at = 0; at < lines.length;) {
    const take = (pattern: RegExp) => {
      const found = pattern.exec(lines[at] ?? "");
      if (found !== null) at++;
      return found;
    };
    const discontinuity = take(/^#EXT-X-DISCONTINUITY$/) !== null;
    const newMap = take(MAP)?.[1];
    if (discontinuity && newMap === undefined) throw expected("a map behind it", lines[at - 1]);
    map = newMap ?? map;
    if (map === undefined) throw expected("a map before the first segment", lines[at]);
    const programDateTime = take(DATE_TIME)?.[1] ?? "";
    const parts: SeenPart[] = [];
    for (let part = take(PART); part !== null; part = take(PART)) {
      parts.push({ uri: part[2] ?? "", duration: Number(part[1]) });
    }
    const duration = take(EXTINF)?.[1];
    const uri = duration === undefined ? undefined : take(/^[^#].*$/)?.[0];
    const isLast = at === lines.length;
    if (uri === undefined && (!isLast || duration !== undefined || parts.length === 0)) {
      throw expected("tags of a segment in their order", lines[at]);
    }
    const whole = uri === undefined ? undefined : { uri, duration: Number(duration) };
    const sequence = mediaSequence + segments.length;
    segments.push({ sequence, discontinuity, map, programDateTime, parts, whole });
  }
  return segments;
}

function expected(what: string, got: string | undefined): PlaylistError {
  return new PlaylistError(`Cannot parse the playlist: expected ${what}, got ${got}`);
}
