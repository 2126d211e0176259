/** A broadcast with a listener that plays it in low latency over HTTP, and checks what it gets. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { localOrigin } from "../../src/hls/local_origin.ts";
import type { Replica } from "../../src/hls/replica.ts";
import { hlsRoutes } from "../../src/hls/routes.ts";
import { parseLowPlaylist, type SeenLowPlaylist } from "../hls_validator/low_playlist_reader.ts";
import { LowRules } from "../hls_validator/low_rules.ts";
import type { Broadcast } from "./broadcast.ts";

/** What a listener plays, and what it had seen before the server was killed and there again. */
export interface LowListenerOptions extends Pick<Broadcast, "hls" | "clock" | "folder"> {
  readonly before?: SeenLowPlaylist;
  /** Whether another box goes on, by moving, with what the one before had. */
  readonly moves?: boolean;
}

/** A request, and its answer once there is one. */
export interface Asked {
  answer: Response | undefined;
}

export class LowListener {
  readonly origin: Replica;
  /** Every version that it got, the oldest first. */
  readonly versions: SeenLowPlaylist[] = [];
  /** What was wrong so far. */
  readonly breaches: string[] = [];
  /** Files of segments that count. */
  readonly fetched: string[] = [];
  readonly #app: Hono;
  readonly #rules = new LowRules((breach) => this.breaches.push(breach));
  #next: Asked | undefined;
  #text = "";
  /** The part that it asks for. */
  #hint: string | undefined;

  /** @param origin whom it asks; by default one that has everything at once */
  constructor({ hls, clock, folder, before, moves }: LowListenerOptions, origin?: Replica) {
    if (before !== undefined) {
      this.#rules.observe(before);
      if (moves) this.#rules.expectMove();
      else this.#rules.expectRestart();
    }
    this.#hint = before?.hint;
    const readFile = (name: string, file: string) =>
      Promise.resolve(folder.broadcasts.get(name)?.files.get(file)?.slice());
    this.origin = origin ?? localOrigin(hls.distributor, { clock, readFile });
    const onFetch = (_: string, file: string) => this.fetched.push(file);
    this.#app = new Hono()
      .route("/cast", hlsRoutes({ origin: this.origin, others: [], onFetch }));
  }

  /** The newest version. */
  get playlist(): SeenLowPlaylist {
    const playlist = this.versions.at(-1);
    assert.ok(playlist);
    return playlist;
  }

  /** What is answered to a request for a file of the broadcast. */
  async get(file: string, options: RequestInit = {}): Promise<Response> {
    return await this.#app.request(`/cast/demo/${file}`, options);
  }

  /** The same, where the answer may take its time. */
  ask(file: string, options: RequestInit = {}): Asked {
    const asked: Asked = { answer: undefined };
    this.get(file, options).then((answer) => asked.answer = answer);
    return asked;
  }

  /** Takes what has come, and asks for the next version. To be called all the time. */
  async look(): Promise<void> {
    const { answer } = this.#next ?? { answer: undefined };
    if (this.#next !== undefined && answer === undefined) return;
    if (answer?.status === 200) this.#take(await answer.text());
    this.#next = this.ask(this.#nextFile());
  }

  #take(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    const playlist = parseLowPlaylist(text);
    this.#rules.observe(playlist);
    this.versions.push(playlist);
    this.#hint = playlist.hint;
  }

  #nextFile(): string {
    const [, sequence, part] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(this.#hint ?? "") ?? [];
    const query = sequence === undefined ? "" : `?_HLS_msn=${sequence}&_HLS_part=${part}`;
    return `low-media.m3u8${query}`;
  }
}
