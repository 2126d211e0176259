/** What parsers of audio streams have in common: where they put what they find. */
import type { AudioConfig } from "./audio_config.ts";

/** Takes what a parser of an audio stream finds, in the stream's order. */
export interface AccessUnitSink {
  /** The configuration of the access units that follow: before the first, and at each change. */
  configure(config: AudioConfig): void;
  /**
   * One raw access unit, without the header that `TsFraming` puts before it.
   * @param data valid during the call only
   * @param offset where the header of its frame begins, in bytes from the first one that the parser
   *   was fed
   */
  write(data: Uint8Array, offset: number): void;
  /** What could not be parsed: each stretch of garbage counts once, and so does each bad frame. */
  bad(count: number): void;
}
