/**
 * Finds the access units where the messages of SRT carry frames and nothing else: ADTS or MP3.
 *
 * @module
 */
import type { ElementaryStreamParser, ParserMaker } from "../audio/codec.ts";
import type { TimedSink } from "../mpegts/audio_pes.ts";

/** Where access units go, and word of those that do not come. */
export interface PayloadSink extends TimedSink {
  /** Frames that are known to be lost at this point, where no timestamp tells it. */
  lost(frames: number): void;
}

/** Frames in messages: whole ones, one or several a message, or a stream cut anywhere. */
export class FrameMessages {
  readonly #sink: PayloadSink;
  readonly #parser: ElementaryStreamParser;
  /** Of the message at hand. */
  #frames = 0;
  /** Mean over the last messages: where a stream is cut anywhere, they have three frames or four. */
  #framesPerMessage: number | undefined;

  constructor(sink: PayloadSink, makeParser: ParserMaker) {
    this.#sink = sink;
    this.#parser = makeParser({
      configure: (config) => sink.configure(config),
      write: (data) => {
        this.#frames++;
        sink.write(data, undefined);
      },
      bad: (count) => sink.bad(count),
    });
  }

  /** @throws {UnsupportedAudio} where the stream is none that Echo takes */
  feed(message: Uint8Array): void {
    this.#frames = 0;
    this.#parser.feed(message);
    this.#parser.flush();
    const mean = this.#framesPerMessage ?? this.#frames;
    this.#framesPerMessage = mean + (this.#frames - mean) / MESSAGES_OF_MEAN;
  }

  /** Messages were lost here. */
  lost(messages: number): void {
    this.#parser.reset();
    this.#sink.lost(Math.round(messages * (this.#framesPerMessage ?? 0)));
  }
}

const MESSAGES_OF_MEAN = 16;
