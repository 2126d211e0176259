/** Reads AAC in ADTS, as it comes over SRT and in transport streams. */
import type { AccessUnitSink } from "../access_unit_sink.ts";
import {
  ADTS_HEADER_BYTES,
  adtsConfig,
  type AdtsHeader,
  MAX_ADTS_FRAME_BYTES,
  mayBeAdtsSync,
  parseAdtsHeader,
} from "./adts.ts";
import type { AacConfig } from "./aac_config.ts";
import { sameAacConfig } from "./audio_specific_config.ts";
import { UnsupportedAudio } from "../unsupported_audio.ts";
import { BitReader, MalformedAudio } from "../bits.ts";
import { FrameScanner, type FrameSyntax } from "../frame_scanner.ts";
import { findId3Tag } from "../id3.ts";
import { ID_BITS, ID_PCE, readProgramConfig } from "./program_config.ts";

/**
 * Finds the access units in a stream of ADTS frames that comes in pieces of any size. ID3 tags are
 * passed over: any before the first frame, those of 1 MiB at most behind it.
 */
export class AdtsParser {
  readonly #sink: AccessUnitSink;
  readonly #scanner: FrameScanner<AdtsHeader>;
  #config: AacConfig | undefined;
  /** The last header that {@link #config} was made of. */
  #configHeader: AdtsHeader | undefined;

  constructor(sink: AccessUnitSink) {
    this.#sink = sink;
    this.#scanner = new FrameScanner(ADTS, {
      frame: (bytes, at, header, offset) => this.#frame(bytes, at, header, offset),
      garbage: () => sink.bad(1),
    });
  }

  /**
   * Takes the next bytes. A frame goes to the sink once the header behind it confirms it.
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  feed(bytes: Uint8Array): void {
    this.#scanner.feed(bytes);
  }

  /**
   * To be called where nothing more comes for now: a whole frame goes to the sink, although no
   * header confirms it. The beginning of a frame is kept, as its rest may come.
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  flush(): void {
    this.#scanner.flush();
  }

  /** Forgets the frame that has begun, as its rest is lost. */
  reset(): void {
    this.#scanner.reset();
  }

  #frame(bytes: Uint8Array, at: number, header: AdtsHeader, offset: number): void {
    const blocks = header.rawDataBlocks;
    const start = at + header.headerBytes;
    const end = at + header.frameBytes;
    if (blocks === 1) return this.#accessUnit(bytes.subarray(start, end), header, offset);
    if (!header.crc) {
      throw new UnsupportedAudio("ADTS frames of several access units without their positions");
    }
    // raw_data_block_position counts from the first block; there is a CRC behind each.
    let from = start;
    for (let i = 1; i <= blocks; i++) {
      const position = at + ADTS_HEADER_BYTES + 2 * (i - 1);
      const next = start + (((bytes[position] ?? 0) << 8) | (bytes[position + 1] ?? 0));
      const to = i === blocks ? end : next;
      if (to - BLOCK_CRC_BYTES <= from || to > end) return this.#sink.bad(1);
      this.#accessUnit(bytes.subarray(from, to - BLOCK_CRC_BYTES), header, offset);
      from = to;
    }
  }

  #accessUnit(data: Uint8Array, header: AdtsHeader, offset: number): void {
    let accessUnit = data;
    if (header.channelConfiguration === 0 && (data[0] ?? 0) >> (8 - ID_BITS) === ID_PCE) {
      accessUnit = data.subarray(this.#takeProgramConfig(data, header));
    } else if (!this.#isConfigured(header)) {
      if (header.channelConfiguration === 0) return this.#sink.bad(1); // no layout is known yet
      this.#configure(header, undefined);
    }
    if (accessUnit.length === 0) return this.#sink.bad(1);
    this.#sink.write(accessUnit, offset);
  }

  #isConfigured(header: AdtsHeader): boolean {
    return this.#configHeader !== undefined && sameStream(header, this.#configHeader);
  }

  /** @returns bytes of the program_config_element that `data` begins with */
  #takeProgramConfig(data: Uint8Array, header: AdtsHeader): number {
    const known = this.#config?.programConfig;
    if (known !== undefined && this.#isConfigured(header) && beginsWith(data, known)) {
      return known.length;
    }
    const reader = new BitReader(data, "program_config_element");
    try {
      reader.skip(ID_BITS);
      const programConfig = readProgramConfig(reader, 0);
      this.#configure(header, programConfig);
      return programConfig.length;
    } catch (error) {
      if (error instanceof MalformedAudio) return data.length;
      throw error;
    }
  }

  #configure(header: AdtsHeader, programConfig: Uint8Array | undefined): void {
    const config = adtsConfig(header, programConfig);
    this.#configHeader = header;
    if (this.#config !== undefined && sameAacConfig(config, this.#config)) return;
    this.#config = config;
    this.#sink.configure(config);
  }
}

const ADTS: FrameSyntax<AdtsHeader> = {
  headerBytes: ADTS_HEADER_BYTES,
  maxFrameBytes: MAX_ADTS_FRAME_BYTES,
  syncByte: 0xff,
  parseHeader: parseAdtsHeader,
  mayBeHeader: mayBeAdtsSync,
  alike: sameStream,
  findTag: findId3Tag,
};

/** The crc_check behind each raw_data_block of a frame that has several. */
const BLOCK_CRC_BYTES = 2;

function sameStream(a: AdtsHeader, b: AdtsHeader): boolean {
  return a.objectType === b.objectType &&
    a.samplingFrequencyIndex === b.samplingFrequencyIndex &&
    a.channelConfiguration === b.channelConfiguration;
}

function beginsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[i] !== prefix[i]) return false;
  }
  return true;
}
