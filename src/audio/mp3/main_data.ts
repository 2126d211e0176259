/**
 * Where the bits of an MP3 frame are: in its own bytes, and in those of the frames before it, the bit
 * reservoir (ISO/IEC 11172-3 and 13818-3, 2.4.2.7).
 *
 * @module
 */
import type { Mp3Config, MpegVersion } from "./mp3_config.ts";
import { MP3_HEADER_BYTES } from "./mp3_header.ts";

/** Where the side information of a frame begins: behind the header, and its CRC where there is one. */
export function sideInfoAt(frame: Uint8Array): number {
  const hasCrc = ((frame[1] ?? 0) & NO_CRC) === 0;
  return MP3_HEADER_BYTES + (hasCrc ? CRC_BYTES : 0);
}

/** Bits of main_data_begin, the first of the side information. */
export function mainDataBeginBits(version: MpegVersion): 8 | 9 {
  return version === 1 ? 9 : 8;
}

/** How many bytes a frame may take of those before it. */
export function reservoirBytes({ version }: Pick<Mp3Config, "version">): number {
  return 2 ** mainDataBeginBits(version) - 1;
}

/** Whether a frame takes bits of those before it. */
export function pointsBack(frame: Uint8Array, { version }: Pick<Mp3Config, "version">): boolean {
  const at = sideInfoAt(frame);
  const first = (frame[at] ?? 0) << 8 | (frame[at + 1] ?? 0);
  return first >> (16 - mainDataBeginBits(version)) > 0;
}

/** protection_bit. */
const NO_CRC = 1;
const CRC_BYTES = 2;
