/**
 * The media playlist of low latency (draft-pantos-hls-rfc8216bis): segments in fragmented MP4, the
 * newest of them also in parts, and a hint at the part that comes next.
 *
 * @module
 */
import type { TimedTags } from "../../session/tags.ts";
import { PART_TARGET_MS } from "../fmp4_packager.ts";
import type { NumberedSegment } from "../window.ts";

/** A part as the playlist lists it. */
export interface ListedPart {
  readonly uri: string;
  readonly durationUs: number;
}

/** A segment of which parts may be still to come. */
export interface PartedSegment extends Pick<NumberedSegment, "discontinuity" | "wallMs"> {
  /** What the init section that it needs is called. */
  readonly initUri: string;
  readonly parts: readonly ListedPart[];
}

/** A segment that is whole. */
export interface WholeSegment extends PartedSegment, NumberedSegment {
  /** In bytes. */
  readonly size: number;
}

/** One version of the playlist. */
export interface LowPlaylist {
  /** Seconds. */
  readonly targetDuration: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  /** What is heard of them, the oldest first. */
  readonly tags: readonly TimedTags[];
  readonly segments: readonly WholeSegment[];
  /** What follows them; `undefined` where that has no part yet. */
  readonly open: PartedSegment | undefined;
  /** The part that comes next; `undefined` where none does: the presentation has ended. */
  readonly nextPartUri: string | undefined;
}

/** Writes a version of the playlist. */
export function renderLowPlaylist(playlist: LowPlaylist): string {
  const { segments, open, nextPartUri } = playlist;
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:6",
    `#EXT-X-TARGETDURATION:${playlist.targetDuration}`,
    "#EXT-X-INDEPENDENT-SEGMENTS",
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${seconds(PART_HOLD_BACK_US)}`,
    `#EXT-X-PART-INF:PART-TARGET=${seconds(PART_TARGET_MS * 1000)}`,
    `#EXT-X-MEDIA-SEQUENCE:${playlist.mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${playlist.discontinuitySequence}`,
    ...playlist.tags.map(dateRange),
  ];
  const firstWithParts = segments.length - countWithParts(playlist);
  for (const [i, segment] of segments.entries()) {
    lines.push(...introduction(segment, segments[i - 1]));
    if (i >= firstWithParts) lines.push(...segment.parts.map(partTag));
    lines.push(`#EXTINF:${seconds(segment.durationUs)},`, segment.uri);
  }
  if (open !== undefined) {
    lines.push(...introduction(open, segments.at(-1)), ...open.parts.map(partTag));
  }
  if (nextPartUri === undefined) lines.push("#EXT-X-ENDLIST");
  else lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${nextPartUri}"`);
  return lines.join("\n") + "\n";
}

/** How far from the end of the playlist players stay: three parts (4.4.3.8). */
const PART_HOLD_BACK_US = 3 * PART_TARGET_MS * 1000;

/** Parts that are farther from the end than so many target durations are not listed (6.2.2). */
const TARGETS_WITH_PARTS = 3;

/** How many of the whole segments, from the last one back, are listed with their parts. */
function countWithParts({ targetDuration, segments, open }: LowPlaylist): number {
  const mostUs = TARGETS_WITH_PARTS * targetDuration * 1e6;
  let fromEndUs = (open?.parts ?? []).reduce((sum, { durationUs }) => sum + durationUs, 0);
  const others = segments.toReversed().findIndex(({ durationUs }) => {
    fromEndUs += durationUs;
    return fromEndUs > mostUs;
  });
  return others === -1 ? segments.length : others;
}

/** What is heard from its time on, until the next of its class (4.4.5.1). */
function dateRange({ title, artist, wallMs }: TimedTags): string {
  const start = new Date(wallMs).toISOString();
  return `#EXT-X-DATERANGE:ID="np-${Math.floor(wallMs)}",CLASS="echo.now-playing",` +
    `START-DATE="${start}",END-ON-NEXT=YES${textOf("X-TITLE", title)}${textOf("X-ARTIST", artist)}`;
}

/**
 * An attribute whose value stands between quotes (4.2), with the comma before it. What could be taken
 * for a variable (4.3) is none any more.
 */
function textOf(name: string, value: string | undefined): string {
  if (value === undefined) return "";
  return `,${name}="${textInQuotes(value)}"`;
}

function textInQuotes(value: string): string {
  return value.replaceAll('"', "'").replaceAll(/[\r\n]/g, " ").replaceAll("{$", "{ $");
}

/** What is said of a segment before its parts; the init section where `before` has another. */
function introduction(
  { discontinuity, wallMs, initUri }: PartedSegment,
  before: PartedSegment | undefined,
): string[] {
  const lines: string[] = [];
  if (discontinuity) lines.push("#EXT-X-DISCONTINUITY");
  if (discontinuity || before?.initUri !== initUri) lines.push(`#EXT-X-MAP:URI="${initUri}"`);
  if (wallMs !== undefined) {
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(wallMs).toISOString()}`);
  }
  return lines;
}

function partTag({ uri, durationUs }: ListedPart): string {
  return `#EXT-X-PART:DURATION=${seconds(durationUs)},INDEPENDENT=YES,URI="${uri}"`;
}

function seconds(durationUs: number): string {
  return (durationUs / 1e6).toFixed(5);
}
