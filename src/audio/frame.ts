/**
 * A frame of a broadcast, as sessions hand it to outputs.
 *
 * @module
 */

/**
 * What the session put in: silence for audio that is lost, silence for audio that may still come, or
 * audio of a fallback file.
 */
export type Filler = "gap" | "wait" | "fallback";

/**
 * One access unit on its way through a session. The object and its bytes are reused: they are
 * valid during the call that hands them over, and a sink that keeps bytes copies them.
 */
export interface Frame {
  /** A raw access unit, without the header that `TsFraming` puts before it. */
  readonly data: Uint8Array;
  /** Samples since the session's last `start(config)`, at that configuration's sample rate. */
  readonly position: number;
  /** When its first sample is due, on the monotonic clock, in milliseconds; never goes back. */
  readonly dueMs: number;
  /** What the session put in here; `false` where it is audio of the source. */
  readonly filler: Filler | false;
}
