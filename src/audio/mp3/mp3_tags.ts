/**
 * What stands between the frames of MP3 streams and is no audio: tags, and frames that tell of the
 * file.
 *
 * @module
 */
import { findId3Tag, type TagFound } from "../id3.ts";
import { sideInfoBytes } from "./mp3_config.ts";
import { MP3_HEADER_BYTES, type MpegAudioHeader } from "./mp3_header.ts";

/** Looks for a tag at `at`: ID3v2, ID3v1 or APE. */
export function findMp3Tag(bytes: Uint8Array, at: number): TagFound {
  return findId3Tag(bytes, at) ?? findId3v1Tag(bytes, at) ?? findApeTag(bytes, at);
}

/**
 * Whether a frame holds what encoders tell players of a file, such as how many frames it has: a
 * Xing, Info or VBRI header stands in the place of its audio.
 * @param at where the frame begins
 */
export function tellsOfFile(bytes: Uint8Array, at: number, header: MpegAudioHeader): boolean {
  const stands = (signature: readonly number[], offset: number) =>
    offset + signature.length <= header.frameBytes && begins(bytes, at + offset, signature);
  const xing = MP3_HEADER_BYTES + sideInfoBytes(header);
  const hasCrc = ((bytes[at + 1] ?? 0) & NO_CRC) === 0;
  const isNamed = (offset: number) => stands(XING, offset) || stands(INFO, offset);
  // LAME leaves it where it is without a crc_check, others put it behind that.
  return isNamed(xing) || hasCrc && isNamed(xing + CRC_BYTES) || stands(VBRI, VBRI_OFFSET);
}

/** ID3v1 has 128 bytes. */
function findId3v1Tag(bytes: Uint8Array, at: number): TagFound {
  const found = lookFor(bytes, at, TAG);
  return found === "whole" ? { bytes: ID3V1_BYTES } : found;
}

/**
 * An APE tag with a header; or its footer, where a tag has no header or what was before is lost (APE
 * tags 2.0).
 */
function findApeTag(bytes: Uint8Array, at: number): TagFound {
  const found = lookFor(bytes, at, APE);
  if (found !== "whole") return found;
  if (at + APE_HEADER_BYTES > bytes.length) return "cut";
  const fields = new DataView(bytes.buffer, bytes.byteOffset + at, APE_HEADER_BYTES);
  const isHeader = (fields.getUint32(APE_FLAGS, true) & APE_IS_HEADER) !== 0;
  return { bytes: APE_HEADER_BYTES + (isHeader ? fields.getUint32(APE_SIZE, true) : 0) };
}

/** `cut`: all bytes that there are agree. */
function lookFor(
  bytes: Uint8Array,
  at: number,
  signature: readonly number[],
): "whole" | "cut" | undefined {
  if (at >= bytes.length) return undefined;
  const there = signature.slice(0, bytes.length - at);
  if (!begins(bytes, at, there)) return undefined;
  return there.length === signature.length ? "whole" : "cut";
}

function begins(bytes: Uint8Array, at: number, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[at + i] === byte);
}

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));

const XING = ascii("Xing");
const INFO = ascii("Info");
const VBRI = ascii("VBRI");
/** It stands where the main data of MPEG-1 in stereo begins, in all versions and modes. */
const VBRI_OFFSET = 36;
/** protection_bit, and the crc_check that stands behind the header without it. */
const NO_CRC = 1;
const CRC_BYTES = 2;
const TAG = ascii("TAG");
const ID3V1_BYTES = 128;
const APE = ascii("APETAGEX");
const APE_HEADER_BYTES = 32;
/** The tag's bytes behind the header, little-endian. */
const APE_SIZE = 12;
const APE_FLAGS = 20;
const APE_IS_HEADER = 1 << 29;
