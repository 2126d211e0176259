import type { AccessUnitSink } from "./access_unit_sink.ts";
import {
  ADTS_HEADER_BYTES,
  adtsConfig,
  type AdtsHeader,
  MAX_ADTS_FRAME_BYTES,
  mayBeAdtsSync,
  parseAdtsHeader,
} from "./adts.ts";
import type { AudioConfig } from "./audio_config.ts";
import { sameAudioConfig, UnsupportedAudio } from "./audio_specific_config.ts";
import { BitReader, MalformedAudio } from "./bits.ts";
import { ID_BITS, ID_PCE, readProgramConfig } from "./program_config.ts";
import { StreamTail } from "./stream_tail.ts";

/** Finds the access units in a stream of ADTS frames that comes in pieces of any size. */
export class AdtsParser {
  readonly #sink: AccessUnitSink;
  readonly #tail = new StreamTail(
    TAIL_BYTES,
    (bytes, flushing) => this.#parse(bytes, flushing),
  );
  /** The header of the frame before; `undefined` where garbage came after it. */
  #last: AdtsHeader | undefined;
  #inGarbage = false;
  #config: AudioConfig | undefined;
  /** A header of those that {@link #config} was made for. */
  #configHeader: AdtsHeader | undefined;

  constructor(sink: AccessUnitSink) {
    this.#sink = sink;
  }

  /**
   * Takes the next bytes. A frame goes to the sink once the header that follows confirms it.
   * @throws {UnsupportedAudio} where the stream is none that Echo takes
   */
  feed(bytes: Uint8Array): void {
    this.#tail.feed(bytes);
  }

  /**
   * Says that nothing more comes for now: a frame that is whole goes to the sink although no header
   * confirms it. The beginning of a frame is kept for its rest.
   * @throws {UnsupportedAudio} where the stream is none that Echo takes
   */
  flush(): void {
    this.#tail.flush();
  }

  /** Forgets a frame that has begun: its rest is lost. */
  reset(): void {
    this.#tail.clear();
    this.#last = undefined;
  }

  /** @returns how many of `bytes` are done with; less than a frame and a header are left */
  #parse(bytes: Uint8Array, flushing: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      const header = parseAdtsHeader(bytes, at);
      const verdict = this.#judge(bytes, at, header, flushing);
      if (verdict === "incomplete") {
        const better = this.#last === undefined ? confirmedFrame(bytes, at + 1) : -1;
        if (better < 0) break;
        this.#skip(); // it only looked like a header: do not wait for the rest of its frame
        at = better;
      } else if (verdict === "frame" && header !== undefined) {
        this.#inGarbage = false;
        this.#last = header;
        this.#frame(bytes, at, header);
        at += header.frameBytes;
      } else {
        this.#skip();
        const sync = bytes.indexOf(SYNC_BYTE, at + 1);
        at = sync < 0 ? bytes.length : sync;
      }
    }
    return at;
  }

  /** Notes that what follows the frame before is garbage; a stretch of it counts once. */
  #skip(): void {
    if (!this.#inGarbage) this.#sink.bad(1);
    this.#inGarbage = true;
    this.#last = undefined;
  }

  /**
   * What stands at `at`. A header like the one before may be followed by any, as the configuration
   * may change; another must be followed by one like itself, or it only happens to look like one.
   */
  #judge(
    bytes: Uint8Array,
    at: number,
    header: AdtsHeader | undefined,
    flushing: boolean,
  ): "frame" | "garbage" | "incomplete" {
    if (header === undefined) return mayGoOn(bytes, at) ? "incomplete" : "garbage";
    const end = at + header.frameBytes;
    if (end > bytes.length) return "incomplete";
    const next = parseAdtsHeader(bytes, end);
    if (next === undefined) {
      if (!mayGoOn(bytes, end)) return "garbage";
      return flushing ? "frame" : "incomplete";
    }
    return sameStream(header, this.#last) || sameStream(header, next) ? "frame" : "garbage";
  }

  /** Hands on the access units of the frame at `at`, which is whole. */
  #frame(bytes: Uint8Array, at: number, header: AdtsHeader): void {
    const blocks = header.rawDataBlocks;
    const start = at + header.headerBytes;
    const end = at + header.frameBytes;
    if (blocks === 1) return this.#accessUnit(bytes.subarray(start, end), at, header);
    if (!header.crc) {
      throw new UnsupportedAudio("ADTS frames of several access units without their positions");
    }
    // raw_data_block_position counts from the first block; a CRC stands behind each.
    let from = start;
    for (let i = 1; i <= blocks; i++) {
      const position = at + ADTS_HEADER_BYTES + 2 * (i - 1);
      const next = start + (((bytes[position] ?? 0) << 8) | (bytes[position + 1] ?? 0));
      const to = i === blocks ? end : next;
      if (to - BLOCK_CRC_BYTES <= from || to > end) return this.#sink.bad(1);
      this.#accessUnit(bytes.subarray(from, to - BLOCK_CRC_BYTES), at, header);
      from = to;
    }
  }

  #accessUnit(data: Uint8Array, at: number, header: AdtsHeader): void {
    let accessUnit = data;
    if (header.channelConfiguration === 0 && (data[0] ?? 0) >> (8 - ID_BITS) === ID_PCE) {
      accessUnit = data.subarray(this.#takeProgramConfig(data, header));
    } else if (!sameStream(header, this.#configHeader)) {
      if (header.channelConfiguration === 0) return this.#sink.bad(1); // no layout is known yet
      this.#configure(header, undefined);
    }
    if (accessUnit.length === 0) return this.#sink.bad(1);
    this.#sink.write(accessUnit, this.#tail.base + at);
  }

  /** @returns bytes of the program_config_element that `data` begins with */
  #takeProgramConfig(data: Uint8Array, header: AdtsHeader): number {
    const known = this.#config?.programConfig;
    if (known !== undefined && sameStream(header, this.#configHeader) && beginsWith(data, known)) {
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
    if (this.#config !== undefined && sameAudioConfig(config, this.#config)) return;
    this.#config = config;
    this.#sink.configure(config);
  }
}

/** More than a frame of the greatest length and the header behind it. */
const TAIL_BYTES = MAX_ADTS_FRAME_BYTES + 1 + 512;

/** The crc_check behind each raw_data_block of a frame that has several. */
const BLOCK_CRC_BYTES = 2;

/** The first byte of a syncword. */
const SYNC_BYTE = 0xff;

/** Where the first frame from `from` on begins that the header behind it confirms; -1 without one. */
function confirmedFrame(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(SYNC_BYTE, from); at >= 0; at = bytes.indexOf(SYNC_BYTE, at + 1)) {
    const header = parseAdtsHeader(bytes, at);
    if (header === undefined) continue;
    const next = parseAdtsHeader(bytes, at + header.frameBytes);
    if (next !== undefined && sameStream(header, next)) return at;
  }
  return -1;
}

/** Whether what stands at `at` is too short for a header but may become one. */
function mayGoOn(bytes: Uint8Array, at: number): boolean {
  return bytes.length - at < ADTS_HEADER_BYTES && mayBeAdtsSync(bytes, at);
}

function sameStream(a: AdtsHeader, b: AdtsHeader | undefined): boolean {
  return b !== undefined && a.objectType === b.objectType &&
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
