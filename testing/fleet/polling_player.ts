/** A player that only looks when a playlist goes on, of which there may be hundreds. */
import { pauseUnless } from "./pause_unless.ts";
import { readWatched } from "./watched_playlist.ts";

const POLL_MS = 400;

/** How it was for a player. */
export interface StandStill {
  readonly name: string;
  /** For how long there was nothing new, at most, in milliseconds. */
  readonly longestMs: number;
  /** What was asked at the end of that. */
  readonly url: string;
  /** How often numbers went back. */
  readonly backward: number;
}

/** Looks at a playlist, at one box after the other. */
export class PollingPlayer implements AsyncDisposable {
  readonly #name: string;
  readonly #urls: readonly string[];
  readonly #stopped = new AbortController();
  readonly #polling: Promise<void>;
  #last = -1;
  #backward = 0;
  /** When something new was seen last. */
  #movedAt: number | undefined;
  #longestMs = 0;
  #longestUrl = "";

  /** @param urls of the playlist; where one does not answer, the next one is asked */
  constructor(name: string, urls: readonly string[]) {
    this.#name = name;
    this.#urls = urls;
    this.#polling = this.#poll();
  }

  get hasBegun(): boolean {
    return this.#movedAt !== undefined;
  }

  get standStill(): StandStill {
    const [name, longestMs, backward] = [this.#name, this.#longestMs, this.#backward];
    return { name, longestMs, url: this.#longestUrl, backward };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopped;
    for (let at = 0; !signal.aborted;) {
      const askedAt = performance.now();
      const url = this.#urls[at % this.#urls.length] ?? "";
      const last = await this.#newest(url);
      if (last === undefined) at++;
      else if (last < this.#last) this.#backward++;
      if (last !== undefined && last > this.#last) {
        this.#last = last;
        this.#movedAt = performance.now();
      } else if (this.#movedAt !== undefined) {
        // It stood still until then for sure.
        const stoodMs = askedAt - this.#movedAt;
        if (stoodMs > this.#longestMs) [this.#longestMs, this.#longestUrl] = [stoodMs, url];
      }
      await pauseUnless(signal, POLL_MS);
    }
  }

  /** @returns the number of the newest segment; `undefined` where there is no playlist */
  async #newest(url: string): Promise<number | undefined> {
    try {
      const response = await fetch(url, { signal: this.#stopped.signal });
      const text = await response.text();
      if (!response.ok) return undefined;
      return readWatched(text, "playlist.m3u8").segments.at(-1)?.sequence;
    } catch (error) {
      if (error instanceof TypeError || this.#stopped.signal.aborted) return undefined;
      throw error;
    }
  }
}
