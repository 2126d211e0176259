/**
 * A frame of a broadcast, as sessions hand it to outputs.
 *
 * @module
 */

/** Why the session put silence in: for audio that is lost, or for audio that may still come. */
export type Filler = "gap" | "wait";

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
  /** Why the session put this silence in; `false` where it is audio of the source. */
  readonly filler: Filler | false;
}
