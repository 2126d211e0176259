/** What the dashboard is told live, and when. */
import assert from "node:assert/strict";
import { encodeEvent } from "../../../src/stat/live/event_stream.ts";
import { START } from "../../../testing/stat/house.ts";
import {
  BOX,
  rowsOf,
  type Told,
  USAGE,
  Watched,
  type Watcher,
} from "../../../testing/stat/watched.ts";

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
  const [row, ...others] = told === undefined ? [] : rowsOf(told);
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
    too_fast: 0,
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
  assert.equal(rowsOf(await snapshotAfter(watched, watcher))[0]?.["state"], "publishing");
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
    assert.equal(Number(snapshot.data.at) - Number(rowsOf(snapshot)[0]?.["started"]), elapsed);
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
  const [row] = rowsOf(await watcher.until("snapshot"));
  assert.equal(row?.["state"], "ready");
  for (const field of ["address", "bitrate", "started", "silent"]) assert.equal(row?.[field], null);
});

Deno.test("a session that waits is told of with since when, and why where somebody said it", async () => {
  using watched = new Watched();
  const { house } = watched;
  const row = async () => rowsOf(await (await watched.watch()).until("snapshot"))[0];
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
    const row = rowsOf(await (await watched.watch()).until("snapshot"))[0];
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

Deno.test("what the transport measures of its network is told", async () => {
  using watched = new Watched();
  const link = { roundTripMs: 23.456, lossPercent: 0.12345 };
  const transport = { protocol: "srt", address: "192.0.2.1", link, close: () => {} } as const;
  watched.house.sessions.publish({ name: "demo", key: undefined, transport });
  const watcher = await watched.watch();
  const [row] = rowsOf(await watcher.until("snapshot"));
  assert.deepEqual([row?.["rtt"], row?.["loss"]], [23.5, 0.12]);
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

Deno.test("a greeting and a snapshot of a full server fit into what may wait for a client", async () => {
  using watched = new Watched();
  const { house } = watched;
  for (let i = 0; i < 2000; i++) house.publish(`${"a".repeat(120)}-${i}`, "srt");
  const watcher = await watched.watch();
  const { data } = await watcher.until("snapshot");
  assert.equal((data.sessions as { rows: unknown[] }).rows.length, 2000);
  assert.ok(encodeEvent("snapshot", data).length < (1 << 20) / 2);
});

async function snapshotAfter(watched: Watched, watcher: Watcher): Promise<Told> {
  watched.house.play(2);
  return await watcher.until("snapshot");
}
