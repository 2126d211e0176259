/**
 * Which title and artist parts tell: where these change, and again for those who join later.
 *
 * @module
 */
import type { TimedTags } from "../../session/tags.ts";
import type { PlayedTags } from "../played_tags.ts";

/** After so many segments, tags are told again. */
const REPEATED_AFTER = 10;

/** What the segments of one making of low latency tell of title and artist. */
export class TagEvents {
  readonly #played: Pick<PlayedTags, "at">;
  #told: TimedTags | undefined;
  /** Segments that have begun since. */
  #segments = 0;

  constructor(played: Pick<PlayedTags, "at">) {
    this.#played = played;
  }

  /**
   * What is to be told before the next frame; `undefined` where nothing is.
   * @param wallMs that of the frame's middle: tags and segments have wall times of their own, which
   *   may differ by a little
   * @param isFirst whether the frame begins a segment
   */
  next(wallMs: number, isFirst: boolean): TimedTags | undefined {
    const tags = this.#played.at(wallMs);
    if (isFirst) this.#segments++;
    if (tags === this.#told && this.#segments < REPEATED_AFTER) return undefined;
    this.#told = tags;
    this.#segments = 0;
    return tags;
  }
}
