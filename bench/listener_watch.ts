/** Asks for playlists as listeners do, and finds those that list a segment too late. */
import { parsePlaylist } from "../src/hls/playlist.ts";
import { PLAYLIST_FILE } from "../src/hls/stream_files.ts";
import { LATE_MS } from "./hls_watch.ts";

/** Each playlist is asked for this often, as players do. */
const ROUND_MS = 2000;

/**
 * What listeners found. A playlist is late when it was asked for more than half a segment after the
 * segment behind its newest was due, and does not list it.
 */
export interface Listings {
  readonly asked: number;
  readonly late: number;
  /** Answers that were no playlist. */
  readonly failed: number;
  /** How long the most late segment was due when it was asked for. */
  readonly worstMs: number;
}

/** A listener of all broadcasts, over HTTP. */
export class ListenerWatch {
  readonly #base: string;
  readonly #names: readonly string[];
  readonly #asking = new Set<Promise<void>>();
  readonly #delaysMs: number[] = [];
  #failed = 0;
  #next = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param port of the server, on 127.0.0.1 */
  constructor(port: number, names: readonly string[]) {
    this.#base = `http://127.0.0.1:${port}/cast`;
    this.#names = names;
  }

  start(): void {
    this.#timer = setInterval(() => this.#askNext(), ROUND_MS / this.#names.length);
  }

  async stop(): Promise<Listings> {
    clearInterval(this.#timer);
    await Promise.all(this.#asking);
    return {
      asked: this.#delaysMs.length,
      late: this.#delaysMs.filter((delayMs) => delayMs > LATE_MS).length,
      failed: this.#failed,
      worstMs: this.#delaysMs.reduce((worst, delayMs) => Math.max(worst, delayMs), -Infinity),
    };
  }

  #askNext(): void {
    const name = this.#names[this.#next++ % this.#names.length];
    const asking = this.#ask(`${this.#base}/${name}/${PLAYLIST_FILE}`);
    this.#asking.add(asking);
    void asking.finally(() => this.#asking.delete(asking));
  }

  async #ask(url: string): Promise<void> {
    const askedAtMs = Date.now();
    try {
      const text = await (await fetch(url)).text();
      const delayMs = unlistedMs(text, askedAtMs);
      if (delayMs === undefined) this.#failed++;
      else this.#delaysMs.push(delayMs);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#failed++;
    }
  }
}

/**
 * How long the segment behind the newest that a playlist lists was due at `askedAtMs`, in
 * milliseconds since the epoch; below 0 where it was not yet.
 * @returns `undefined` where `text` is no playlist that lists something
 */
export function unlistedMs(text: string, askedAtMs: number): number | undefined {
  const newest = parsePlaylist(text)?.segments.at(-1);
  if (newest?.wallMs === undefined) return undefined;
  return askedAtMs - (newest.wallMs + 2 * newest.durationUs / 1000);
}
