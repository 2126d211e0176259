/** When statistics list a session, and when they forget it. */
import assert from "node:assert/strict";
import {
  EventBus,
  type EventDetails,
  type EventKind,
  sessionEvent,
} from "../../../src/session/events.ts";
import type { Outputs } from "../../../src/stat/statistics/session_info.ts";
import { Statistics } from "../../../src/stat/statistics/statistics.ts";

const REASON = { code: 1, message: "enough" };

/** Statistics that are told of one session after the other. */
function setUp(outputs: Outputs) {
  const events = new EventBus();
  const told: string[] = [];
  const onEvent = (event: string, id: number) => told.push(`${event} ${id}`);
  const statistics = new Statistics({ events, outputs, onEvent });
  const tell = <K extends EventKind>(
    id: number,
    kind: K,
    details: EventDetails[K],
    at = id * 1000,
  ) => {
    const session = { id, name: `name-${id}`, protocol: "rtmp" as const, props: {} };
    events.emit(sessionEvent(session, kind, at, details));
  };
  return { statistics, told, tell };
}

Deno.test("without outputs, a session is listed as long as it sends", () => {
  const { statistics, told, tell } = setUp({ hls: false, record: false });
  tell(1, "create", { address: "" });
  assert.deepEqual(statistics.ids, [1]);
  tell(1, "release", { reason: REASON });
  assert.deepEqual(statistics.ids, []);
  assert.deepEqual(told, ["created 1", "destroyed 1"]);
});

Deno.test("since when a session is dead air is told until sound is there, or its end", () => {
  const { statistics, tell } = setUp({ hls: true, record: false });
  const since = (id: number) => statistics.find(id)?.dead_air_since;
  for (const id of [1, 2]) {
    tell(id, "create", { address: "" });
    assert.equal(since(id), undefined);
    tell(id, "dead-air", { levelDb: null }, 5000);
    assert.equal(since(id), "1970-01-01T00:00:05.000Z");
  }
  tell(1, "sound", { silentMs: 20_000 });
  assert.equal(since(1), undefined);
  tell(2, "release", { reason: REASON });
  assert.equal(since(2), undefined);
});

Deno.test("since when the fallback of a session is heard is told until it is no longer", () => {
  const { statistics, tell } = setUp({ hls: true, record: false });
  tell(1, "create", { address: "" });
  assert.equal("fallback_since" in (statistics.find(1) ?? {}), false);
  tell(1, "fallback-start", { why: "gone" }, 5000);
  assert.equal(statistics.find(1)?.fallback_since, "1970-01-01T00:00:05.000Z");
  tell(1, "fallback-end", { why: "gone", end: "live" });
  assert.equal(statistics.find(1)?.fallback_since, undefined);
});

Deno.test("a session whose recording begins only after its end is listed until that is complete", () => {
  const { statistics, tell } = setUp({ hls: false, record: true });
  tell(1, "create", { address: "" });
  tell(1, "release", { reason: REASON });
  tell(1, "record-start", { path: "a.part" });
  assert.deepEqual(statistics.ids, [1]);
  tell(1, "record-complete", { path: "a.mp4", part: "a.part", durationMs: 5 });
  assert.deepEqual(statistics.ids, []);
});

Deno.test("a session of several files has the first start, the last path, and the end of the last", () => {
  const { statistics, tell } = setUp({ hls: false, record: true });
  tell(1, "create", { address: "" });
  tell(1, "record-start", { path: "a.part" });
  tell(1, "record-start", { path: "b.part" });
  tell(1, "record-complete", { path: "a.mp4", part: "a.part", durationMs: 5 });
  assert.equal(statistics.find(1)?.record_complete_time, null);
  assert.equal(statistics.count.output.record, 1);
  tell(1, "record-complete", { path: "b.mp4", part: "b.part", durationMs: 5 });
  const { record_start_time, record_complete_time, record_path } = statistics.find(1) ?? {};
  assert.deepEqual([record_start_time, record_complete_time, record_path], [
    "1970-01-01T00:00:01.000Z",
    "1970-01-01T00:00:01.000Z",
    "b.mp4",
  ]);
});

Deno.test("an end whose time is before the beginning, because the clock was set back, is still an end", () => {
  const { statistics, told, tell } = setUp({ hls: true, record: true });
  tell(1, "create", { address: "" }, 7_200_000);
  tell(1, "record-start", { path: "a.part" }, 7_201_000);
  tell(1, "hls-ready", { path: "a.m3u8" }, 3_600_000);
  tell(1, "release", { reason: REASON }, 3_660_000);
  const { ingest_start_time, ingest_end_time } = statistics.find(1) ?? {};
  assert.equal(ingest_start_time, "1970-01-01T02:00:00.000Z");
  assert.equal(ingest_end_time, "1970-01-01T01:01:00.000Z");
  assert.deepEqual(statistics.count.output, { total: 2, hls: 1, record: 1 });
  tell(1, "hls-release", {}, 3_672_000);
  tell(1, "record-complete", { path: "a.mp4", part: "a.part", durationMs: 62_000 }, 3_673_000);
  assert.deepEqual([statistics.ids, statistics.count.total], [[], 0]);
  assert.deepEqual(told, ["created 1", "destroyed 1"]);
});

Deno.test("a recording that fails keeps no session listed", () => {
  const { statistics, told, tell } = setUp({ hls: false, record: true });
  tell(1, "create", { address: "" });
  tell(1, "record-start", { path: "a.part" });
  tell(1, "record-error", { path: "a.part", message: "disk full" });
  assert.equal(statistics.count.output.record, 0);
  tell(1, "release", { reason: REASON });
  assert.deepEqual(statistics.ids, []);
  tell(1, "record-complete", { path: "a.mp4", part: "a.part", durationMs: 5 });
  assert.deepEqual(told, ["created 1", "destroyed 1"]);
});

Deno.test("sessions whose outputs never end are forgotten at last, those that send are not", () => {
  const { statistics, told, tell } = setUp({ hls: true, record: false });
  for (let id = 1; id <= 10_001; id++) {
    tell(id, "create", { address: "" });
    if (id > 1) tell(id, "release", { reason: REASON });
  }
  assert.equal(statistics.ids.length, 10_000);
  assert.deepEqual(statistics.ids.slice(0, 2), [1, 3]);
  assert.deepEqual(told.filter((line) => line.startsWith("destroyed")), ["destroyed 2"]);
});

Deno.test("what is told of a session that nobody heard of is ignored", () => {
  const { statistics, told, tell } = setUp({ hls: true, record: true });
  tell(1, "authorize", { address: "" });
  tell(1, "release", { reason: REASON });
  tell(1, "hls-release", {});
  assert.deepEqual([statistics.ids, told], [[], []]);
});
