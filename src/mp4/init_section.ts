/**
 * What a player has to have before fragments that come one by one: the Media Initialization Section
 * of HLS (RFC 8216 3.3), which is a CMAF header (ISO/IEC 23000-19 7.3.1).
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { box, encodeBoxes, fourCc, u32 } from "./boxes.ts";
import { movieBox, type Track } from "./movie.ts";
import { sampleDescriptionBox } from "./sample_description.ts";

/**
 * The head of fragments with access units of `config`. The same configuration gives the same bytes:
 * they tell no time.
 */
export function initSection(config: AudioConfig): Uint8Array<ArrayBuffer> {
  const { sampleRate, samplesPerFrame } = config;
  return trackSection({
    sampleRate,
    samplesPerFrame,
    sampleDescription: sampleDescriptionBox(config),
  });
}

/** The same for access units of a track, such as that of a recording. */
export function trackSection(track: Track): Uint8Array<ArrayBuffer> {
  const { sampleRate, samplesPerFrame, sampleDescription } = track;
  const box = movieBox({ sampleRate, samplesPerFrame, sampleDescription }, undefined);
  return encodeBoxes(FILE_TYPE, box);
}

/** Brand iso6 has tfdt (ISO/IEC 14496-12 8.8.12), cmfc is CMAF's for tracks. */
const FILE_TYPE = box("ftyp", fourCc("iso6"), u32(0), fourCc("iso6"), fourCc("cmfc"));
