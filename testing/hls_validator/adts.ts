/**
 * ADTS as a player reads it (ISO/IEC 14496-3 1.A.2.2), independent of the server's own code.
 *
 * @module
 */

/** An access unit in its ADTS frame. */
export interface AdtsFrame {
  /** Hz. */
  readonly sampleRate: number;
  /** channel_configuration; 0 where a program_config_element says it. */
  readonly channels: number;
  /** How many it stands for, at that rate. */
  readonly samples: number;
  /** What may not change within a stream: object type, rate, channels. */
  readonly configuration: string;
  /** The raw access unit. */
  readonly data: Uint8Array;
}

/** Bytes are not whole ADTS frames. */
export class AdtsError extends Error {
  override readonly name = "AdtsError";
}

const SAMPLE_RATES = [
  96000,
  88200,
  64000,
  48000,
  44100,
  32000,
  24000,
  22050,
  16000,
  12000,
  11025,
  8000,
  7350,
];

/**
 * Splits `bytes` into frames, of which there must be a whole number.
 * @throws {AdtsError}
 */
export function parseAdts(bytes: Uint8Array): AdtsFrame[] {
  const frames: AdtsFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const header = bytes.subarray(at, at + 7);
    const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0] = header;
    if (header.length < 7 || b0 !== 0xff || (b1 & 0xf6) !== 0xf0) {
      throw new AdtsError(`Cannot parse ADTS: expected a header at byte ${at}, got ${header}`);
    }
    const sampleRate = SAMPLE_RATES[b2 >> 2 & 15];
    if (sampleRate === undefined) throw new AdtsError("Cannot parse ADTS: unknown sample rate");
    if ((b6 & 3) !== 0) throw new AdtsError("Cannot parse ADTS: expected one block in a frame");
    const headerSize = (b1 & 1) === 1 ? 7 : 9;
    const length = (b3 & 3) << 11 | b4 << 3 | b5 >> 5;
    if (length <= headerSize || at + length > bytes.length) {
      throw new AdtsError(`Cannot parse ADTS: a frame of ${length} bytes at ${at} is cut off`);
    }
    const channels = (b2 & 1) << 2 | b3 >> 6;
    frames.push({
      sampleRate,
      channels,
      samples: 1024,
      configuration: `profile ${b2 >> 6}, ${sampleRate} Hz, channels ${channels}`,
      data: bytes.subarray(at + headerSize, at + length),
    });
    at += length;
  }
  return frames;
}

/**
 * An access unit without the program_config_element that it may begin with
 * (ISO/IEC 14496-3 4.4.1.1).
 */
export function withoutProgramConfig(data: Uint8Array): Uint8Array {
  let at = 0;
  const bits = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) {
      value = value << 1 | (data[at >> 3] ?? 0) >> 7 - at % 8 & 1;
    }
    return value;
  };
  if (bits(3) !== 5) return data;
  bits(4 + 2 + 4); // element_instance_tag, object_type, sampling_frequency_index
  const [front, side, back, lfe, assoc, coupling] = [4, 4, 4, 2, 3, 4].map(bits);
  if (bits(1) === 1) bits(4); // mono_mixdown
  if (bits(1) === 1) bits(4); // stereo_mixdown
  if (bits(1) === 1) bits(3); // matrix_mixdown
  const wide = (front ?? 0) + (side ?? 0) + (back ?? 0) + (coupling ?? 0);
  at += 5 * wide + 4 * ((lfe ?? 0) + (assoc ?? 0));
  at = 8 * Math.ceil(at / 8);
  const comment = bits(8);
  at += 8 * comment;
  return data.subarray(at / 8);
}

/** In hexadecimal, without what says the configuration: what goes in and what comes out compare. */
export function accessUnits(frames: readonly AdtsFrame[]): string[] {
  return frames.map(({ data }) => withoutProgramConfig(data).toHex());
}
