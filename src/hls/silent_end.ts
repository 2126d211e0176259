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
import type { SegmentLabel } from "./segment_labels.ts";
import { type CutSegment, Segmenter } from "./segmenter.ts";

/** A segment that players were shown before it was whole. */
export interface ShownOpen extends SegmentLabel {
  readonly config: AudioConfig;
  /** How long the segment before it lasts, in microseconds; `undefined` where there is none. */
  readonly beforeUs: number | undefined;
}

/** Silence that the segments of an earlier run go on with. */
export interface SilentEnd {
  /** Those of the earlier run's segments, which do not tell all of it, the newest last. */
  readonly configs: readonly AudioConfig[];
  readonly segments: readonly SilentSegment[];
}

/** A segment as players were shown it, but for its audio. */
export interface SilentSegment {
  readonly label: SegmentLabel;
  readonly cut: CutSegment;
}

/**
 * So many are kept, the newest: all that a playlist lists of a second each, since the configuration
 * of a listed segment is not whole in MPEG-TS. Where players were shown more that is not on disk,
 * there is something else wrong, and the broadcast begins anew.
 */
export const MAX_SHOWN_SEGMENTS = 16;

export interface SilentEndOptions {
  /** That of the segments that are listed. */
  readonly format: SegmentFormat;
  /** How long segments are to be, in milliseconds. */
  readonly targetMs: number;
}

/**
 * Makes a silent segment for each that was shown. It continues the timeline of the one before, or
 * begins one of its own, as it did when it was shown.
 * @param last the segment before them
 */
export function silentEnd(
  shown: readonly ShownOpen[],
  last: Uint8Array,
  { format, targetMs }: SilentEndOptions,
): SilentSegment[] {
  let before = last;
  return shown.map((segment, i) => {
    const { sequence, wallMs } = segment;
    const durationUs = shown[i + 1]?.beforeUs;
    const cut = silentSegment(segment, before, { format, targetMs, durationUs });
    [before = new Uint8Array()] = cut.packages;
    return { label: { sequence, wallMs, discontinuity: cut.discontinuity }, cut };
  });
}

/** @param last what it continues, where it can */
function silentSegment(
  { config, discontinuity }: ShownOpen,
  last: Uint8Array,
  { format, targetMs, durationUs = Infinity }: SilentEndOptions & {
    durationUs?: number | undefined;
  },
): CutSegment {
  const before = discontinuity ? undefined : last;
  const read = before && readTsFrames(before, [config]);
  const continues = read !== undefined &&
    codecOf(config).continuation(read.config, config) !== undefined;
  const newPackager = () => format.newPackager(config, continues ? before : undefined);
  const made: CutSegment[] = [];
  const segmenter = new Segmenter(targetMs, [{ ...format, newPackager }], (cut) => {
    made.push({ ...cut, packages: cut.packages.map((bytes) => bytes.slice()) });
  });
  segmenter.start(config);
  if (!continues) segmenter.discontinuity();
  const data = codecOf(config).silentFrame(config);
  const samples = Math.round(durationUs * config.sampleRate / 1e6);
  for (let position = 0;;) {
    segmenter.write({ data, position, dueMs: 0, filler: "wait" });
    position += config.samplesPerFrame;
    if (position >= samples) segmenter.cut();
    const [segment] = made;
    if (segment !== undefined) return segment;
  }
}
