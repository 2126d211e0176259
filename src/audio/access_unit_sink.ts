import type { AudioConfig } from "./audio_config.ts";

/** Where a parser of an audio stream hands what it finds, in the stream's order. */
export interface AccessUnitSink {
  /** The configuration of the access units that follow: before the first, and at each change. */
  configure(config: AudioConfig): void;
  /**
   * One raw access unit, without what `TsFraming` puts before it.
   * @param data valid during the call only
   * @param offset where the access unit's frame, header included, begins: bytes since the first
   *   one that the parser was fed
   */
  write(data: Uint8Array, offset: number): void;
  /** Something that could not be parsed: one for each stretch of garbage, and for each bad frame. */
  bad(count: number): void;
}
