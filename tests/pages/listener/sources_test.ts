/** Which playlist the page plays, live or from an earlier moment on. */
import assert from "node:assert/strict";
import { Sources } from "../../../src/pages/listener/sources.js";

const LIVE = Date.parse("2026-11-23T20:00:00.000Z");
const EARLIER = LIVE - 600_000;

function sources(lowLatency = true) {
  const made = new Sources(() => 0);
  made.offer(lowLatency, false);
  let changes = 0;
  made.addEventListener("change", () => changes++);
  // As the page does.
  made.addEventListener("change", () => made.open());
  made.open();
  return { made, changes: () => changes };
}

Deno.test("a show is played in low latency where the server has it", () => {
  assert.deepEqual(sources().made.open(), { kind: "low", playlist: "low.m3u8", from: undefined });
  assert.equal(sources(false).made.open().playlist, "playlist.m3u8");
});

Deno.test("low latency that comes while the show begins is waited for no longer than the sound", () => {
  const { made, changes } = sources(false);
  made.offer(true, true);
  assert.deepEqual([made.kind, changes()], ["low", 1]);
  made.offer(false, false);
  made.offer(true, true);
  assert.deepEqual([made.kind, changes()], ["low", 1]);
});

Deno.test("where the network does not carry that, the ordinary playlist is played", () => {
  const { made, changes } = sources();
  made.stalled();
  assert.deepEqual([made.kind, changes()], ["low", 0]);
  made.stalled();
  assert.deepEqual([made.kind, changes(), made.isBehind], ["ordinary", 1, true]);
  made.goLive();
  assert.deepEqual([made.kind, changes(), made.isBehind], ["low", 2, false]);
});

Deno.test("a player that fails in low latency twice is opened with the ordinary playlist", () => {
  const { made, changes } = sources();
  made.failed();
  made.failed();
  // Whoever has failed is opened anew in any case.
  made.open();
  assert.deepEqual([made.kind, changes()], ["ordinary", 0]);
});

Deno.test("where the server has no room for low latency, the ordinary playlist is played at once", () => {
  const { made, changes } = sources();
  made.refused();
  assert.deepEqual([made.kind, changes(), made.isBehind], ["ordinary", 1, true]);
  made.offer(false, false);
  made.plays(undefined);
  assert.deepEqual([made.kind, changes()], ["ordinary", 1]);
});

Deno.test("low latency is tried again only where the server gives it, and what sounds goes on", async () => {
  let now = 0;
  let isRefused = true;
  const asked: [playlist: string, minute: number][] = [];
  const made = new Sources(() => now, (playlist) => {
    asked.push([playlist, Math.floor(now / 60_000)]);
    return Promise.resolve(!isRefused);
  });
  made.offer(true, false);
  made.open();
  made.refused();
  made.open();
  let changes = 0;
  made.addEventListener("change", () => changes++);
  const play = async (minutes: number) => {
    for (let second = 0; second < minutes * 60; second++) {
      now += 1000;
      made.plays(undefined);
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  await play(8);
  assert.deepEqual(asked, [["low.m3u8", 1], ["low.m3u8", 3], ["low.m3u8", 7]]);
  assert.deepEqual([made.kind, changes], ["ordinary", 0]);
  isRefused = false;
  await play(8);
  assert.equal(changes, 1);
  assert.equal(made.open().kind, "low");
});

Deno.test("a rewound show goes on where it was when it is opened anew", () => {
  const { made, changes } = sources();
  made.rewind(EARLIER, LIVE);
  assert.deepEqual(made.open(), { kind: "rewind", playlist: "show.m3u8", from: EARLIER });
  made.plays(EARLIER + 5000);
  made.plays(undefined);
  made.failed();
  assert.deepEqual([made.from, changes()], [EARLIER + 5000, 1]);
  made.plays(EARLIER + 6000);
  made.failed();
  assert.equal(made.from, EARLIER + 6000);
});

Deno.test("what cannot be played from an earlier moment on is played live", () => {
  const { made } = sources();
  made.rewind(EARLIER, LIVE);
  made.failed();
  made.failed();
  assert.equal(made.open().kind, "low");
});

Deno.test("what is too new for the recording is played live", () => {
  const { made } = sources();
  made.rewind(EARLIER, LIVE);
  made.rewind(LIVE - 5000, LIVE);
  assert.equal(made.kind, "low");
});

Deno.test("stalls of a rewound show say nothing of low latency", () => {
  const { made } = sources();
  made.rewind(EARLIER, LIVE);
  for (let i = 0; i < 5; i++) made.stalled();
  made.end();
  assert.equal(made.open().kind, "low");
});
