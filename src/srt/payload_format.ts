/**
 * Tells by their bytes what the messages of SRT carry.
 *
 * @module
 */
import { mayBeAdtsSync, parseAdtsHeader } from "../audio/aac/adts.ts";
import { AdtsParser } from "../audio/aac/adts_parser.ts";
import { PACKET_BYTES, SYNC_BYTE } from "../mpegts/packet.ts";
import { PacketFinder } from "../mpegts/packet_finder.ts";

/** What messages may carry. */
export type PayloadFormat = "adts" | "mpegts";

/**
 * The format of a message that begins with a packet or frame, as encoders send them; `undefined`
 * where that cannot be told.
 */
export function formatOfMessage(message: Uint8Array): PayloadFormat | undefined {
  if (message[0] === SYNC_BYTE) return isPackets(message) ? "mpegts" : undefined;
  return beginsWithFrame(message) ? "adts" : undefined;
}

/**
 * The format of a stretch of a stream that may begin anywhere.
 * @throws {UnsupportedAudio} where it is one that Echo does not take
 */
export function formatOfStretch(bytes: Uint8Array): PayloadFormat | undefined {
  let found: PayloadFormat | undefined;
  new AdtsParser({ configure: () => {}, write: () => found = "adts", bad: () => {} }).feed(bytes);
  // Packets count for more: they may well have ADTS frames inside.
  new PacketFinder({ packet: () => found = "mpegts", bad: () => {} }).feed(bytes);
  return found;
}

/** What bytes of neither format look like, for a log line. */
export function nameBytes(bytes: Uint8Array): string {
  const known = SIGNATURES.find(({ at, signature }) =>
    signature.every((byte, i) => bytes[at + i] === byte)
  );
  return known?.name ?? `bytes that begin with ${bytes.subarray(0, 8).toHex()}`;
}

/** One packet could be chance. */
const MIN_PACKETS = 2;

function isPackets(message: Uint8Array): boolean {
  if (message.length % PACKET_BYTES !== 0 || message.length < MIN_PACKETS * PACKET_BYTES) {
    return false;
  }
  for (let at = 0; at < message.length; at += PACKET_BYTES) {
    if (message[at] !== SYNC_BYTE) return false;
  }
  return true;
}

function beginsWithFrame(message: Uint8Array): boolean {
  const header = parseAdtsHeader(message, 0);
  return header !== undefined && mayBeAdtsSync(message, header.frameBytes);
}

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));

const SIGNATURES = [
  { name: "Ogg", at: 0, signature: ascii("OggS") },
  { name: "FLV", at: 0, signature: ascii("FLV") },
  { name: "FLAC", at: 0, signature: ascii("fLaC") },
  { name: "WAV", at: 0, signature: ascii("RIFF") },
  { name: "Matroska or WebM", at: 0, signature: [0x1a, 0x45, 0xdf, 0xa3] },
  { name: "MP4", at: 4, signature: ascii("ftyp") },
  { name: "MP3", at: 0, signature: [0xff, 0xfb] },
];
