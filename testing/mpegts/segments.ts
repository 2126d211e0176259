/** Muxes access units into segments of a given length. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { ByteBuffer } from "../../src/mpegts/byte_buffer.ts";
import { AudioMuxer } from "../../src/mpegts/muxer.ts";

/** The exact 90 kHz time of a stream's nth access unit, rounded down. */
export function pts90k(config: AudioConfig, index: number): number {
  return Math.floor(index * config.samplesPerFrame * 90_000 / config.sampleRate);
}

/** Muxes the access units into segments of about `seconds` each, from `start90k` on. */
export function segments(
  config: AudioConfig,
  frames: readonly Uint8Array[],
  seconds: number,
  start90k = 0,
): Uint8Array<ArrayBuffer>[] {
  const muxer = new AudioMuxer(config);
  const perSegment = seconds * config.sampleRate / config.samplesPerFrame;
  const done: Uint8Array<ArrayBuffer>[] = [];
  const out = new ByteBuffer();
  for (let first = 0, count = 1; first < frames.length; count++) {
    const end = Math.min(Math.round(count * perSegment), frames.length);
    out.length = 0;
    muxer.begin(out);
    for (const [i, frame] of frames.slice(first, end).entries()) {
      muxer.write(frame, start90k + pts90k(config, first + i));
    }
    muxer.end();
    done.push(out.view().slice());
    first = end;
  }
  return done;
}
