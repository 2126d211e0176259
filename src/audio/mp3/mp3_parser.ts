/** Reads MP3, as it comes over SRT and RTMP and in transport streams. */
import type { AccessUnitSink } from "../access_unit_sink.ts";
import { FrameScanner, type FrameSyntax } from "../frame_scanner.ts";
import { UnsupportedAudio } from "../unsupported_audio.ts";
import {
  lengthlessName,
  MAX_MPEG_FRAME_BYTES,
  mayBeMpegAudioSync,
  MP3_HEADER_BYTES,
  mp3Config,
  type MpegAudioHeader,
  parseMpegAudioHeader,
} from "./mp3_header.ts";
import { findMp3Tag, tellsOfFile } from "./mp3_tags.ts";

/** stream_type of audio by ISO/IEC 11172-3, any layer (ISO/IEC 13818-1 table 2-34) … */
export const STREAM_TYPE_MPEG1_AUDIO = 0x03;
/** … and by ISO/IEC 13818-3. */
export const STREAM_TYPE_MPEG2_AUDIO = 0x04;

/**
 * Finds the frames in a stream of MP3 that comes in pieces of any size. Passed over are tags, any
 * before the first frame and those of 1 MiB at most behind it, and frames that tell of the file that
 * they stand in.
 */
export class Mp3Parser {
  readonly #sink: AccessUnitSink;
  readonly #scanner: FrameScanner<MpegAudioHeader>;
  /** That of the configuration; `undefined` before the first frame. */
  #header: MpegAudioHeader | undefined;
  /** The stream's first bytes, as long as there is no frame in them. */
  #frameless = new Uint8Array(0);

  constructor(sink: AccessUnitSink) {
    this.#sink = sink;
    this.#scanner = new FrameScanner(MPEG_AUDIO, {
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
    if (this.#header === undefined) this.#searchFrameless(bytes);
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

  #frame(bytes: Uint8Array, at: number, header: MpegAudioHeader, offset: number): void {
    if (tellsOfFile(bytes, at, header)) return;
    if (this.#header === undefined || !sameStream(header, this.#header)) {
      const config = mp3Config(header);
      this.#header = header;
      this.#frameless = new Uint8Array(0);
      this.#sink.configure(config);
    }
    this.#sink.write(bytes.subarray(at, at + header.frameBytes), offset);
  }

  /** A stream that does not begin with frames is looked at once, when there is enough of it. */
  #searchFrameless(bytes: Uint8Array): void {
    const { length } = this.#frameless;
    if (length === FRAMELESS_BYTES) return;
    const joined = new Uint8Array(Math.min(FRAMELESS_BYTES, length + bytes.length));
    joined.set(this.#frameless);
    joined.set(bytes.subarray(0, joined.length - length), length);
    this.#frameless = joined;
    if (joined.length < FRAMELESS_BYTES) return;
    const name = lengthlessStream(joined);
    if (name !== undefined) throw new UnsupportedAudio(name);
  }
}

const MPEG_AUDIO: FrameSyntax<MpegAudioHeader> = {
  headerBytes: MP3_HEADER_BYTES,
  maxFrameBytes: MAX_MPEG_FRAME_BYTES,
  syncByte: 0xff,
  parseHeader: parseMpegAudioHeader,
  mayBeHeader: mayBeMpegAudioSync,
  alike: sameStream,
  findTag: findMp3Tag,
};

function sameStream(a: MpegAudioHeader, b: MpegAudioHeader): boolean {
  return a.version === b.version && a.layer === b.layer && a.sampleRate === b.sampleRate &&
    a.channels === b.channels;
}

/**
 * What a stream is whose headers do not tell how long their frames are: three of them, alike and at
 * equal distances, but for padding.
 */
function lengthlessStream(bytes: Uint8Array): string | undefined {
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const name = lengthlessName(bytes, at);
    if (name === undefined) continue;
    const next = likeHeader(bytes, at, at + MP3_HEADER_BYTES);
    if (next < 0) continue;
    const third = 2 * next - at;
    const found = likeHeader(bytes, at, third - 1);
    if (found >= 0 && found <= third + 1) return name;
  }
  return undefined;
}

/** Where the next header stands, from `from` on, that differs from the one at `at` in padding. */
function likeHeader(bytes: Uint8Array, at: number, from: number): number {
  for (let like = bytes.indexOf(0xff, from); like >= 0; like = bytes.indexOf(0xff, like + 1)) {
    const differs = ((bytes[like + 2] ?? 0) ^ (bytes[at + 2] ?? 0)) & ~PADDING_BIT;
    if (bytes[like + 1] === bytes[at + 1] && differs === 0) return like;
  }
  return -1;
}

/** More than two of the longest frames. */
const FRAMELESS_BYTES = 8192;
const PADDING_BIT = 0x02;
