/**
 * What segments and parts of low latency must hold: what the playlist says of them, and nothing else.
 *
 * @module
 */
import { concat } from "../bytes.ts";
import { readMessages } from "../mp4/event_messages.ts";
import { readByMediabunny } from "../mp4/readers.ts";
import type { SeenDateRange, SeenLowSegment } from "./low_playlist_reader.ts";

/** How far a duration with five decimals, or a time in the media, may be off. */
const ROUNDING = 2e-5;
/** Tags and segments have wall times of their own. */
const TAG_TOLERANCE_MS = 30;

/** What media tell of titles and artists. */
export interface SeenTitle {
  /** When it is heard, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly texts: readonly string[];
}

/** The bytes of a segment. */
export interface SegmentMedia {
  readonly init: Uint8Array;
  readonly whole: Uint8Array;
  /** Those that were listed, in order. */
  readonly parts: readonly Uint8Array[];
}

/** Looks at the media of one playlist, in order. */
export class LowMediaRules {
  /** What the media have told so far. */
  readonly titles: SeenTitle[] = [];
  readonly #onBreach: (breach: string) => void;
  readonly #messageIds = new Set<number>();
  #before: { readonly sequence: number; readonly ends: number } | undefined;

  /** @param onBreach told what is wrong, in words */
  constructor(onBreach: (breach: string) => void) {
    this.#onBreach = onBreach;
  }

  /**
   * A whole segment was fetched.
   * @param told what is heard, as the playlist tells it
   * @returns the MD5 of each access unit, in order
   */
  async observe(
    segment: SeenLowSegment,
    { init, whole, parts }: SegmentMedia,
    told: readonly SeenDateRange[],
  ): Promise<string[]> {
    const { sequence } = segment;
    const { hashes, begins, ends } = await readByMediabunny(concat([init, whole]));
    if (Math.abs(ends - begins - (segment.whole?.duration ?? NaN)) > ROUNDING) {
      const said = segment.whole?.duration;
      this.#onBreach(`segment ${sequence} of ${ends - begins} s is said to last ${said}`);
    }
    this.#checkContinuation(segment, begins);
    this.#before = { sequence, ends };
    this.#checkMessages(segment, whole, begins, told);
    if (parts.length > 0 && !equal(concat(parts), whole)) {
      this.#onBreach(`segment ${sequence} is not its parts one after the other`);
    }
    let time = begins;
    for (const [i, part] of parts.entries()) {
      const read = await readByMediabunny(concat([init, part]));
      const { uri = "", duration = NaN } = segment.parts[i] ?? {};
      const isRight = Math.abs(read.begins - time) < ROUNDING &&
        Math.abs(read.ends - read.begins - duration) < ROUNDING;
      if (!isRight) this.#onBreach(`${uri} is from ${read.begins} to ${read.ends}`);
      time = read.ends;
    }
    return hashes;
  }

  /** Without EXT-X-DISCONTINUITY, a segment begins where the one before it ends. */
  #checkContinuation({ sequence, discontinuity }: SeenLowSegment, begins: number): void {
    if (discontinuity || this.#before?.sequence !== sequence - 1) return;
    const { ends } = this.#before;
    if (Math.abs(begins - ends) < ROUNDING) return;
    this.#onBreach(
      `segment ${sequence} begins at ${begins} s, and the one before ends at ${ends} s`,
    );
  }

  /** Messages in the media tell what the playlist tells, at the same time. */
  #checkMessages(
    { sequence, programDateTime }: SeenLowSegment,
    bytes: Uint8Array,
    begins: number,
    told: readonly SeenDateRange[],
  ): void {
    for (const { seconds, id, texts } of readMessages(bytes)) {
      const atMs = Date.parse(programDateTime) + (seconds - begins) * 1000;
      const range = told.findLast(({ startMs }) => startMs <= atMs + TAG_TOLERANCE_MS);
      const listed = [range?.title ?? "", range?.artist ?? ""];
      const said = texts.map((text) => text.replaceAll('"', "'"));
      if (said.join("\0") !== listed.join("\0")) {
        this.#onBreach(`segment ${sequence} tells ${said}, and the playlist ${listed}`);
      }
      if (this.#messageIds.has(id)) this.#onBreach(`a message has the number ${id} again`);
      this.#messageIds.add(id);
      this.titles.push({ atMs, texts });
    }
  }
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
