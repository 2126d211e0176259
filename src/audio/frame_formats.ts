/**
 * Streams in which frames come with nothing around them, and what is sent by mistake instead.
 *
 * @module
 */
import { AdtsParser } from "./aac/adts_parser.ts";
import type { ParserMaker } from "./codec.ts";
import { Mp3Parser } from "./mp3/mp3_parser.ts";

/** AAC in ADTS, or MP3. */
export type FrameFormat = "adts" | "mp3";

/** What is known of such a format. */
export interface FrameFormatFacts {
  /** What users call it. */
  readonly name: string;
  /** What stands behind the dot in the names of its files. */
  readonly extension: string;
  /** Makes what finds its frames. */
  readonly makeParser: ParserMaker;
}

export const FRAME_FORMATS: Readonly<Record<FrameFormat, FrameFormatFacts>> = {
  adts: { name: "AAC in ADTS", extension: "aac", makeParser: (sink) => new AdtsParser(sink) },
  mp3: { name: "MP3", extension: "mp3", makeParser: (sink) => new Mp3Parser(sink) },
};

/** What bytes are that begin as a format does which has more than frames; `undefined` for others. */
export function otherFormatOf(bytes: Uint8Array): string | undefined {
  return SIGNATURES.find(({ at, signature }) =>
    signature.every((byte, i) => bytes[at + i] === byte)
  )?.name;
}

/** What bytes of no known format look like, for a log line. */
export function nameBytes(bytes: Uint8Array): string {
  return otherFormatOf(bytes) ?? `bytes that begin with ${bytes.subarray(0, 8).toHex()}`;
}

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));

const SIGNATURES = [
  { name: "Ogg", at: 0, signature: ascii("OggS") },
  { name: "FLV", at: 0, signature: ascii("FLV") },
  { name: "FLAC", at: 0, signature: ascii("fLaC") },
  { name: "WAV", at: 0, signature: ascii("RIFF") },
  { name: "Matroska or WebM", at: 0, signature: [0x1a, 0x45, 0xdf, 0xa3] },
  { name: "MP4", at: 4, signature: ascii("ftyp") },
];
