/**
 * Media playlists as text (RFC 8216 4), written and read.
 *
 * @module
 */
import { makerOf, segmentName } from "./segment_name.ts";

/** A segment as a playlist tells of it (RFC 8216 4.3.2). */
export interface SegmentEntry {
  readonly uri: string;
  /** Exact playing time in microseconds. */
  readonly durationUs: number;
  /** It does not continue the timestamps or the encoding of the one before. */
  readonly discontinuity: boolean;
  /** Wall time of its first sample in milliseconds since the epoch; `undefined` for preroll. */
  readonly wallMs: number | undefined;
}

/** A version of a media playlist (RFC 8216 4.3.3). */
export interface MediaPlaylist {
  /** Seconds. */
  readonly targetDuration: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly SegmentEntry[];
  readonly ended: boolean;
}

/** Playing time of what it lists. */
export function durationMs({ segments }: MediaPlaylist): number {
  return segments.reduce((sum, { durationUs }) => sum + durationUs, 0) / 1000;
}

/** Writes a media playlist of protocol version 3. */
export function renderPlaylist(playlist: MediaPlaylist): string {
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    `#EXT-X-TARGETDURATION:${playlist.targetDuration}`,
    `#EXT-X-MEDIA-SEQUENCE:${playlist.mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${playlist.discontinuitySequence}`,
  ];
  for (const segment of playlist.segments) {
    if (segment.discontinuity) lines.push("#EXT-X-DISCONTINUITY");
    if (segment.wallMs !== undefined) {
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.wallMs).toISOString()}`);
    }
    lines.push(`#EXTINF:${(segment.durationUs / 1e6).toFixed(6)},`, segment.uri);
  }
  if (playlist.ended) lines.push("#EXT-X-ENDLIST");
  return lines.join("\n") + "\n";
}

/**
 * Reads a media playlist as {@link renderPlaylist} writes it.
 * @returns `undefined` where it is not one of those
 */
export function parsePlaylist(text: string): MediaPlaylist | undefined {
  const lines = text.split("\n");
  const numberOf = (tag: string): number => {
    const line = lines.find((line) => line.startsWith(`#${tag}:`));
    return Number(line?.slice(tag.length + 2));
  };
  const targetDuration = numberOf("EXT-X-TARGETDURATION");
  const mediaSequence = numberOf("EXT-X-MEDIA-SEQUENCE");
  const discontinuitySequence = numberOf("EXT-X-DISCONTINUITY-SEQUENCE");
  const numbers = [targetDuration, mediaSequence, discontinuitySequence];
  if (lines[0] !== "#EXTM3U" || !numbers.every(Number.isSafeInteger)) return undefined;
  const ended = lines.includes("#EXT-X-ENDLIST");
  const segments = parseSegments(lines);
  return segments && { targetDuration, mediaSequence, discontinuitySequence, segments, ended };
}

/**
 * Reads a playlist that an earlier run of the server wrote, of a file that may be damaged since.
 * @param extension what the files of its segments end with
 * @returns `undefined` where it is not in every byte as {@link renderPlaylist} writes it, or its
 *   segments are not the broadcast's own or preroll
 */
export function restorePlaylist(text: string, extension: string): MediaPlaylist | undefined {
  const playlist = parsePlaylist(text);
  if (playlist === undefined || !isPlausible(playlist, extension)) return undefined;
  return renderPlaylist(playlist) === text ? playlist : undefined;
}

/**
 * Reads the segments that the lines of a media playlist list.
 * @returns `undefined` where one has no EXTINF
 */
export function parseSegments(lines: readonly string[]): SegmentEntry[] | undefined {
  const segments: SegmentEntry[] = [];
  let durationUs: number | undefined;
  let discontinuity = false;
  let wallMs: number | undefined;
  for (const line of lines) {
    const [tag = "", value = ""] = line.split(/:(.*)/s);
    if (tag === "#EXTINF") durationUs = Math.round(parseFloat(value) * 1e6);
    else if (tag === "#EXT-X-DISCONTINUITY") discontinuity = true;
    else if (tag === "#EXT-X-PROGRAM-DATE-TIME") wallMs = Date.parse(value);
    else if (line !== "" && !line.startsWith("#")) {
      if (durationUs === undefined || [durationUs, wallMs].some(Number.isNaN)) return undefined;
      segments.push({ uri: line, durationUs, discontinuity, wallMs });
      [durationUs, discontinuity, wallMs] = [undefined, false, undefined];
    }
  }
  return segments;
}

function isPlausible(playlist: MediaPlaylist, extension: string): boolean {
  const { targetDuration, mediaSequence, discontinuitySequence, segments } = playlist;
  if (mediaSequence < 0 || discontinuitySequence < 0) return false;
  return segments.every(({ uri, durationUs, wallMs }, index) =>
    durationUs > 0 && Math.round(durationUs / 1e6) <= targetDuration &&
    (wallMs === undefined
      ? /^(?:\/|\.\.\/~)/.test(uri)
      : uri === segmentName(mediaSequence + index, wallMs, extension, makerOf(uri)))
  );
}
