/**
 * What follows the segments of a run of the server that was killed: silence, under the numbers of
 * segments of which players may have had parts. Players of low latency take no such number for a
 * segment of another timeline.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";
import { readTsFrames } from "./low_latency/ts_frames.ts";
import type { SegmentFormat } from "./packager.ts";
import { type CutSegment, Segmenter } from "./segmenter.ts";

/** What players were shown of segments that were not whole. */
export interface ShownOpen {
  /** The highest media sequence number of one. */
  readonly sequence: number;
  readonly config: AudioConfig;
  /** Whether it does not continue the one before. */
  readonly discontinuity: boolean;
}

/** Silence that the segments of an earlier run go on with. */
export interface SilentEnd {
  /** That of the earlier run's segments, which do not tell all of it. */
  readonly config: AudioConfig;
  readonly segments: readonly CutSegment[];
}

/** With more there is something else wrong, and the broadcast begins anew. */
export const MAX_SILENT_SEGMENTS = 8;

export interface SilentEndOptions {
  /** That of the segments that are listed. */
  readonly format: SegmentFormat;
  /** How long segments are to be, in milliseconds. */
  readonly targetMs: number;
  /** How many are made. */
  readonly count: number;
}

/**
 * Makes silent segments that continue the timeline of an earlier run; one of their own where the
 * segment that was shown did not continue it either.
 * @param last the last segment that is listed
 */
export function silentEnd(
  { config, discontinuity }: ShownOpen,
  last: Uint8Array,
  { format, targetMs, count }: SilentEndOptions,
): SilentEnd {
  const before = readTsFrames(last, [config])?.config;
  const continues = !discontinuity && before !== undefined &&
    codecOf(config).continuation(before, config) !== undefined;
  const behind = continues ? last : undefined;
  const segments: CutSegment[] = [];
  const resumed = { ...format, newPackager: () => format.newPackager(config, behind) };
  const segmenter = new Segmenter(targetMs, [resumed], (segment) => {
    const packages = segment.packages.map((bytes) => bytes.slice());
    segments.push({ ...segment, packages });
  });
  segmenter.start(config);
  if (!continues) segmenter.discontinuity();
  const data = codecOf(config).silentFrame(config);
  for (let position = 0; segments.length < count; position += config.samplesPerFrame) {
    segmenter.write({ data, position, dueMs: 0, filler: "wait" });
  }
  return { config, segments };
}
