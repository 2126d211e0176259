/**
 * Plays listeners of low latency: low_listeners.ts PORT LISTENERS STREAMS STARTED-AT, where the last
 * is when the streams' schedule began. Run by the benchmark.
 */
import { setTimeout as pause } from "node:timers/promises";
import { HeardParts } from "./heard_parts.ts";
import { getRequest, HttpClient } from "./http_client.ts";
import { type LowLoadEnd, newsOf } from "./low_load.ts";
import { reportLoad } from "./load_process.ts";

const CONNECTING_AT_ONCE = 20;
/** Before somebody asks again who was refused. */
const RETRY_MS = 500;

const failed = { count: 0, first: undefined as string | undefined };

function fail(error: unknown): void {
  failed.count++;
  failed.first ??= String(error);
}

/** Files that are to be fetched, one after the other. */
class Wanted {
  readonly #files: string[] = [];
  #isThere = Promise.withResolvers<void>();

  add(file: string): void {
    this.#files.push(file);
    this.#isThere.resolve();
  }

  async next(): Promise<string> {
    for (;;) {
      const file = this.#files.shift();
      if (file !== undefined) return file;
      this.#isThere = Promise.withResolvers();
      await this.#isThere.promise;
    }
  }
}

/** Has a connection for playlists and one for parts, as a browser does. */
class Listener {
  readonly #stream: number;
  /** Whether it asks for a part before that is there, as Apple's players do and hls.js does not. */
  readonly #asksAhead: boolean;
  readonly #parts: HeardParts;
  readonly #wanted = new Wanted();

  constructor(stream: number, asksAhead: boolean, parts: HeardParts) {
    this.#stream = stream;
    this.#asksAhead = asksAhead;
    this.#parts = parts;
  }

  async listen(playlists: HttpClient, media: HttpClient): Promise<void> {
    await Promise.all([this.#followPlaylist(playlists), this.#fetchParts(media)]);
  }

  async #followPlaylist(client: HttpClient): Promise<void> {
    for (let query = "";;) {
      const { status, body } = await client.ask(this.#request(`low-media.m3u8${query}`));
      const news = status === 200 ? newsOf(body) : undefined;
      if (news === undefined) {
        fail(`the playlist is answered ${status}`);
        await pause(RETRY_MS);
        query = "";
        continue;
      }
      const { newest, hint } = news;
      // Who joins has not waited for what there is.
      if (query !== "") {
        this.#parts.answered(this.#stream, newest);
        this.#wanted.add(this.#asksAhead ? hint.uri : newest);
      }
      query = `?_HLS_msn=${hint.sequence}&_HLS_part=${hint.part}`;
    }
  }

  async #fetchParts(client: HttpClient): Promise<void> {
    for (;;) {
      const file = await this.#wanted.next();
      const { status, body } = await client.ask(this.#request(file));
      if (status === 200) {
        this.#parts.holds(this.#stream, file, body);
        this.#parts.answered(this.#stream, file);
      } else fail(`a part is answered ${status}`);
    }
  }

  #request(file: string): Uint8Array {
    return getRequest(`/cast/bench-${this.#stream}/${file}`);
  }
}

async function main(
  port: number,
  listeners: number,
  streams: number,
  startedAtMs: number,
): Promise<void> {
  const parts = new HeardParts();
  const connect = async (number: number) => {
    const connections = [await HttpClient.connect(port), await HttpClient.connect(port)] as const;
    const asksAhead = Math.floor(number / streams) % 2 === 0;
    const listener = new Listener(number % streams, asksAhead, parts);
    listener.listen(...connections).catch(fail);
  };
  for (let number = 0; number < listeners; number += CONNECTING_AT_ONCE) {
    const count = Math.min(CONNECTING_AT_ONCE, listeners - number);
    await Promise.all(Array.from({ length: count }, (_, i) => connect(number + i)));
  }
  await reportLoad({ startedAtMs: Date.now() }, (): LowLoadEnd => {
    const { count: failures, first: firstFailure } = failed;
    return { failures, firstFailure, parts: parts.heard(streams, startedAtMs) };
  });
}

const [port = NaN, listeners = NaN, streams = NaN, startedAtMs = NaN] = Deno.args.map(Number);
await main(port, listeners, streams, startedAtMs);
Deno.exit();
