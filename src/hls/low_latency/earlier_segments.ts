/**
 * What players of low latency get of the time before anybody listened: frames read out of MPEG-TS
 * segments that are listed already.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import { codecOf } from "../../audio/codec_of.ts";
import type { PlaylistPublisher } from "../playlist_publisher.ts";
import type { Segment } from "../segment.ts";
import type { ShownOpen } from "../silent_end.ts";
import { type Numbering, Window } from "../window.ts";
import type { WholeSegment } from "./low_playlist.ts";
import type { LowPreroll } from "./low_preroll.ts";
import type { LowStream } from "./low_stream.ts";
import { readTsFrames } from "./ts_frames.ts";

/** What was made before anybody listened. */
export interface EarlierSegments {
  /** That of the first of them, or of what follows. */
  readonly numbering: Numbering;
  readonly segments: readonly Earlier[];
}

/** A segment that was made before anybody listened. */
export interface Earlier {
  readonly segment: Segment;
  /** That of its audio; `undefined` for preroll, and where another box has made it. */
  readonly config: AudioConfig | undefined;
  /** Has a stream take it in. */
  readonly takeInto: (stream: LowStream) => void;
}

/** Where {@link earlierSegments} reads. */
export interface EarlierSources {
  /** What there is as MPEG-TS. */
  readonly main: Pick<PlaylistPublisher, "known" | "numbering">;
  /** The bytes of a segment; `undefined` where they cannot be had. */
  readonly bytesOf: (segment: Segment) => Uint8Array | undefined;
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** Configurations that a segment may have whose own is not told in it, the likeliest first. */
  readonly configs: readonly AudioConfig[];
  /** The preroll's segments in fragmented MP4. */
  readonly preroll: LowPreroll["segments"];
  /** Segments that another box has shown in low latency, by number. */
  readonly handed?: ReadonlyMap<number, WholeSegment>;
}

/**
 * Reads what is listed from the last segment back, up to one that cannot be had, and no more than
 * the playlist of low latency needs: what had left it before, under an earlier run of the server
 * too, does not come back.
 */
export function earlierSegments(sources: EarlierSources): EarlierSegments {
  const { main: { known, numbering }, targetDuration } = sources;
  const window = new Window<Segment>(targetDuration, numbering);
  window.slide(known, () => true);
  const segments: Earlier[] = [];
  for (const segment of window.segments.toReversed()) {
    const read = readSegment(segment, sources);
    if (read === undefined) break;
    segments.unshift(read);
  }
  const passedOver = window.segments.slice(0, window.segments.length - segments.length);
  return { numbering: new Window(targetDuration, window.begin, passedOver).end, segments };
}

/**
 * Reads what is in memory no more, from the newest back up to one that cannot be had.
 * @param after what has this number, or a lower one, is not needed
 * @param read gives the bytes of a file; `undefined` where they cannot be had
 * @returns bytes by file
 */
export async function readMissing(
  main: Pick<PlaylistPublisher, "known">,
  after: number,
  read: (uri: string) => Promise<Uint8Array | undefined>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (let unreadable = after;;) {
    const missing = main.known.findLast(({ sequence, uri, bytes, wallMs }) =>
      sequence > unreadable && bytes === undefined && wallMs !== undefined && !found.has(uri)
    );
    if (missing === undefined) return found;
    const bytes = await read(missing.uri);
    if (bytes === undefined) unreadable = missing.sequence;
    else found.set(missing.uri, bytes);
  }
}

/** What is to be kept of them; nothing of preroll, which is there behind a crash too. */
export function shownBy(segments: readonly Earlier[]): ShownOpen[] {
  return segments.flatMap(({ segment: { sequence, discontinuity, wallMs }, config }, i) => {
    if (wallMs === undefined || config === undefined) return [];
    const beforeUs = segments[i - 1]?.segment.durationUs;
    return [{ sequence, discontinuity, wallMs, config, beforeUs }];
  });
}

/** @returns `undefined` where it cannot be had */
function readSegment(
  segment: Segment,
  { bytesOf, configs, preroll, handed }: EarlierSources,
): Earlier | undefined {
  const { uri, wallMs, discontinuity, sequence } = segment;
  const shown = handed?.get(sequence);
  // Players take no segment of another name for the one that they have under this number.
  if (shown !== undefined) {
    return { segment, config: undefined, takeInto: (stream) => stream.takeListed(shown, configs) };
  }
  if (wallMs === undefined) {
    const known = preroll.get(uri);
    return known && {
      segment,
      config: undefined,
      takeInto: (stream) => stream.takePreroll(known, discontinuity),
    };
  }
  const bytes = bytesOf(segment);
  const frames = bytes && readTsFrames(bytes, configs);
  if (frames === undefined || !codecOf(frames.config).inFragmentedMp4) return undefined;
  return {
    segment,
    config: frames.config,
    takeInto: (stream) => stream.takeEarlier({ wallMs, discontinuity }, frames),
  };
}
