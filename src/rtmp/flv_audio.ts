/**
 * What audio messages hold: the body of an FLV audio tag (Adobe Flash Video File Format 10.1 E.4.2),
 * and since 2023 the extended header of Enhanced RTMP v2, "Enhanced Audio".
 *
 * @module
 */
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";

/** The codecs that Echo takes, as Enhanced RTMP names them. */
export const FOURCC = { aac: "mp4a", mp3: ".mp3" } as const;

/** The same as FLV names them; MP3 at 8 kHz has a name of its own. */
const SOUND_FORMAT_AAC = 10;
const SOUND_FORMATS_MP3: readonly number[] = [2, 14];
const SOUND_FORMAT_EX_HEADER = 9;

/** FLV 10.1 E.4.2.1; the gaps are reserved. */
const SOUND_FORMATS: Readonly<Record<number, string>> = {
  0: "PCM",
  1: "ADPCM",
  3: "PCM",
  4: "Nellymoser",
  5: "Nellymoser",
  6: "Nellymoser",
  7: "G.711 A-law",
  8: "G.711 mu-law",
  11: "Speex",
  15: "a device-specific format",
};

/** Enhanced RTMP v2, AudioPacketType. */
const AudioPacketType = { SequenceStart: 0, CodedFrames: 1, Multitrack: 5, ModEx: 7 } as const;

/** Codecs by FourCC as users know them. */
const FOURCCS: Readonly<Record<string, string>> = {
  "Opus": "Opus",
  "fLaC": "FLAC",
  "ac-3": "AC-3",
  "ec-3": "E-AC-3",
};

/** What an audio message holds for Echo. */
export interface AudioTag {
  /**
   * - `config`: an AudioSpecificConfig
   * - `frame`: a raw access unit of AAC
   * - `mp3`: frames of MP3, or a part of one
   * - `other`: nothing that is needed
   */
  readonly kind: "config" | "frame" | "mp3" | "other";
  /** So many bytes stand before that. */
  readonly headerBytes: number;
}

/** Every frame has one of these, and so none is made anew. */
const OTHER: AudioTag = { kind: "other", headerBytes: 0 };
const MP3: AudioTag = { kind: "mp3", headerBytes: 1 };
const AAC_CONFIG: AudioTag = { kind: "config", headerBytes: 2 };
const AAC_FRAME: AudioTag = { kind: "frame", headerBytes: 2 };

/**
 * Parses the payload of an audio message, which stands in `bytes` from `start` to `end`. Further tracks
 * of a multitrack stream are `other`: the first track is never sent as multitrack.
 * @throws {UnsupportedAudio} a codec that Echo does not take, named in the message
 */
export function parseAudioTag(bytes: Uint8Array, start: number, end: number): AudioTag {
  if (start === end) return OTHER;
  const first = bytes[start] ?? 0;
  const soundFormat = first >> 4;
  if (soundFormat === SOUND_FORMAT_EX_HEADER) {
    return parseExtended(bytes.subarray(start, end), first & 0x0f);
  }
  if (SOUND_FORMATS_MP3.includes(soundFormat)) return MP3;
  if (soundFormat !== SOUND_FORMAT_AAC) {
    throw new UnsupportedAudio(SOUND_FORMATS[soundFormat] ?? `FLV sound format ${soundFormat}`);
  }
  if (start + 2 > end) return OTHER;
  const packetType = bytes[start + 1];
  if (packetType === 0) return AAC_CONFIG;
  return packetType === 1 ? AAC_FRAME : OTHER;
}

function parseExtended(payload: Uint8Array, packetType: number): AudioTag {
  let at = 1;
  while (packetType === AudioPacketType.ModEx && at < payload.length) {
    let size = (payload[at++] ?? 0) + 1;
    if (size === 256) {
      size = ((payload[at] ?? 0) << 8) + (payload[at + 1] ?? 0) + 1;
      at += 2;
    }
    at += size;
    packetType = (payload[at++] ?? 0) & 0x0f;
  }
  const headerBytes = at + 4;
  if (packetType === AudioPacketType.Multitrack || payload.length < headerBytes) return OTHER;
  const fourCc = String.fromCharCode(...payload.subarray(at, headerBytes));
  const isFrames = packetType === AudioPacketType.CodedFrames;
  if (fourCc === FOURCC.mp3) return isFrames ? { kind: "mp3", headerBytes } : OTHER;
  if (fourCc !== FOURCC.aac) {
    throw new UnsupportedAudio(FOURCCS[fourCc] ?? `codec ${JSON.stringify(fourCc)}`);
  }
  if (packetType === AudioPacketType.SequenceStart) return { kind: "config", headerBytes };
  return isFrames ? { kind: "frame", headerBytes } : OTHER;
}
