/**
 * What a broadcast has already when the first one listens to it in low latency.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { PlaylistPublisher } from "../playlist_publisher.ts";
import type { Segment } from "../segment.ts";
import type { ShownOpen } from "../silent_end.ts";
import { type Numbering, Window } from "../window.ts";
import type { LowPreroll } from "./low_preroll.ts";
import type { LowStream } from "./low_stream.ts";
import { readTsFrames } from "./ts_frames.ts";

/** What was made before anybody listened. */
export interface EarlierSegments {
  /** That of the first of them, or of what follows. */
  readonly numbering: Numbering;
  readonly segments: readonly EarlierSegment[];
}

/** A segment that was made before anybody listened. */
export interface EarlierSegment {
  readonly segment: Segment;
  /** That of its audio; `undefined` for preroll. */
  readonly config: AudioConfig | undefined;
  /** Has a stream take it in. */
  readonly takeInto: (stream: LowStream) => void;
}

/** Where they come from. */
export interface EarlierSource {
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** The preroll's segments in fragmented MP4. */
  readonly preroll: { readonly low: LowPreroll["segments"] };
  /** What there is as MPEG-TS. */
  readonly main: Pick<PlaylistPublisher, "known" | "numbering">;
}

/**
 * Reads what is listed from the last segment back, up to one that cannot be had, and no more than
 * the playlist of low latency needs: what had left it before, under an earlier run of the server
 * too, does not come back.
 * @param told as {@link readTsFrames}
 */
export function readEarlier(
  { main: { known, numbering }, targetDuration, preroll }: EarlierSource,
  told: readonly AudioConfig[],
  bytesOf: (segment: Segment) => Uint8Array | undefined,
): EarlierSegments {
  const window = new Window<Segment>(targetDuration, numbering);
  window.slide(known, () => true);
  const segments: EarlierSegment[] = [];
  for (const segment of window.segments.toReversed()) {
    const read = segment.wallMs === undefined
      ? readPreroll(segment, preroll)
      : readAudio(segment, segment.wallMs, bytesOf(segment), told);
    if (read === undefined) break;
    segments.unshift(read);
  }
  const passedOver = window.segments.slice(0, window.segments.length - segments.length);
  return { numbering: new Window(targetDuration, window.begin, passedOver).end, segments };
}

/** What is to be kept of them; nothing of preroll, which is there behind a crash too. */
export function shownBy(segments: readonly EarlierSegment[]): ShownOpen[] {
  return segments.flatMap(({ segment: { sequence, discontinuity, wallMs }, config }, i) => {
    if (wallMs === undefined || config === undefined) return [];
    const beforeUs = segments[i - 1]?.segment.durationUs;
    return [{ sequence, discontinuity, wallMs, config, beforeUs }];
  });
}

/** @returns `undefined` where it cannot be had */
function readPreroll(
  segment: Segment,
  { low }: EarlierSource["preroll"],
): EarlierSegment | undefined {
  const { uri, discontinuity } = segment;
  const preroll = low.get(uri);
  return preroll && {
    segment,
    config: undefined,
    takeInto: (stream) => stream.takePreroll(preroll, discontinuity),
  };
}

/** @returns `undefined` where it cannot be had */
function readAudio(
  segment: Segment,
  wallMs: number,
  bytes: Uint8Array | undefined,
  told: readonly AudioConfig[],
): EarlierSegment | undefined {
  const { discontinuity } = segment;
  const frames = bytes && readTsFrames(bytes, told);
  return frames && {
    segment,
    config: frames.config,
    takeInto: (stream) => stream.takeEarlier({ wallMs, discontinuity }, frames),
  };
}
