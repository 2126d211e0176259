/**
 * One AAC access unit on its way through a session. The object and its bytes are reused: they are
 * valid during the call that hands them over, and a sink that keeps bytes copies them.
 */
export interface Frame {
  /** A raw access unit: no ADTS header, no program_config_element of Echo's. */
  readonly data: Uint8Array;
  /** Samples since the session's last `start(config)`, at that configuration's core rate. */
  readonly position: number;
  /** When its first sample is due, on the monotonic clock, in milliseconds; never goes back. */
  readonly dueMs: number;
  /** Silence that the session put in, not audio of the source. */
  readonly filler: boolean;
}
