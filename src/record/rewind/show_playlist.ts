/** The playlist of a show that may be rewound, as text (RFC 8216 4). */
import { segmentMs, type ShowSegment } from "./show_segments.ts";

/** A version of the playlist. */
export interface ShowPlaylist {
  /** Unix time at which the show began: its files are named by it. */
  readonly start: number;
  /** At least one, the oldest first. */
  readonly segments: readonly ShowSegment[];
  /** Whether all that was ever in it stays in it. */
  readonly keepsAll: boolean;
  readonly ended: boolean;
}

/** The folder of a show's files, beside its playlist. */
export const SHOW_FOLDER = "show";

/** The name of a segment's file. */
export function showSegmentFile(start: number, sequence: number): string {
  return `${start}-${sequence}.m4s`;
}

/** The name of the file with the init section of a piece. */
export function showInitFile(start: number, piece: number): string {
  return `${start}-${piece}.mp4`;
}

/** What a file of a show is; `undefined` where no show has such a file. */
export function parseShowFile(file: string): ShowFile | undefined {
  const [, start, number, extension] = FILE.exec(file) ?? [];
  if (start === undefined || number === undefined) return undefined;
  const kind = extension === "m4s" ? "segment" : "init";
  return { kind, start: Number(start), number: Number(number) };
}

/** A file of a show, by its name: a segment by its sequence number, an init section by its piece. */
export interface ShowFile {
  readonly kind: "segment" | "init";
  readonly start: number;
  readonly number: number;
}

/**
 * Writes the playlist. It tells the wall time of the first segment, of each that does not follow the
 * one before in wall time, and of each hundredth.
 */
export function renderShowPlaylist({ start, segments, keepsAll, ended }: ShowPlaylist): string {
  const [first] = segments;
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:6",
    `#EXT-X-TARGETDURATION:${TARGET_DURATION}`,
    `#EXT-X-MEDIA-SEQUENCE:${first?.sequence ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first?.piece ?? 0}`,
    ...keepsAll ? ["#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-START:TIME-OFFSET=0"] : [],
    "#EXT-X-INDEPENDENT-SEGMENTS",
  ];
  let before: ShowSegment | undefined;
  for (const segment of segments) {
    const { piece, wallMs, sequence } = segment;
    if (piece !== before?.piece) {
      if (before !== undefined) lines.push("#EXT-X-DISCONTINUITY");
      lines.push(`#EXT-X-MAP:URI="${SHOW_FOLDER}/${showInitFile(start, piece)}"`);
    }
    if (sequence % TIMED_EVERY === 0 || !follows(segment, before)) {
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(wallMs).toISOString()}`);
    }
    const seconds = (segmentMs(segment) / 1000).toFixed(5);
    lines.push(`#EXTINF:${seconds},`, `${SHOW_FOLDER}/${showSegmentFile(start, sequence)}`);
    before = segment;
  }
  if (ended) lines.push("#EXT-X-ENDLIST");
  return lines.join("\n") + "\n";
}

function follows(segment: ShowSegment, before: ShowSegment | undefined): boolean {
  if (before?.piece !== segment.piece) return false;
  return Math.abs(before.wallMs + segmentMs(before) - segment.wallMs) < STEP_MS;
}

/** No segment is longer: fragments of a second at most are joined until they are six. */
const TARGET_DURATION = 10;
const TIMED_EVERY = 100;
/** Wall time that departs by more than this is told. */
const STEP_MS = 250;
const FILE = /^(\d{1,12})-(\d{1,9})\.(m4s|mp4)$/;
