/** Recordings to write and to damage: headers, fragments, frames. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { FragmentWriter } from "../../src/mp4/fragment.ts";
import { recordingHeader, type RecordingOptions } from "../../src/mp4/recording.ts";

export const START_TIME = Date.UTC(2026, 2, 29, 20, 15, 30);

/** The bytes that a recording begins with. */
export function header(config: AudioConfig, options: Partial<RecordingOptions> = {}): Uint8Array {
  const tags = { title: "demo", facts: { country: "JP", os: "iOS é" } };
  return recordingHeader(config, { startTime: START_TIME, tags, ...options });
}

/** Fragments of `perFragment` frames each, the last one of what is left. */
export function fragments(
  frames: readonly Uint8Array[],
  perFragment: number,
  firstFrame = 0,
  samplesPerFrame = 1024,
): Uint8Array[] {
  const writer = new FragmentWriter();
  const taken: Uint8Array[] = [];
  for (let start = 0; start < frames.length; start += perFragment) {
    for (const frame of frames.slice(start, start + perFragment)) writer.add(frame);
    taken.push(writer.take(firstFrame + start, samplesPerFrame).slice());
  }
  return taken;
}

/** Access units of differing sizes and bytes, that no decoder is to see. */
export function someFrames(count: number, seed = 1): Uint8Array[] {
  return Array.from(
    { length: count },
    (_, i) => new Uint8Array(1 + (i * 7 + seed * 3) % 13).fill(seed * 31 + i),
  );
}
