/** Reads LATM in LOAS, with its configuration inband: ISO/IEC 14496-3 1.7.2 and 1.7.3. */
import type { AccessUnitSink } from "../access_unit_sink.ts";
import type { AacConfig } from "./aac_config.ts";
import { readAudioSpecificConfig, sameAacConfig } from "./audio_specific_config.ts";
import { UnsupportedAudio } from "../unsupported_audio.ts";
import { BitReader, MalformedAudio } from "../bits.ts";
import { FrameScanner, type FrameSyntax } from "../frame_scanner.ts";

/** stream_type of LATM with LOAS in a transport stream (ISO/IEC 13818-1 table 2-34). */
export const STREAM_TYPE_LATM = 0x11;

/** Finds the access units in an AudioSyncStream that comes in pieces of any size. */
export class LatmParser {
  readonly #sink: AccessUnitSink;
  readonly #scanner: FrameScanner<LoasHeader>;
  /** Where access units are copied to, as they may begin at any bit. */
  readonly #accessUnit = new Uint8Array(MAX_ELEMENT_BYTES);
  #mux: StreamMux | undefined;
  #config: AacConfig | undefined;

  constructor(sink: AccessUnitSink) {
    this.#sink = sink;
    this.#scanner = new FrameScanner(LOAS, {
      frame: (bytes, at, header, offset) =>
        this.#element(bytes.subarray(at + LOAS_HEADER_BYTES, at + header.frameBytes), offset),
      garbage: () => sink.bad(1),
    });
  }

  /**
   * Takes the next bytes. A frame goes to the sink once the syncword behind it confirms it.
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  feed(bytes: Uint8Array): void {
    this.#scanner.feed(bytes);
  }

  /**
   * To be called where nothing more comes for now: a whole frame goes to the sink, although no
   * syncword confirms it. The beginning of a frame is kept, as its rest may come.
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  flush(): void {
    this.#scanner.flush();
  }

  /** Forgets the frame that has begun, as its rest is lost. */
  reset(): void {
    this.#scanner.reset();
  }

  #element(bytes: Uint8Array, offset: number): void {
    try {
      this.#audioMuxElement(new BitReader(bytes, "AudioMuxElement"), offset);
    } catch (error) {
      if (!(error instanceof MalformedAudio)) throw error;
      this.#sink.bad(1);
    }
  }

  /** AudioMuxElement(1): a configuration, if there is one, and then the access units. */
  #audioMuxElement(reader: BitReader, offset: number): void {
    const useSameStreamMux = reader.flag();
    if (!useSameStreamMux) this.#configure(readStreamMuxConfig(reader));
    if (this.#mux === undefined) return this.#sink.bad(1); // no configuration has come yet
    for (let i = 0; i < this.#mux.subFrames; i++) {
      const accessUnit = this.#accessUnit.subarray(0, readPayloadLength(reader));
      reader.readBytes(accessUnit);
      if (accessUnit.length > 0) this.#sink.write(accessUnit, offset);
    }
  }

  #configure(mux: StreamMux): void {
    this.#mux = mux;
    if (this.#config !== undefined && sameAacConfig(mux.config, this.#config)) return;
    this.#config = mux.config;
    this.#sink.configure(mux.config);
  }
}

/** What a StreamMuxConfig tells of the elements that follow. */
interface StreamMux {
  readonly config: AacConfig;
  /** Access units in each AudioMuxElement. */
  readonly subFrames: number;
}

/** Syncword and audioMuxLengthBytes. */
const LOAS_HEADER_BYTES = 3;
/** The most that the 13 bits of audioMuxLengthBytes can say. */
const MAX_ELEMENT_BYTES = 8191;

interface LoasHeader {
  readonly frameBytes: number;
}

/** AudioSyncStream: a syncword of 11 bits, 0x2b7, and the length of what follows in 13. */
const LOAS: FrameSyntax<LoasHeader> = {
  headerBytes: LOAS_HEADER_BYTES,
  maxFrameBytes: LOAS_HEADER_BYTES + MAX_ELEMENT_BYTES,
  syncByte: 0x56,
  parseHeader(bytes, at) {
    if (bytes.length - at < LOAS_HEADER_BYTES || !LOAS.mayBeHeader(bytes, at)) return undefined;
    const elementBytes = (((bytes[at + 1] ?? 0) & 0x1f) << 8) | (bytes[at + 2] ?? 0);
    return { frameBytes: LOAS_HEADER_BYTES + elementBytes };
  },
  mayBeHeader(bytes, at) {
    return (at >= bytes.length || bytes[at] === LOAS.syncByte) &&
      (at + 1 >= bytes.length || ((bytes[at + 1] ?? 0) & 0xe0) === 0xe0);
  },
  alike: () => true,
};

function readStreamMuxConfig(reader: BitReader): StreamMux {
  const audioMuxVersion = reader.read(1);
  if (audioMuxVersion === 1) {
    if (reader.flag()) throw new UnsupportedAudio("LATM with audioMuxVersionA 1");
    readLatmValue(reader); // taraBufferFullness
  }
  if (!reader.flag()) throw new UnsupportedAudio("LATM without allStreamsSameTimeFraming");
  const subFrames = reader.read(6) + 1;
  if (reader.read(4) !== 0) throw new UnsupportedAudio("LATM with several programs");
  if (reader.read(3) !== 0) throw new UnsupportedAudio("LATM with several layers");

  const config = readLatmConfig(reader, audioMuxVersion);
  const frameLengthType = reader.read(3);
  if (frameLengthType !== 0) {
    throw new UnsupportedAudio(`LATM with frameLengthType ${frameLengthType}`);
  }
  reader.skip(8); // latmBufferFullness
  if (reader.flag()) skipOtherDataLength(reader, audioMuxVersion);
  if (reader.flag()) reader.skip(8); // crcCheckSum
  return { config, subFrames };
}

/** Reads the AudioSpecificConfig, whose length is told by version 1 alone. */
function readLatmConfig(reader: BitReader, audioMuxVersion: number): AacConfig {
  if (audioMuxVersion === 0) return readAudioSpecificConfig(reader, undefined);
  const length = readLatmValue(reader);
  const end = reader.position + length;
  const config = readAudioSpecificConfig(reader, end);
  reader.skip(Math.max(0, end - reader.position)); // fillBits
  return config;
}

function skipOtherDataLength(reader: BitReader, audioMuxVersion: number): void {
  if (audioMuxVersion === 1) {
    readLatmValue(reader);
  } else {
    while (reader.read(9) >= 0x100); // otherDataLenEsc, otherDataLenTmp
  }
}

/** LatmGetValue. */
function readLatmValue(reader: BitReader): number {
  const bytes = reader.read(2) + 1;
  return reader.read(8 * bytes);
}

/** Reads PayloadLengthInfo of frameLengthType 0. @returns MuxSlotLengthBytes */
function readPayloadLength(reader: BitReader): number {
  let length = 0;
  for (;;) {
    const part = reader.read(8);
    length += part;
    if (part !== 255) return length;
  }
}
