/** The access units that benchmarks send: numbered, of the size of 128 kb/s. */
import { parseAudioSpecificConfig } from "../src/audio/aac/audio_specific_config.ts";

/** AAC-LC, 48 kHz, stereo: ISO/IEC 14496-3 1.6.2.1. */
export const AUDIO_SPECIFIC_CONFIG = Uint8Array.of(0x11, 0x90);

export const CONFIG = parseAudioSpecificConfig(AUDIO_SPECIFIC_CONFIG);
export const FRAME_MS = CONFIG.samplesPerFrame * 1000 / CONFIG.sampleRate;

/** Access units in a loop: 1024 ms, so that millisecond timestamps repeat with it. */
export const LOOP = 48;

/** 128 kb/s, and how much single access units are above or below. */
const MEAN_BYTES = 128_000 / 8 * FRAME_MS / 1000;
const SPREAD_BYTES = 60;

/** Where an access unit carries its number. */
const NUMBER_AT = 4;
const NUMBERED_BYTES = NUMBER_AT + 4;

/**
 * A loop of access units as a server sees them: sizes scatter as an encoder's do, no two neighbours
 * are equally long, and the content is noise behind the start of a channel pair, since no server
 * decodes it.
 */
export function accessUnits(): Uint8Array<ArrayBuffer>[] {
  let noise = 1;
  return Array.from({ length: LOOP }, (_, index) => {
    const size = Math.round(MEAN_BYTES + SPREAD_BYTES * Math.sin(index * 2.4));
    const unit = new Uint8Array(size).map(() => {
      noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
      return noise >>> 24;
    });
    unit[0] = 0x21; // id_syn_ele CPE, common_window
    return unit;
  });
}

/** Puts the number `frame` into a copy of an access unit that begins at `offset`. */
export function setFrameNumber(bytes: Uint8Array, offset: number, frame: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset + NUMBER_AT, frame);
}

/** The number in an access unit; `undefined` for silence that a server put in. */
export function frameNumber(unit: Uint8Array): number | undefined {
  if (unit.length < NUMBERED_BYTES) return undefined;
  return new DataView(unit.buffer, unit.byteOffset).getUint32(NUMBER_AT);
}
