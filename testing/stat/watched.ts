/** A server that operators watch, without sockets, and those who watch it. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { History } from "../../src/stat/live/history.ts";
import { Live } from "../../src/stat/live/live.ts";
import { liveRoutes } from "../../src/stat/live/routes.ts";
import { House } from "./house.ts";

/** How much the machine has to do. */
export const USAGE = { load: { one: 0.5, five: 1.25, fifteen: 2 }, memory: 40.5 };
const LOAD = {
  processors: 0.123,
  memoryBytes: 1e8,
  eventLoopLagMs: 2.34,
  segmentLatenessMs: 20.4,
};
/** What hardly ever changes. */
export const BOX = {
  version: "1.2.3",
  hls: { port: 8080, path: "cast" },
  recordings: true,
  token: true,
};

/** A house that is watched. */
export class Watched implements Disposable {
  readonly house = new House();
  readonly history = new History();
  readonly live: Live;
  readonly app: Hono;
  validity = new AbortController();

  constructor() {
    const { clock, events, sessions } = this.house;
    this.live = new Live({
      clock,
      events,
      sessions,
      audience: { total: 3, streaming: 0, byName: () => [["demo", 3]] },
      usage: () => USAGE,
      load: { read: () => LOAD },
      folders: {},
      health: { report: { status: "degraded", parts: ["record"], problems: ["the disk is full"] } },
      box: () => BOX,
      history: this.history,
    });
    this.app = liveRoutes({
      live: this.live,
      sessions,
      guard: (_, next) => next(),
      validity: () => this.validity.signal,
    });
  }

  async watch(headers: Record<string, string> = {}, query = ""): Promise<Watcher> {
    const response = await this.app.request(`/stat/1/events${query}`, { headers });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.ok(response.body !== null);
    return new Watcher(response.body);
  }

  [Symbol.dispose](): void {
    this.live.close();
    this.house[Symbol.dispose]();
  }
}

/** An event that a watcher is told. */
export interface Told {
  readonly event: string;
  readonly id: string;
  /** Each event has data of its own. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Who watches. */
export class Watcher {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** The next event; `undefined` at the end. */
  async next(): Promise<Told | undefined> {
    const { value } = await this.#reader.read();
    if (value === undefined) return undefined;
    const text = new TextDecoder().decode(value);
    if (text === "retry: 1000\n\n") return await this.next();
    const [, event = "", , id = "", data = ""] =
      /^event: (\w+)\n(id: (\d+)\n)?data: (.+)\n\n$/.exec(text) ?? [];
    return { event, id, data: JSON.parse(data) };
  }

  /** The next event of that kind. */
  async until(event: string): Promise<Told> {
    for (;;) {
      const told = await this.next();
      assert.ok(told !== undefined, `no ${event} came`);
      if (told.event === event) return told;
    }
  }

  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

/** Rows of a snapshot, by their fields. */
export function rowsOf({ data }: Told): Record<string, unknown>[] {
  const { fields, rows } = data.sessions as { fields: string[]; rows: unknown[][] };
  return rows.map((row) => Object.fromEntries(fields.map((field, i) => [field, row[i]])));
}
