/** Fallback files for tests of sessions: access units that name themselves. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { FallbackAudio } from "../../src/session/fallback_audio.ts";
import { audioConfig } from "../audio/access_units.ts";

/** A file of `frames` access units of four bytes, of which the first is 100, 101 and so on. */
export function fallbackAudio(
  frames: number,
  config: AudioConfig = audioConfig(),
  path = "fallback.aac",
): FallbackAudio {
  const units = Array.from({ length: frames }, (_, i) => new Uint8Array([100 + i, 0, 0, 0]));
  const frame = (index: number) => units[index] ?? new Uint8Array();
  return { path, config, frames, maxBytes: 4, frame };
}
