/**
 * What an output is to a session: it takes frames, and hears how they end.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Frame } from "../audio/frame.ts";
import type { PlacedTags } from "./tags.ts";

/**
 * How a session ended, which tells an output what to say to those who follow it:
 * `teardown` by the control API or the key's expiry, `finished` by the encoder's own goodbye,
 * `lost` when nobody came back in time, `shutdown` when the server stops and may return, `moved` when
 * another box goes on with it.
 */
export type SessionEnd = "teardown" | "finished" | "lost" | "shutdown" | "moved";

/**
 * Where a session's frames go. All calls are synchronous, and come in this order: `start`, then
 * any number of `write`, `metadata`, `discontinuity` and `start` again for a new configuration, then
 * `end` or `goodbye`. A sink never calls its session; an output that has to have frames in time states its needs.
 */
export interface FrameSink {
  /** The configuration of the frames that follow; positions count from 0 again. */
  start(config: AudioConfig): void;
  /** The next frame. `frame` and its bytes are valid during the call only. */
  write(frame: Frame): void;
  /**
   * What is heard from the next frame on, whose `write` follows, instead of what was heard before;
   * twice a second at most. Outputs that do not tell it do without this.
   */
  metadata?(tags: PlacedTags): void;
  /** The next frame does not continue the one before: what lies between them is not filled. */
  discontinuity(): void;
  /** No frame follows. */
  end(how: SessionEnd): void;
  /**
   * Comes instead of `end` when the encoder has said goodbye: only silence follows, for as long as
   * the output states needs. Outputs that do without this have their `end` then.
   */
  goodbye?(): void;
}
