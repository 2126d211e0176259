/**
 * Tells by their bytes what the messages of SRT carry.
 *
 * @module
 */
import { mayBeAdtsSync, parseAdtsHeader } from "../audio/aac/adts.ts";
import { FRAME_FORMATS, type FrameFormat } from "../audio/frame_formats.ts";
import { parseMpegAudioHeader } from "../audio/mp3/mp3_header.ts";
import { PACKET_BYTES, SYNC_BYTE } from "../mpegts/packet.ts";
import { PacketFinder } from "../mpegts/packet_finder.ts";

/** What messages may carry. */
export type PayloadFormat = FrameFormat | "mpegts";

/**
 * The format of a message that begins with a packet or frame, as encoders send them; `undefined`
 * where that cannot be told.
 */
export function formatOfMessage(message: Uint8Array): PayloadFormat | undefined {
  if (message[0] === SYNC_BYTE) return isPackets(message) ? "mpegts" : undefined;
  if (beginsWithAdts(message)) return "adts";
  return beginsWithMp3(message) ? "mp3" : undefined;
}

/**
 * The format of a stretch of a stream that may begin anywhere.
 * @throws {UnsupportedAudio} where it is one that Echo does not take
 */
export function formatOfStretch(bytes: Uint8Array): PayloadFormat | undefined {
  // Packets count for more: they may well have frames inside.
  let isPackets = false;
  new PacketFinder({ packet: () => isPackets = true, bad: () => {} }).feed(bytes);
  return isPackets ? "mpegts" : FORMATS_OF_FRAMES.find((format) => hasFrames(bytes, format));
}

const FORMATS_OF_FRAMES: readonly FrameFormat[] = ["adts", "mp3"];

function hasFrames(bytes: Uint8Array, format: FrameFormat): boolean {
  let found = false;
  FRAME_FORMATS[format].makeParser({
    configure: () => {},
    write: () => found = true,
    bad: () => {},
  })
    .feed(bytes);
  return found;
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

function beginsWithAdts(message: Uint8Array): boolean {
  const header = parseAdtsHeader(message, 0);
  return header !== undefined && mayBeAdtsSync(message, header.frameBytes);
}

/** Its header has fewer fixed bits, so the next one has to be there, too. */
function beginsWithMp3(message: Uint8Array): boolean {
  const header = parseMpegAudioHeader(message, 0);
  return header !== undefined && parseMpegAudioHeader(message, header.frameBytes) !== undefined;
}
