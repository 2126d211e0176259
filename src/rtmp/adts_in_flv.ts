/**
 * Finds access units where encoders put ADTS frames into FLV, which has raw ones (FLV 10.1 E.4.2.2).
 *
 * @module
 */
import { parseAdtsHeader } from "../audio/aac/adts.ts";
import { AdtsParser } from "../audio/aac/adts_parser.ts";
import type { AudioConfig } from "../audio/audio_config.ts";

/** Takes what is found. */
export interface AdtsInFlvSink {
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

/** Takes the access units out of messages that hold whole ADTS frames, one or several each. */
export class AdtsInFlv {
  readonly #parser: AdtsParser;
  /** When the next access unit begins. */
  #timeMs = 0;
  #frameMs = 0;

  constructor(sink: AdtsInFlvSink) {
    this.#parser = new AdtsParser({
      configure: (config) => {
        this.#frameMs = config.samplesPerFrame * 1000 / config.sampleRate;
        sink.configure(config);
      },
      write: (data) => {
        sink.write(data, this.#timeMs);
        this.#timeMs += this.#frameMs;
      },
      bad: (count) => sink.bad(count),
    });
  }

  /**
   * Takes a message.
   * @param timeMs when its first access unit begins, in milliseconds
   * @throws {UnsupportedAudio} where Echo does not take the stream
   */
  feed(data: Uint8Array, timeMs: number): void {
    this.#timeMs = timeMs;
    this.#parser.feed(data);
    this.#parser.flush();
    this.#parser.reset();
  }
}
