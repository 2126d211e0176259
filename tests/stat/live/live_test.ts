/** What the dashboard is told live, when, and after it was away. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { encodeEvent } from "../../../src/stat/live/event_stream.ts";
import { History } from "../../../src/stat/live/history.ts";
import { Live } from "../../../src/stat/live/live.ts";
import { liveRoutes } from "../../../src/stat/live/routes.ts";
import { House, START } from "../../../testing/stat/house.ts";

const USAGE = { load: { one: 0.5, five: 1.25, fifteen: 2 }, memory: 40.5 };
const LOAD = {
  processors: 0.123,
  memoryBytes: 1e8,
  eventLoopLagMs: 2.34,
  segmentLatenessMs: 20.4,
};
const BOX = { version: "1.2.3", hls: { port: 8080, path: "cast" }, recordings: true, token: true };

/** A house that is watched. */
class Watched implements Disposable {
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
      audience: { total: 3, byName: () => [["demo", 3]] },
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

interface Told {
  readonly event: string;
  readonly id: string;
  /** Each event has data of its own. */
  readonly data: Readonly<Record<string, unknown>>;
}

class Watcher {
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
function rows({ data }: Told): Record<string, unknown>[] {
  const { fields, rows } = data.sessions as { fields: string[]; rows: unknown[][] };
  return rows.map((row) => Object.fromEntries(fields.map((field, i) => [field, row[i]])));
}

Deno.test("who comes is told of the box, the past, what has happened, and what there is", async () => {
  using watched = new Watched();
  const { house } = watched;
  const ingest = house.publish("demo", "srt");
  house.play(11, ingest);
  const watcher = await watched.watch();
  assert.deepEqual((await watcher.next())?.data, { ...BOX, started: START });

  const history = await watcher.next();
  assert.equal(history?.event, "history");
  const { at, sessions, bitrate, listeners, cpu, memory, lateness, lag } = history.data;
  assert.deepEqual(at, [START + 5000, START + 10_000]);
  assert.deepEqual([sessions, listeners, cpu], [[1, 1], [3, 3], [12.3, 12.3]]);
  // 100 bytes every 32 ms, which do not divide 5 s.
  const rates = bitrate as number[];
  assert.ok(rates.every((rate) => Math.abs(rate - 25_000) < 250), `${rates}`);
  assert.deepEqual([memory, lateness, lag], [[1e8, 1e8], [20, 20], [2.3, 2.3]]);

  const kinds: string[] = [];
  let told = await watcher.next();
  for (; told?.event === "log"; told = await watcher.next()) {
    kinds.push(`${told.data.event}`);
    assert.equal(told.id, String(START + kinds.length - 1));
    assert.equal(told.data.name, "demo");
  }
  assert.deepEqual(kinds, ["authorize", "create", "record-start", "hls-ready"]);

  assert.equal(told?.event, "snapshot");
  assert.deepEqual([told?.data.at, told?.data.load], [START + 11_000, USAGE.load]);
  const [row, ...others] = told === undefined ? [] : rows(told);
  assert.deepEqual(others, []);
  assert.equal(typeof row?.["bitrate"], "number");
  assert.deepEqual({ ...row, bitrate: 0, silent: 0 }, {
    id: START,
    name: "demo",
    state: "publishing",
    protocol: "srt",
    address: "192.0.2.1",
    bitrate: 0,
    started: START,
    silent: 0,
    frames: 344,
    dropped: 0,
    bad: 0,
    fillers: 0,
    rtt: null,
    loss: null,
    listeners: 3,
    title: null,
    artist: null,
    dj: null,
    since: null,
    why: null,
    lost: 0,
    unread: 0,
    fallback: null,
    level: null,
    dead_air: null,
  });
});

Deno.test("a snapshot comes every 2 s and a sample every 5 s, and events as they happen", async () => {
  using watched = new Watched();
  const { house } = watched;
  const watcher = await watched.watch();
  await watcher.until("snapshot");
  house.play(6);
  const told = [];
  for (let i = 0; i < 4; i++) told.push((await watcher.next())?.event);
  assert.deepEqual(told, ["snapshot", "snapshot", "sample", "snapshot"]);
  house.play(0.032, house.publish("demo", "rtmp"));
  const { data } = await watcher.until("log");
  assert.deepEqual([data.event, data.protocol], ["authorize", "rtmp"]);
  assert.equal(rows(await snapshotAfter(watched, watcher))[0]?.["state"], "publishing");
});

Deno.test("a clock that is set moves all that was told, and no time goes back", async () => {
  using watched = new Watched();
  const { house } = watched;
  const { clock } = house;
  const ingest = house.publish("demo", "srt");
  house.play(12, ingest);
  const watcher = await watched.watch();
  await watcher.until("snapshot");
  for (const step of [-3_600_000, 3_600_000]) {
    clock.setWall(clock.now() + step);
    house.play(5, ingest);
    const { started } = (await watcher.until("box")).data;
    const elapsed = clock.monotonic();
    assert.equal(started, clock.now() - elapsed);
    const at = (await watcher.until("history")).data.at as number[];
    assert.deepEqual(at.map((at) => at - clock.now() + elapsed), fives(at.length));
    const snapshot = await (await watched.watch()).until("snapshot");
    assert.equal(Number(snapshot.data.at) - Number(rows(snapshot)[0]?.["started"]), elapsed);
  }
});

/** 5000, 10 000, … */
function fives(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 5000 * (i + 1));
}

Deno.test("a session that waits for its transport is told of as far as it is known", async () => {
  using watched = new Watched();
  const reservation = { name: "demo", protocol: "srt", address: "192.0.2.1", props: {} } as const;
  watched.house.sessions.reserve(reservation);
  const watcher = await watched.watch();
  const [row] = rows(await watcher.until("snapshot"));
  assert.equal(row?.["state"], "ready");
  for (const field of ["address", "bitrate", "started", "silent"]) assert.equal(row?.[field], null);
});

Deno.test("a session that waits is told of with since when, and why where somebody said it", async () => {
  using watched = new Watched();
  const { house } = watched;
  const row = async () => rows(await (await watched.watch()).until("snapshot"))[0];
  const told = async () => {
    const { state, since, why } = await row() ?? {};
    return { state, after: since === null ? null : Number(since) - START, why };
  };
  house.clock.advanceSync(1000);
  const ingest = house.publish("demo", "rtmp");
  assert.deepEqual(await told(), { state: "ready", after: 1000, why: null });
  house.play(2, ingest);
  assert.deepEqual(await told(), { state: "publishing", after: null, why: null });
  house.sessions.find("demo")?.announce({ code: 1, message: "the phone rings" });
  ingest.end("lost");
  house.clock.advanceSync(1000);
  assert.deepEqual(await told(), { state: "paused", after: 3000, why: "the phone rings" });
  const again = house.publish("demo", "rtmp");
  house.play(1, again);
  assert.deepEqual(await told(), { state: "publishing", after: null, why: null });
  again.reject("video alone");
  assert.deepEqual(await told(), { state: "paused", after: 5000, why: "video alone" });
});

Deno.test("what a session loses is told of for a minute", async () => {
  using watched = new Watched();
  const { house } = watched;
  const ingest = house.publish("demo", "rtmp");
  const losses = async () => {
    const row = rows(await (await watched.watch()).until("snapshot"))[0];
    return [row?.["lost"], row?.["unread"]];
  };
  assert.deepEqual(await losses(), [null, 0]);
  house.play(10, ingest);
  ingest.dropped(31);
  ingest.bad(12);
  house.play(10, ingest);
  const [lost, unread] = await losses();
  assert.ok(Math.abs(Number(lost) - 5) < 0.2, `${lost}`);
  assert.equal(unread, 0.2);
  house.play(60, ingest);
  assert.deepEqual(await losses(), [0, 0]);
});

Deno.test("who looks closer at a session is told its audio, its hour and its log", async () => {
  using watched = new Watched();
  const { house } = watched;
  const ingest = house.publish("demo", "srt");
  ingest.facts({ encoder: "Lavf60.16.100", title: "not told here" });
  house.play(25, ingest);
  house.play(0.032, house.publish("other", "rtmp"));
  const ask = (id: unknown) => watched.app.request(`/stat/1/sessions/${id}/details`);
  const response = await ask(START);
  assert.equal(response.headers.get("cache-control"), "no-store");
  const { history, log, ...facts } = await response.json();
  assert.deepEqual(facts, {
    ...{ id: START, name: "demo", encoder: "Lavf60.16.100" },
    ...{ codecs: "mp4a.40.2", sample_rate: 32_000, channels: 2 },
  });
  assert.deepEqual(history.at, [START + 10_000, START + 20_000]);
  assert.equal(history.bitrate[0], null, "the first sample has none before it");
  assert.ok(Math.abs(history.bitrate[1] - 25_000) < 250, `${history.bitrate}`);
  assert.deepEqual([history.lost, history.rtt, history.listeners], [[0, 0], [null, null], [3, 3]]);
  const events = log.map(({ event }: { event: string }) => event);
  assert.deepEqual(events, ["authorize", "create", "record-start", "hls-ready"]);
  for (const id of [START + 5, 0, "x", `0${START}`]) assert.equal((await ask(id)).status, 404);
  house.sessions.get(START)?.end("teardown", { code: 1, message: "over" });
  assert.equal((await ask(START)).status, 404);
});

Deno.test("only operators look closer at a session", async () => {
  using watched = new Watched();
  const { house, live } = watched;
  house.publish("demo", "rtmp");
  const app = liveRoutes({
    live,
    sessions: house.sessions,
    guard: (c) => Promise.resolve(c.text("no", 401)),
    validity: () => watched.validity.signal,
  });
  const response = await app.request(`/stat/1/sessions/${START}/details`);
  assert.deepEqual([response.status, await response.text()], [401, "no"]);
});

Deno.test("of a session that waits, what is not known is null", async () => {
  using watched = new Watched();
  watched.house.publish("demo", "rtmp");
  const response = await watched.app.request(`/stat/1/sessions/${START}/details`);
  const { codecs, sample_rate, channels, encoder, history, log } = await response.json();
  assert.deepEqual([codecs, sample_rate, channels, encoder], [null, null, null, null]);
  assert.deepEqual([history.at, log.length], [[], 1]);
});

Deno.test("what the transport measures of its network is told", async () => {
  using watched = new Watched();
  const link = { roundTripMs: 23.456, lossPercent: 0.12345 };
  const transport = { protocol: "srt", address: "192.0.2.1", link, close: () => {} } as const;
  watched.house.sessions.publish({ name: "demo", key: undefined, transport });
  const watcher = await watched.watch();
  const [row] = rows(await watcher.until("snapshot"));
  assert.deepEqual([row?.["rtt"], row?.["loss"]], [23.5, 0.12]);
});

Deno.test("who comes back is told only of what it has missed", async () => {
  using watched = new Watched();
  const { house } = watched;
  house.play(0.032, house.publish("a", "rtmp"));
  const first = await watched.watch();
  await first.until("log");
  const { id } = await first.until("log");
  await first.leave();
  house.play(0.032, house.publish("b", "rtmp"));
  for (const again of [watched.watch({ "Last-Event-ID": id }), watched.watch({}, `?after=${id}`)]) {
    const watcher = await again;
    assert.equal((await watcher.until("log")).data.name, "b");
  }
  const stranger = await watched.watch({ "Last-Event-ID": "x" });
  assert.equal((await stranger.until("log")).data.name, "a");
});

Deno.test("snapshots are made only while somebody watches", async () => {
  using watched = new Watched();
  const { clock } = watched.house;
  const timers = clock.timerCount;
  const watchers = [await watched.watch(), await watched.watch()];
  assert.equal(clock.timerCount, timers + 1);
  for (const watcher of watchers) await watcher.leave();
  assert.equal(clock.timerCount, timers);
});

Deno.test("streams end with the right to watch, and with the server", async () => {
  using watched = new Watched();
  const first = await watched.watch();
  watched.validity.abort();
  watched.validity = new AbortController();
  const second = await watched.watch();
  watched.live.close();
  for (const watcher of [first, second]) {
    await watcher.until("snapshot");
    assert.equal(await watcher.next(), undefined);
  }
});

Deno.test("however many watch, an operator can", async () => {
  using watched = new Watched();
  for (let i = 0; i < 40; i++) await watched.watch();
  await (await watched.watch()).until("snapshot");
  assert.equal(watched.live.watchers, 32);
});

Deno.test("a page of another site cannot have a browser watch, and take places", async () => {
  using watched = new Watched();
  const strangers = [
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { Origin: "https://evil.example" },
    { Origin: "null" },
  ];
  for (const headers of strangers) {
    for (let i = 0; i < 40; i++) {
      const response = await watched.app.request("/stat/1/events", { headers });
      assert.equal(response.status, 403, JSON.stringify(headers));
      await response.body?.cancel();
    }
  }
  assert.equal(watched.live.watchers, 0);
  for (const site of ["same-origin", "none"]) await watched.watch({ "Sec-Fetch-Site": site });
});

Deno.test("who asks for the head alone does not watch", async () => {
  using watched = new Watched();
  const response = await watched.app.request("/stat/1/events", { method: "HEAD" });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.deepEqual([response.status, response.body, watched.live.watchers], [200, null, 0]);
});

Deno.test("a greeting and a snapshot of a full server fit into what may wait for a client", async () => {
  using watched = new Watched();
  const { house } = watched;
  for (let i = 0; i < 2000; i++) house.publish(`${"a".repeat(120)}-${i}`, "srt");
  const watcher = await watched.watch();
  const { data } = await watcher.until("snapshot");
  assert.equal((data.sessions as { rows: unknown[] }).rows.length, 2000);
  assert.ok(encodeEvent("snapshot", data).length < (1 << 20) / 2);
});

Deno.test("a session is ended by its id, once", async () => {
  using watched = new Watched();
  const { house, app } = watched;
  house.play(1, house.publish("demo", "rtmp"));
  const session = house.sessions.find("demo");
  const end = async (id: string) => {
    return (await app.request(`/stat/1/sessions/${id}`, { method: "DELETE" })).status;
  };
  for (const id of ["0", "1", "x", `${START}0`, `0${START}`]) assert.equal(await end(id), 404, id);
  assert.equal(session?.state, "publishing");
  assert.equal(await end(String(START)), 204);
  assert.equal(session?.state, "terminated");
  assert.equal(await end(String(START)), 404);
  const watcher = await watched.watch();
  let { data } = await watcher.until("log");
  while (data.event !== "release") ({ data } = await watcher.until("log"));
  const { reason } = data.details as { reason: unknown };
  assert.deepEqual(reason, { code: 30000, message: "teardown by server" });
});

async function snapshotAfter(watched: Watched, watcher: Watcher): Promise<Told> {
  watched.house.play(2);
  return await watcher.until("snapshot");
}
