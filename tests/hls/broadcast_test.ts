/** What listeners hear of a broadcast whose audio is late, is lost, stops, or comes back. */
import assert from "node:assert/strict";
import type { SegmentEntry } from "../../src/hls/playlist.ts";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";

const FRAMES_PER_SEGMENT = 47;

function count(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function heardMs(segments: readonly SegmentEntry[]): number {
  return segments.reduce((sum, { durationUs }) => sum + durationUs, 0) / 1000;
}

Deno.test("3 s without packets are silence in rhythm, and the burst that follows loses nothing", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, 470);
  await broadcast.pass(3000);
  for (let number = 470; number < 470 + 141; number++) broadcast.send(ingest, number);
  await broadcast.live(ingest, 611, 1200);
  await broadcast.stop();
  const frames = broadcast.frames();
  assert.deepEqual(frames.filter((number) => number >= 0), count(0, 1200));
  const silent = frames.filter((number) => number < 0).length;
  assert.ok(silent > 0 && silent % FRAMES_PER_SEGMENT === 0, `${silent} silent frames`);
  assert.ok(Math.max(...broadcast.cadences) <= 1.4, `${Math.max(...broadcast.cadences)}`);
  // The listener looks every frame or 50 ms.
  assert.ok(Math.min(...broadcast.cadences) >= 0.45, `${Math.min(...broadcast.cadences)}`);
  assert.ok(broadcast.heard.every(({ discontinuity }) => !discontinuity));
});

Deno.test("a segment that ends in silence for lost audio is followed as any other", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  const [whole, lost] = [11 * FRAMES_PER_SEGMENT, 15];
  await broadcast.live(ingest, 0, whole - lost);
  ingest.lost(lost);
  await broadcast.clock.advance(0);
  broadcast.listen();
  await broadcast.pass(1500);
  assert.ok(Math.max(...broadcast.cadences) <= 1.3, `${Math.max(...broadcast.cadences)}`);
  await broadcast.stop();
  assert.deepEqual(broadcast.frames(), [
    ...count(0, whole - lost),
    ...Array(lost + FRAMES_PER_SEGMENT).fill(-1),
  ]);
});

for (const standstillMs of [1500, 12_000, 60_000]) {
  Deno.test(`after a standstill of ${standstillMs} ms, what waited is heard, and no silence`, async () => {
    const broadcast = await Broadcast.start();
    const ingest = broadcast.connect();
    await broadcast.live(ingest, 0, 500);
    broadcast.clock.standStill(standstillMs);
    const missed = Math.round(standstillMs / FRAME_MS);
    for (let number = 500; number < 500 + missed; number++) broadcast.send(ingest, number);
    await broadcast.live(ingest, 500 + missed, 1000 + missed);
    assert.equal(broadcast.manager.find("demo")?.quality.drop_count, 0);
    const heard = heardMs(broadcast.heard);
    assert.ok(heard > (1000 + missed) * FRAME_MS - 3000, `listeners heard ${heard} ms`);
    await broadcast.stop();
    assert.deepEqual(broadcast.frames(), count(0, 1000 + missed));
  });
}

Deno.test("ten stalls in a row leave the broadcast at most the longest delay behind", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  let next = 0;
  for (let stall = 0; stall < 10; stall++) {
    await broadcast.live(ingest, next, next + 235);
    next += 235;
    await broadcast.pass(3000);
    const missed = Math.round(3000 / FRAME_MS);
    for (let i = 0; i < missed; i++) broadcast.send(ingest, next++);
  }
  await broadcast.live(ingest, next, next + 470);
  next += 470;
  const quality = broadcast.manager.find("demo")?.quality;
  const frames = quality === undefined
    ? 0
    : quality.total_count - quality.drop_count + quality.filler_count;
  const behindMs = frames * FRAME_MS - broadcast.clock.monotonic();
  assert.ok(behindMs < 10_100, `${behindMs} ms behind`);
  assert.equal(quality?.total_count, next);
  assert.ok((quality?.drop_count ?? 0) > 0);
  await broadcast.stop();
});

Deno.test("who is back after 8 s goes on in the same playlist, without a discontinuity", async () => {
  const broadcast = await Broadcast.start();
  const first = broadcast.connect();
  await broadcast.live(first, 0, 500);
  first.end("lost");
  await broadcast.pass(8000);
  const second = broadcast.connect();
  await broadcast.live(second, 0, 500);
  assert.ok(Math.max(...broadcast.cadences) <= 1.4, `${Math.max(...broadcast.cadences)}`);
  assert.ok(broadcast.heard.every(({ discontinuity }) => !discontinuity));
  const walls = broadcast.heard.map(({ wallMs }) => wallMs ?? 0);
  assert.ok(walls.every((wall, i) => i === 0 || wall > (walls[i - 1] ?? 0)));
  const behind = broadcast.clock.now() - (walls.at(-1) ?? 0);
  assert.ok(behind > 0 && behind < 2500, `the newest segment began ${behind} ms ago`);
  for (const [i, { durationUs }] of broadcast.heard.slice(0, -1).entries()) {
    const step = (walls[i + 1] ?? 0) - (walls[i] ?? 0) - durationUs / 1000;
    assert.ok(Math.abs(step) < 50, `wall time jumps by ${step} ms`);
  }
  await broadcast.stop();
  const frames = broadcast.frames();
  const silent = frames.filter((number) => number < 0).length;
  assert.deepEqual(frames, [...count(0, 500), ...Array(silent).fill(-1), ...count(0, 500)]);
  assert.ok(Math.abs(silent * FRAME_MS - 8000) < 50, `${silent} silent frames for 8 s`);
});

Deno.test("after the hold the playlist stands still, and goes when it may", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, 500);
  ingest.end("lost");
  await broadcast.pass(30_000);
  assert.equal(broadcast.manager.find("demo"), undefined);
  await broadcast.pass(2000);
  const etag = broadcast.hls.find("demo")?.playlist()?.etag;
  await broadcast.pass(20_000);
  assert.equal(broadcast.hls.find("demo")?.playlist()?.etag, etag);
  assert.equal(broadcast.playlist().ended, false);
  const again = broadcast.connect();
  await broadcast.live(again, 0, 100);
  assert.ok(broadcast.heard.some(({ discontinuity }) => discontinuity), "a return joins");
  again.end("finished");
  await broadcast.pass(10_000);
  assert.equal(broadcast.playlist().ended, true);
  await broadcast.pass(60_000);
  assert.equal(broadcast.hls.find("demo"), undefined);
  assert.equal(broadcast.folder.stream("demo").files.size, 0);
  await broadcast.stop();
});

Deno.test("lost frames become silence at once and in place", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, 200);
  for (let number = 200; number < 210; number++) await broadcast.pass(FRAME_MS);
  await broadcast.live(ingest, 210, 400);
  await broadcast.stop();
  assert.deepEqual(broadcast.frames(), [
    ...count(0, 200),
    ...Array(10).fill(-1),
    ...count(210, 400),
  ]);
});

Deno.test("a day of frames: exact durations to the last segment, and nothing grows", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  const seconds = 24 * 3600;
  let files = 0;
  let lastEndUs = 0;
  for (let segment = 0; segment < seconds; segment++) {
    for (let i = 0; i < FRAMES_PER_SEGMENT; i++) {
      broadcast.send(ingest, segment * FRAMES_PER_SEGMENT + i);
      broadcast.clock.advanceSync(FRAME_MS);
    }
    await broadcast.clock.advance(0);
    const last = broadcast.playlist().segments.at(-1);
    lastEndUs += last?.durationUs ?? NaN;
    if (segment === 100) files = broadcast.folder.stream("demo").files.size;
  }
  assert.equal(
    lastEndUs,
    Math.round(seconds * FRAMES_PER_SEGMENT * 1024 * 1e6 / 48_000),
  );
  const wall = broadcast.playlist().segments.at(-1)?.wallMs ?? 0;
  assert.ok(Math.abs(broadcast.clock.now() - wall - FRAMES_PER_SEGMENT * FRAME_MS) < 50);
  assert.ok(Math.abs(broadcast.folder.stream("demo").files.size - files) <= 1);
  assert.equal(broadcast.manager.find("demo")?.quality.filler_count, 0);
  assert.ok(heardMs(broadcast.playlist().segments) < 13_000);
  await broadcast.stop();
});
