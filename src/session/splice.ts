/** Where the frames of one source stand behind those of another. */
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";

/** What a frame is: the source's own, silence, or another source's, such as a fallback file's. */
export type FrameKind = "own" | "silence" | "other";

/** Knows what was placed last, and so which of the source's frames may be placed next. */
export class Splice {
  #config: AudioConfig | undefined;
  /** Before the first frame there is nothing that noise could come of. */
  #last: FrameKind = "silence";

  /** That of all frames that follow. */
  configure(config: AudioConfig): void {
    this.#config = config;
  }

  /** A frame was placed. */
  placed(kind: FrameKind): void {
    this.#last = kind;
  }

  /** The source's next frame does not continue its last one. */
  breakOff(): void {
    if (this.#last === "own") this.#last = "other";
  }

  /**
   * Whether noise may come of the source's next frame, since it needs bits of those before it and
   * others are there. Where silence stands in its place, the frames behind that are quiet until they
   * have all of theirs.
   */
  spoils(accessUnit: Uint8Array): boolean {
    if (this.#last !== "other" || this.#config === undefined) return false;
    return codecOf(this.#config).needsEarlier(accessUnit, this.#config);
  }
}
