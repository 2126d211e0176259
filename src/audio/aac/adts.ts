/** The ADTS header, ISO/IEC 14496-3 1.A.2.2 and 1.A.3.2: read, and written. */
import type { TsFraming } from "../codec.ts";
import { type AacConfig, SAMPLE_RATES, SAMPLES_PER_FRAME } from "./aac_config.ts";
import { sampleRateByIndex, supportedObjectType } from "./audio_specific_config.ts";

/** Bytes of adts_fixed_header and adts_variable_header. */
export const ADTS_HEADER_BYTES = 7;

/** The most that the 13 bits of aac_frame_length can say, header included. */
export const MAX_ADTS_FRAME_BYTES = 8191;

/** stream_type of ADTS in a transport stream (ISO/IEC 13818-1 table 2-34). */
export const STREAM_TYPE_ADTS = 0x0f;

/** The fields of an ADTS header that tell what follows. */
export interface AdtsHeader {
  /** 1 Main, 2 LC, 3 SSR, 4 LTP. */
  readonly objectType: number;
  /** Index into SAMPLE_RATES; 13 to 15 are reserved. */
  readonly samplingFrequencyIndex: number;
  /** 0 where the access unit begins with a program_config_element. */
  readonly channelConfiguration: number;
  /** Bytes of the frame, header included. */
  readonly frameBytes: number;
  /** Bytes before the first raw_data_block: header, block positions and CRC. */
  readonly headerBytes: number;
  /** Access units in the frame, 1 to 4. */
  readonly rawDataBlocks: number;
  /** Whether there is a CRC behind the header and, with several raw_data_blocks, behind each. */
  readonly crc: boolean;
}

/** Reads the header at `offset`; `undefined` where there is none, or not all of it. */
export function parseAdtsHeader(bytes: Uint8Array, offset: number): AdtsHeader | undefined {
  if (bytes.length - offset < ADTS_HEADER_BYTES || !mayBeAdtsSync(bytes, offset)) return undefined;
  const byte1 = bytes[offset + 1] ?? 0;
  const byte2 = bytes[offset + 2] ?? 0;
  const byte3 = bytes[offset + 3] ?? 0;
  const byte4 = bytes[offset + 4] ?? 0;
  const byte5 = bytes[offset + 5] ?? 0;
  const moreBlocks = (bytes[offset + 6] ?? 0) & 3;
  const crc = (byte1 & 1) === 0;
  const frameBytes = ((byte3 & 3) << 11) | (byte4 << 3) | (byte5 >> 5);
  const headerBytes = ADTS_HEADER_BYTES + (crc ? 2 * moreBlocks + CRC_BYTES : 0);
  if (frameBytes <= headerBytes) return undefined;
  return {
    objectType: (byte2 >> 6) + 1,
    samplingFrequencyIndex: (byte2 >> 2) & 15,
    channelConfiguration: ((byte2 & 1) << 2) | (byte3 >> 6),
    frameBytes,
    headerBytes,
    rawDataBlocks: moreBlocks + 1,
    crc,
  };
}

/** Whether syncword and layer may be at `offset`, by as many of their bytes as there are. */
export function mayBeAdtsSync(bytes: Uint8Array, offset: number): boolean {
  return (offset >= bytes.length || bytes[offset] === 0xff) &&
    (offset + 1 >= bytes.length || ((bytes[offset + 1] ?? 0) & 0xf6) === 0xf0);
}

/**
 * The configuration that a header tells. It does not tell HE-AAC.
 * @param programConfig with channelConfiguration 0, the one before the access unit
 * @throws {UnsupportedAudio} where Echo does not take the stream
 */
export function adtsConfig(header: AdtsHeader, programConfig: Uint8Array | undefined): AacConfig {
  return {
    codec: "aac",
    samplesPerFrame: SAMPLES_PER_FRAME,
    objectType: supportedObjectType(header.objectType),
    sampleRate: sampleRateByIndex(header.samplingFrequencyIndex),
    channelConfiguration: header.channelConfiguration,
    programConfig,
    sbr: undefined,
    ps: undefined,
  };
}

/** The most bytes that an access unit of `config` may have to fit an ADTS frame. */
export function maxAccessUnitBytes(config: AacConfig): number {
  return MAX_ADTS_FRAME_BYTES - ADTS_HEADER_BYTES - (config.programConfig?.length ?? 0);
}

/**
 * ADTS frames of one configuration. A header is 7 bytes and, with channelConfiguration 0, the
 * program_config_element. HE-AAC is signalled implicitly.
 */
export class AdtsFraming implements TsFraming {
  readonly streamType = STREAM_TYPE_ADTS;
  readonly headerBytes: number;
  readonly #byte2: number;
  readonly #byte3: number;
  readonly #programConfig: Uint8Array | undefined;

  constructor(config: AacConfig) {
    const index = SAMPLE_RATES.indexOf(config.sampleRate);
    const channels = config.channelConfiguration;
    this.headerBytes = ADTS_HEADER_BYTES + (config.programConfig?.length ?? 0);
    this.#byte2 = ((config.objectType - 1) << 6) | (index << 2) | (channels >> 2);
    this.#byte3 = (channels & 3) << 6;
    this.#programConfig = config.programConfig;
  }

  writeHeader(out: Uint8Array, offset: number, accessUnitBytes: number): void {
    const frameBytes = this.headerBytes + accessUnitBytes;
    out[offset] = 0xff;
    out[offset + 1] = 0xf1; // MPEG-4, layer 0, no CRC
    out[offset + 2] = this.#byte2;
    out[offset + 3] = this.#byte3 | (frameBytes >> 11);
    out[offset + 4] = frameBytes >> 3;
    out[offset + 5] = ((frameBytes & 7) << 5) | 0x1f; // adts_buffer_fullness 0x7ff: variable rate
    out[offset + 6] = 0xfc; // the rest of that, and one raw_data_block
    if (this.#programConfig !== undefined) out.set(this.#programConfig, offset + ADTS_HEADER_BYTES);
  }
}

/** crc_check, once behind the header. */
const CRC_BYTES = 2;
