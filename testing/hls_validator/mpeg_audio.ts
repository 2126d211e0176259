/**
 * MPEG audio of Layer III as a player reads it (ISO/IEC 11172-3 2.4.1.3, 13818-3 2.4.2.3),
 * independent of the server's own code.
 *
 * @module
 */

/** A frame of MP3. */
export interface MpegAudioFrame {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** How many it stands for. */
  readonly samples: number;
  /** What may not change within a stream: version, rate, channels. */
  readonly configuration: string;
  /** All of it, its header included. */
  readonly data: Uint8Array;
}

/** Bytes are not whole frames of MP3. */
export class MpegAudioError extends Error {
  override readonly name = "MpegAudioError";
}

/** kb/s by bitrate_index, of MPEG-1 and of the lower rates. */
const BITRATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const RATES = [44100, 48000, 32000];
/** What the rates of MPEG-1 are divided by, by the two bits of the version. */
const DIVISORS: Readonly<Record<number, number>> = { 3: 1, 2: 2, 0: 4 };

/**
 * Splits `bytes` into frames, of which there must be a whole number.
 * @throws {MpegAudioError}
 */
export function parseMpegAudio(bytes: Uint8Array): MpegAudioFrame[] {
  const frames: MpegAudioFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const header = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
    const divisor = DIVISORS[header >>> 19 & 3];
    const isLayer3 = header >>> 21 === 0x7ff && (header >>> 17 & 3) === 1;
    if (!isLayer3 || divisor === undefined) {
      throw new MpegAudioError(`Cannot parse MP3: expected a header at byte ${at}, got ${header}`);
    }
    const sampleRate = (RATES[header >>> 10 & 3] ?? NaN) / divisor;
    const bitrate = BITRATES[divisor === 1 ? 0 : 1]?.[header >>> 12 & 15] ?? 0;
    const samples = divisor === 1 ? 1152 : 576;
    const length = Math.floor(samples / 8 * bitrate * 1000 / sampleRate) + (header >>> 9 & 1);
    if (!(length > 4) || at + length > bytes.length) {
      throw new MpegAudioError(`Cannot parse MP3: a frame of ${length} bytes at ${at} is cut off`);
    }
    const channels = (header >>> 6 & 3) === 3 ? 1 : 2;
    const configuration = `MP3 of MPEG-${divisor}, ${sampleRate} Hz, channels ${channels}`;
    const data = bytes.subarray(at, at + length);
    frames.push({ sampleRate, channels, samples, configuration, data });
    at += length;
  }
  return frames;
}
