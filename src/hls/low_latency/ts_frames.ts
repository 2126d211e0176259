/**
 * The frames of segments that were made as MPEG-TS.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import { codecOf } from "../../audio/codec_of.ts";
import { UnsupportedAudio } from "../../audio/unsupported_audio.ts";
import { TsDemuxer } from "../../mpegts/demuxer.ts";

/** What is in a segment. */
export interface TsFrames {
  readonly config: AudioConfig;
  /** Access units. */
  readonly frames: readonly Uint8Array[];
  /** The presentation time of the first one. */
  readonly startMs: number;
}

/**
 * Reads a segment of a broadcast.
 * @param told configurations that the broadcast may have had then: MPEG-TS does not tell all of it
 * @returns `undefined` where it is damaged
 */
export function readTsFrames(
  segment: Uint8Array,
  told: readonly AudioConfig[],
): TsFrames | undefined {
  const frames: Uint8Array[] = [];
  const configs: AudioConfig[] = [];
  let startMs: number | undefined;
  let bad = 0;
  const demuxer = new TsDemuxer({
    configure: (config) => configs.push(config),
    write: (data, timeMs) => {
      startMs ??= timeMs;
      frames.push(data.slice());
    },
    bad: (count) => bad += count,
  });
  try {
    demuxer.feed(segment);
    demuxer.flush();
  } catch (error) {
    if (error instanceof UnsupportedAudio) return undefined;
    throw error;
  }
  const [config, ...others] = configs;
  if (config === undefined || startMs === undefined) return undefined;
  if (others.length > 0 || bad > 0) return undefined;
  const continued = told.flatMap((known) => codecOf(known).continuation(config, known) ?? []);
  return { config: continued[0] ?? config, frames, startMs };
}
