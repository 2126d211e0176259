/** Silence in MP3, for what a source does not send. */
import { type Mp3Config, sideInfoBytes } from "./mp3_config.ts";
import { frameBytes, MP3_HEADER_BYTES, writeMp3Header } from "./mp3_header.ts";

/**
 * Makes a silent frame of 32 kb/s, the lowest bitrate that all versions have. Its side information
 * is zero: no granule has any bits. What is behind that belongs to no granule, but the next frame of
 * the source may point back into it with its main_data_begin (ISO/IEC 11172-3 2.4.2.7), for bits
 * that were lost. It is all ones, since ones are the code words of zeros: that frame is quiet then.
 */
export function silentMp3Frame(config: Mp3Config): Uint8Array {
  const frame = new Uint8Array(frameBytes({ ...config, layer: 3 }, KBPS, 0)).fill(0xff);
  frame.set(writeMp3Header(config, KBPS));
  frame.fill(0, MP3_HEADER_BYTES, MP3_HEADER_BYTES + sideInfoBytes(config));
  return frame;
}

const KBPS = 32;
