/**
 * The header of a frame of MPEG audio, ISO/IEC 11172-3 2.4.1.3 and 2.4.2.3, 13818-3 2.4.2.3: read,
 * and written.
 */
import { MalformedAudio } from "../bits.ts";
import { UnsupportedAudio } from "../unsupported_audio.ts";
import { MP3_SAMPLE_RATES, type Mp3Config, type MpegVersion } from "./mp3_config.ts";

export const MP3_HEADER_BYTES = 4;

/** The longest frame of Layer III: MPEG-1 with 320 kb/s at 32 kHz, padded. */
export const MAX_MP3_FRAME_BYTES = 1441;

/** The longest frame of any layer: Layer II of MPEG-2.5 with 160 kb/s at 8 kHz, padded. */
export const MAX_MPEG_FRAME_BYTES = 2881;

/** The fields of a header that tell what follows. */
export interface MpegAudioHeader {
  readonly version: MpegVersion;
  readonly layer: 1 | 2 | 3;
  /** In Hz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Bytes of the frame, header included. */
  readonly frameBytes: number;
}

/**
 * Reads the header at `offset`, of any layer; `undefined` where there is none, or not all of it, or
 * where it does not tell how long its frame is.
 */
export function parseMpegAudioHeader(
  bytes: Uint8Array,
  offset: number,
): MpegAudioHeader | undefined {
  if (bytes.length - offset < MP3_HEADER_BYTES || !mayBeMpegAudioSync(bytes, offset)) {
    return undefined;
  }
  const byte1 = bytes[offset + 1] ?? 0;
  const byte2 = bytes[offset + 2] ?? 0;
  const version = VERSIONS[(byte1 >> 3) & 3];
  const layer = LAYERS[(byte1 >> 1) & 3];
  if (version === undefined || layer === undefined) return undefined;
  const sampleRate = MP3_SAMPLE_RATES[version][(byte2 >> 2) & 3];
  const kbps = bitratesOf(version)[layer][byte2 >> 4];
  if (sampleRate === undefined || kbps === undefined) return undefined;
  const padding = (byte2 >> 1) & 1;
  return {
    ...{ version, layer, sampleRate },
    channels: (bytes[offset + 3] ?? 0) >> 6 === MODE_MONO ? 1 : 2,
    frameBytes: frameBytes({ version, layer, sampleRate }, kbps, padding),
  };
}

/** Whether syncword and layer may be at `offset`, by as many of their bytes as there are. */
export function mayBeMpegAudioSync(bytes: Uint8Array, offset: number): boolean {
  const byte1 = bytes[offset + 1] ?? 0xff;
  return (offset >= bytes.length || bytes[offset] === 0xff) &&
    (byte1 & 0xe0) === 0xe0 && (byte1 & LAYER_MASK) !== 0;
}

/**
 * The configuration of a stream with this header.
 * @throws {UnsupportedAudio} where Echo does not take the stream
 */
export function mp3Config(header: MpegAudioHeader): Mp3Config {
  const { version, layer, sampleRate, channels } = header;
  if (layer !== 3) throw new UnsupportedAudio(layerName(layer));
  const samplesPerFrame = version === 1 ? 1152 : 576;
  return { codec: "mp3", version, sampleRate, samplesPerFrame, channels };
}

/**
 * Reads a configuration from the header of a frame.
 * @throws {UnsupportedAudio} where Echo does not take the stream
 * @throws {MalformedAudio} where there is no header
 */
export function parseMp3Config(bytes: Uint8Array): Mp3Config {
  const header = parseMpegAudioHeader(bytes, 0);
  if (header !== undefined) return mp3Config(header);
  const problem = bytes.length < MP3_HEADER_BYTES ? undefined : lengthlessName(bytes, 0);
  if (problem !== undefined) throw new UnsupportedAudio(problem);
  throw new MalformedAudio("Cannot parse MP3: expected the header of a frame, got something else");
}

/**
 * What a header of Layer III at `offset` has that keeps it from telling how long its frame is;
 * `undefined` where there is no such header.
 */
export function lengthlessName(bytes: Uint8Array, offset: number): string | undefined {
  const byte1 = bytes[offset + 1] ?? 0;
  const byte2 = bytes[offset + 2] ?? 0;
  if (!mayBeMpegAudioSync(bytes, offset) || LAYERS[(byte1 >> 1) & 3] !== 3) return undefined;
  if (VERSIONS[(byte1 >> 3) & 3] === undefined) return "MP3 of a reserved MPEG version";
  if (((byte2 >> 2) & 3) === RESERVED_RATE) return "MP3 with a reserved sample rate";
  if (byte2 >> 4 === RESERVED_BITRATE) return "MP3 with a reserved bitrate";
  return byte2 >> 4 === FREE_FORMAT ? "MP3 in free format" : undefined;
}

/**
 * Writes the header of a frame that has neither CRC nor padding.
 * @param kbps a bitrate of the configuration's version, in kb/s
 */
export function writeMp3Header(config: Mp3Config, kbps: number): Uint8Array {
  const { version, sampleRate, channels } = config;
  const bitrates = bitratesOf(version)[3];
  const rate = MP3_SAMPLE_RATES[version].indexOf(sampleRate);
  return Uint8Array.of(
    0xff,
    0xe0 | (VERSIONS.indexOf(version) << 3) | (LAYERS.indexOf(3) << 1) | NO_CRC,
    (bitrates.indexOf(kbps) << 4) | (rate << 2),
    (channels === 1 ? MODE_MONO : MODE_STEREO) << 6,
  );
}

/** The bitrates of Layer III, in kb/s, from the lowest on. */
export function mp3Bitrates(version: MpegVersion): readonly number[] {
  return bitratesOf(version)[3].filter((kbps) => kbps !== undefined);
}

/** Bytes of a frame, header included (ISO/IEC 11172-3 2.4.3.1). @param padding slots of it */
export function frameBytes(
  { version, layer, sampleRate }: Pick<MpegAudioHeader, "version" | "layer" | "sampleRate">,
  kbps: number,
  padding: number,
): number {
  const bits = kbps * 1000;
  if (layer === 1) return 4 * (Math.floor(12 * bits / sampleRate) + padding);
  const slots = layer === 3 && version !== 1 ? 72 : 144;
  return Math.floor(slots * bits / sampleRate) + padding;
}

function bitratesOf(version: MpegVersion): Bitrates {
  return BITRATES[version === 1 ? "MPEG-1" : "MPEG-2"];
}

/** By ID, and the bit before it that MPEG-2.5 takes of the syncword. */
const VERSIONS: readonly (MpegVersion | undefined)[] = [2.5, undefined, 2, 1];
/** By layer. */
const LAYERS: readonly (1 | 2 | 3 | undefined)[] = [undefined, 3, 2, 1];
const LAYER_MASK = 0x06;
/** protection_bit. */
const NO_CRC = 1;
/** mode. */
const MODE_STEREO = 0;
const MODE_MONO = 3;
/** bitrate_index. */
const FREE_FORMAT = 0;
const RESERVED_BITRATE = 15;
/** sampling_frequency. */
const RESERVED_RATE = 3;

/** In kb/s by layer and bitrate_index. */
type Bitrates = Readonly<Record<1 | 2 | 3, readonly (number | undefined)[]>>;

const LOW_BITRATES = [undefined, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

const BITRATES: Readonly<Record<"MPEG-1" | "MPEG-2", Bitrates>> = {
  "MPEG-1": {
    1: [undefined, ...Array.from({ length: 14 }, (_, i) => 32 * (i + 1))],
    2: [undefined, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    3: [undefined, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  },
  "MPEG-2": {
    1: [undefined, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    2: LOW_BITRATES,
    3: LOW_BITRATES,
  },
};

function layerName(layer: 1 | 2): string {
  return `MPEG Layer ${layer} (MP${layer})`;
}
