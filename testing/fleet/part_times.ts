/** When listeners of low latency at a box are told of parts. */
import assert from "node:assert/strict";
import { parseLowPlaylist, type SeenLowPlaylist } from "../hls_validator/low_playlist_reader.ts";

/** How much longer it takes until a listener of another box is told, in milliseconds. */
export interface Delay {
  readonly median: number;
  /** But for one in a hundred. */
  readonly most: number;
  /** How many parts were told at both boxes. */
  readonly parts: number;
}

/** A listener of low latency who waits for each version, and notes when it comes. */
export class PartTimes implements AsyncDisposable {
  /** By URI; milliseconds on the clock of `performance`. */
  readonly times = new Map<string, number>();
  readonly #url: string;
  readonly #stopped = new AbortController();
  readonly #following: Promise<void>;

  /** @param url of `playlist.m3u8` of a broadcast that is on air */
  constructor(url: string) {
    this.#url = url.replace("playlist.m3u8", "low-media.m3u8");
    this.#following = this.#follow();
  }

  /** How much later than here parts are told elsewhere. */
  delayOf(other: PartTimes): Delay {
    const delays = [...this.times].flatMap(([part, time]) => {
      const later = other.times.get(part);
      return later === undefined ? [] : [later - time];
    }).sort((a, b) => a - b);
    return {
      median: delays[delays.length >> 1] ?? NaN,
      most: delays[Math.floor(0.99 * (delays.length - 1))] ?? NaN,
      parts: delays.length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopped;
    let query = "";
    // What the first version lists is older.
    let isFirst = true;
    while (!signal.aborted) {
      try {
        const response = await fetch(this.#url + query, { signal });
        const text = await response.text();
        assert.equal(response.status, 200, text);
        const playlist = parseLowPlaylist(text);
        if (!isFirst) this.#note(playlist);
        isFirst = false;
        query = nextQuery(playlist);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  #note({ segments }: SeenLowPlaylist): void {
    const now = performance.now();
    for (const { uri } of segments.flatMap(({ parts }) => parts)) {
      if (!this.times.has(uri)) this.times.set(uri, now);
    }
  }
}

/** Asks for the part that comes next (draft-pantos-hls-rfc8216bis 6.2.5.2). */
function nextQuery({ mediaSequence, segments }: SeenLowPlaylist): string {
  const last = segments.at(-1);
  const open = last?.whole === undefined ? last : undefined;
  const sequence = mediaSequence + segments.length - (open === undefined ? 0 : 1);
  return `?_HLS_msn=${sequence}&_HLS_part=${open?.parts.length ?? 0}`;
}
