/**
 * Reads PES packets, ISO/IEC 13818-1 2.4.3.6.
 *
 * @module
 */

import { CLOCK_WRAP } from "./packet.ts";

/** Bytes up to PES_packet_length, and with it. */
const PES_PREFIX_BYTES = 6;

/** The most bytes of a PES packet that tells its length. */
export const MAX_PES_BYTES = PES_PREFIX_BYTES + 0xffff;

/** A PES packet of a stream that has optional header fields, as audio and video do. */
export interface PesPacket {
  /** In 33 bits; `undefined` where there is none. */
  readonly pts90k: number | undefined;
  readonly data: Uint8Array;
}

/**
 * How long the PES packet is that begins with `bytes`, in bytes; Infinity where it does not tell.
 */
export function pesBytes(bytes: Uint8Array): number {
  const length = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
  return length === 0 ? Infinity : PES_PREFIX_BYTES + length;
}

/** Reads a whole PES packet; `undefined` where it is none, or has no optional fields. */
export function parsePes(bytes: Uint8Array): PesPacket | undefined {
  const fixed = PES_PREFIX_BYTES + 3; // and both bytes of flags, PES_header_data_length
  if (bytes.length < fixed || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 1) return undefined;
  if (((bytes[6] ?? 0) & 0xc0) !== 0x80) return undefined;
  const dataStart = fixed + (bytes[8] ?? 0);
  if (dataStart > bytes.length) return undefined;
  const hasPts = ((bytes[7] ?? 0) & 0x80) !== 0 && dataStart >= fixed + 5;
  return {
    pts90k: hasPts ? readPts(bytes, fixed) : undefined,
    data: bytes.subarray(dataStart, pesBytes(bytes)),
  };
}

/** Writes a PTS without a DTS, 5 bytes; `pts90k` may be below 0, and is wrapped. */
export function writePts(bytes: Uint8Array, at: number, pts90k: number): void {
  const pts = wrapClock(pts90k);
  const high = Math.floor(pts / 2 ** 30);
  bytes[at] = 0x21 | (high << 1);
  bytes[at + 1] = pts >>> 22;
  bytes[at + 2] = 0x01 | (pts >>> 14);
  bytes[at + 3] = pts >>> 7;
  bytes[at + 4] = 0x01 | (pts << 1);
}

/** `clock90k`, which may be below 0, in 33 bits. */
export function wrapClock(clock90k: number): number {
  const wrapped = clock90k % CLOCK_WRAP;
  return wrapped < 0 ? wrapped + CLOCK_WRAP : wrapped;
}

function readPts(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) >> 1) & 7;
  const middle = (((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)) >> 1;
  const low = (((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0)) >> 1;
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
