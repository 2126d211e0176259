/**
 * Finds out what the messages of SRT carry, and the audio in it.
 *
 * @module
 */
import { FRAME_FORMATS, type FrameFormat, nameBytes } from "../audio/frame_formats.ts";
import { Id3Skipper } from "../audio/id3.ts";
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import { TsDemuxer } from "../mpegts/demuxer.ts";
import { FrameMessages, type PayloadSink } from "./frame_messages.ts";
import { formatOfMessage, formatOfStretch, type PayloadFormat } from "./payload_format.ts";

/** How many bytes are searched for a format where no message begins with one. */
const UNKNOWN_BYTES = 4096;

/**
 * Bytes that may come before the first access unit: an encoder may begin with a picture. Those of ID3
 * tags do not count, nor does what comes with audio that is announced.
 */
const SILENT_BYTES = 2 * 1024 * 1024;

/** The audio in a connection's messages: ADTS, MP3 or MPEG-TS, as the first bytes decide. */
export class Payload {
  readonly #sink: PayloadSink;
  #frames: { readonly format: FrameFormat; readonly messages: FrameMessages } | undefined;
  #ts: TsDemuxer | undefined;
  readonly #tags = new Id3Skipper();
  /** What came while the format is unknown, behind the tags. */
  #unknown: Uint8Array = new Uint8Array(0);
  #bytes = 0;
  #audible = false;

  constructor(sink: PayloadSink) {
    this.#sink = {
      configure: (config) => sink.configure(config),
      write: (data, timeMs) => {
        this.#audible = true;
        sink.write(data, timeMs);
      },
      metadata: (texts, timeMs) => sink.metadata?.(texts, timeMs),
      bad: (count) => sink.bad(count),
      lost: (frames) => sink.lost(frames),
    };
  }

  /** What it was found to be, in users' words. */
  get seen(): string {
    if (this.#frames !== undefined) return FRAME_FORMATS[this.#frames.format].name;
    if (this.#ts !== undefined) return nameProgram(this.#ts.streamNames);
    if (this.#unknown.length > 0) return nameBytes(this.#unknown);
    return this.#tags.seen ? "an ID3 tag" : "nothing";
  }

  /**
   * Takes the next message.
   * @throws {UnsupportedAudio} where the stream is none that Echo takes
   */
  feed(message: Uint8Array): void {
    const bytes = this.#tags.strip(message);
    if (bytes.length === 0) return;
    if (this.#frames !== undefined) this.#frames.messages.feed(bytes);
    else if (this.#ts !== undefined) this.#ts.feed(bytes);
    else this.#search(bytes);
    if (this.#audible || this.#ts?.hasAudio === true) return;
    this.#bytes += bytes.length;
    if (this.#bytes > SILENT_BYTES) {
      throw new UnsupportedAudio(`${this.seen}; AAC or MP3 is needed`);
    }
  }

  /** Messages were lost here. In MPEG-TS, timestamps tell how much audio that was. */
  lost(messages: number): void {
    this.#frames?.messages.lost(messages);
  }

  /**
   * Hands on what is whole: the stream is over.
   * @throws {UnsupportedAudio} where the stream is none that Echo takes
   */
  flush(): void {
    this.#ts?.flush();
  }

  #search(message: Uint8Array): void {
    const before = this.#unknown;
    const stretch = new Uint8Array(before.length + message.length);
    stretch.set(before);
    stretch.set(message, before.length);
    this.#unknown = stretch;
    const format = formatOfMessage(message) ??
      (stretch.length < UNKNOWN_BYTES ? undefined : formatOfStretch(stretch));
    if (format !== undefined) this.#begin(format, before, message);
    else if (stretch.length >= UNKNOWN_BYTES) {
      throw new UnsupportedAudio(`${this.seen}; AAC in ADTS, MP3, or either in MPEG-TS is needed`);
    }
  }

  /** @param before what came before `message`, which may hold the beginning */
  #begin(format: PayloadFormat, before: Uint8Array, message: Uint8Array): void {
    this.#unknown = new Uint8Array(0);
    const parser = format === "mpegts"
      ? this.#ts = new TsDemuxer(this.#sink)
      : this.#beginFrames(format);
    if (before.length > 0) parser.feed(before);
    parser.feed(message);
  }

  #beginFrames(format: FrameFormat): FrameMessages {
    const messages = new FrameMessages(this.#sink, FRAME_FORMATS[format].makeParser);
    this.#frames = { format, messages };
    return messages;
  }
}

function nameProgram(streamNames: readonly string[]): string {
  if (streamNames.length === 0) return "MPEG-TS without a program";
  const others = streamNames.length > MAX_NAMED ? [`${streamNames.length - MAX_NAMED} more`] : [];
  return `MPEG-TS with ${[...streamNames.slice(0, MAX_NAMED), ...others].join(" and ")}`;
}

/** So many streams of a program are named: there may be some hundred. */
const MAX_NAMED = 6;
