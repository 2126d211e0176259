/** A broadcast that goes from one box to another while somebody listens in low latency. */
import assert from "node:assert/strict";
import type { NameHandover } from "../../../src/hls/handed_window.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { Box, SECOND, startBoxes } from "../../../testing/hls/box.ts";
import { LowListener } from "../../../testing/hls/low_listener.ts";
import { filesOf } from "../../../testing/hls/two_threads.ts";
import type { SeenLowPlaylist } from "../../../testing/hls_validator/low_playlist_reader.ts";
import { until } from "../../../testing/until.ts";

/** Who listens at `box`, and has listened elsewhere before. */
function listenAt(box: Box, before?: SeenLowPlaylist): LowListener {
  const { hls, clock, folder } = box;
  const moved = before && { before, moves: true };
  return new LowListener({ hls, clock, folder, ...moved }, box.origin);
}

async function untilThere(listener: LowListener, box: Box): Promise<void> {
  await until("it is there in low latency", async () => {
    await listener.look();
    await box.clock.advance(10);
    return listener.versions.length > 0;
  });
}

/** Two boxes, and who listens at the first of them for a while. */
async function startHeard(frames: number) {
  const clock = new FakeClock();
  const [a, b] = await startBoxes(["a1", "b2"], { clock });
  assert.ok(a && b);
  const ingest = a.publish();
  await a.send(ingest, 16 * SECOND);
  const listener = listenAt(a);
  await untilThere(listener, a);
  await a.send(ingest, 3 * SECOND + frames, () => listener.look());
  return { a, b, ingest, listener };
}

for (const frames of [0, 5, 30]) {
  Deno.test(`what was shown in parts is whole at the next box, ${frames} frames into a segment`, async () => {
    const { a, b, listener } = await startHeard(frames);
    const handed: NameHandover | undefined = a.hls.handOver("demo");
    assert.ok(handed);
    // The last parts of what was cut are shown before the broadcast moves.
    await a.clock.advance(50);
    await listener.look();
    await a.clock.advance(0);
    await listener.look();
    const { sequence: last, parts = [] } = listener.playlist.segments.at(-1) ?? {};
    assert.ok(listener.playlist.segments.at(-1)?.whole);
    a.letGo();
    b.epoch = 2;
    b.hls.takeOver("demo", JSON.parse(JSON.stringify(handed)));
    const ingest = b.publish();
    const next = listenAt(b, listener.playlist);
    await b.send(ingest, 5 * SECOND, () => next.look());
    assert.deepEqual(listener.breaches, []);
    assert.deepEqual(next.breaches, []);
    const [version] = next.versions;
    assert.ok(version);
    for (const file of filesOf(version)) {
      const [there, here] = await Promise.all([listener.get(file), next.get(file)]);
      assert.equal(here.status, 200, file);
      const isOfA = file.includes("-a1e1");
      if (isOfA) assert.deepEqual(await here.bytes(), await there.bytes(), file);
    }
    assert.ok(filesOf(version).some((file) => file.includes("-a1e1")));
    const kept = next.versions[0]?.segments.find(({ sequence }) => sequence === last);
    assert.equal(kept?.parts.length, parts.length);
    const first = next.playlist.segments.find(({ sequence }) => sequence === (last ?? NaN) + 1);
    assert.equal(first?.discontinuity, true);
    assert.equal(next.playlist.segments.filter(({ discontinuity }) => discontinuity).length, 1);
    await b.stop();
    await a.stop();
  });
}

Deno.test("nothing new is shown while a box may take over, and all of it where none does", async () => {
  const { a, b, ingest, listener } = await startHeard(20);
  a.hls.handOver("demo");
  await a.send(ingest, 20, () => listener.look());
  const { length } = listener.versions;
  assert.ok(listener.playlist.segments.at(-1)?.whole);
  await a.send(ingest, SECOND, () => listener.look());
  assert.equal(listener.versions.length, length);
  a.hls.thaw("demo");
  await a.send(ingest, 3 * SECOND, () => listener.look());
  assert.deepEqual(listener.breaches, []);
  assert.ok(listener.versions.length > length + 4);
  assert.deepEqual(listener.playlist.segments.filter(({ discontinuity }) => discontinuity), []);
  await b.stop();
  await a.stop();
});

Deno.test("who listens at a box that takes over gets its window without asking again", async () => {
  const { a, b, listener } = await startHeard(10);
  const there = listenAt(b, listener.playlist);
  b.elsewhere = (feed) => feed.endsWith("~low") ? a.hls.find("demo")?.low : a.hls.find("demo");
  b.hls.distributor.begin("demo");
  const version = await b.origin.playlist("demo", "low-media.m3u8");
  assert.ok(version);
  const handed = a.hls.handOver("demo");
  assert.ok(handed);
  a.letGo();
  b.elsewhere = () => undefined;
  b.epoch = 2;
  b.hls.takeOver("demo", handed);
  await b.send(b.publish(), 4 * SECOND, () => there.look());
  assert.deepEqual(there.breaches, []);
  assert.ok(there.versions.length > 6);
  await b.stop();
  await a.stop();
});

Deno.test("where the owner is dead, low latency begins anew behind its numbers", async () => {
  const { a, b, listener } = await startHeard(10);
  const told = a.told.at(-1);
  assert.ok(told);
  b.epoch = 2;
  const madeBy = { box: "a1", epoch: 1 };
  b.hls.takeOver("demo", { kind: "numbers", ...told, madeBy, goesOn: true });
  const ingest = b.publish();
  await b.send(ingest, 4 * SECOND);
  const next = listenAt(b);
  await untilThere(next, b);
  await b.send(ingest, 3 * SECOND, () => next.look());
  assert.deepEqual(next.breaches, []);
  const [first] = next.versions;
  assert.equal(first?.mediaSequence, told.mediaSequence);
  assert.ok(first.discontinuitySequence > listener.playlist.discontinuitySequence);
  const [start] = first.segments;
  const last = listener.playlist.segments.at(-1);
  assert.ok((start?.programDateTime ?? "") > (last?.programDateTime ?? "9"));
  await b.stop();
  await a.stop();
});

Deno.test("who waits for a show whose box is dead hears it as soon as there is a segment", async () => {
  const { a, b } = await startHeard(10);
  const told = a.told.at(-1);
  assert.ok(told);
  b.elsewhere = (feed) => feed.endsWith("~low") ? a.hls.find("demo")?.low : a.hls.find("demo");
  b.hls.distributor.begin("demo");
  const stale = await b.origin.playlist("demo", "low-media.m3u8");
  b.epoch = 2;
  const madeBy = { box: "a1", epoch: 1 };
  b.hls.takeOver("demo", { kind: "numbers", ...told, madeBy, goesOn: true });
  const ingest = b.publish();
  await b.send(ingest, SECOND - 2);
  assert.equal((await b.origin.playlist("demo", "low-media.m3u8"))?.etag, stale?.etag);
  await b.send(ingest, 20);
  const next = listenAt(b);
  await untilThere(next, b);
  assert.equal(next.playlist.mediaSequence, told.mediaSequence);
  await b.send(ingest, 5 * SECOND, () => next.look());
  assert.deepEqual(next.breaches, []);
  await b.stop();
  await a.stop();
});
