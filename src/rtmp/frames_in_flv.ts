/**
 * Finds access units where FLV carries the frames of a stream: always for MP3, and for AAC where
 * encoders put ADTS in the place of raw access units (FLV 10.1 E.4.2.2).
 *
 * @module
 */
import { parseAdtsHeader } from "../audio/aac/adts.ts";
import type { AudioConfig } from "../audio/audio_config.ts";
import type { ElementaryStreamParser, ParserMaker } from "../audio/codec.ts";

/** Takes what is found. */
export interface FramesInFlvSink {
  /** The configuration of the access units that follow: before the first, and at each change. */
  configure(config: AudioConfig): void;
  /** A raw access unit, with its time in milliseconds. `data` is valid during the call only. */
  write(data: Uint8Array, timeMs: number): void;
  /** What could not be parsed. */
  bad(count: number): void;
}

/** Whether what should be a raw access unit is an ADTS frame: no access unit begins as these do. */
export function isAdts(data: Uint8Array): boolean {
  const header = parseAdtsHeader(data, 0);
  return header !== undefined && header.frameBytes <= data.length;
}

/** Takes the access units out of messages that hold frames: one or several each, cut anywhere. */
export class FramesInFlv {
  readonly #parser: ElementaryStreamParser;
  #fedBytes = 0;
  /** The message whose time no access unit has got yet, and where in the stream it begins. */
  #message: { readonly timeMs: number; readonly offset: number } | undefined;
  /** When the next access unit begins that is not the first to begin in its message. */
  #timeMs = 0;
  #frameMs = 0;

  constructor(sink: FramesInFlvSink, makeParser: ParserMaker) {
    this.#parser = makeParser({
      configure: (config) => {
        this.#frameMs = config.samplesPerFrame * 1000 / config.sampleRate;
        sink.configure(config);
      },
      write: (data, offset) => sink.write(data, this.#timeOf(offset)),
      bad: (count) => sink.bad(count),
    });
  }

  /**
   * Takes a message.
   * @param timeMs when the first access unit begins that begins in it, in milliseconds
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  feed(data: Uint8Array, timeMs: number): void {
    this.#message = { timeMs, offset: this.#fedBytes };
    this.#fedBytes += data.length;
    this.#parser.feed(data);
    this.#parser.flush();
  }

  /** Forgets the frame that has begun, as its rest does not come. */
  reset(): void {
    this.#parser.reset();
  }

  #timeOf(offset: number): number {
    if (this.#message !== undefined && offset >= this.#message.offset) {
      this.#timeMs = this.#message.timeMs;
      this.#message = undefined;
    }
    const timeMs = this.#timeMs;
    this.#timeMs += this.#frameMs;
    return timeMs;
  }
}
