/** What listeners hear once the encoder has said goodbye: its last words, silence, and then the end. */
import assert from "node:assert/strict";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";

const FRAMES_PER_SEGMENT = 47;
const GRACE_MS = 10_000;
/** Frames of a broadcast that ends in the middle of a segment. */
const FRAMES = 10 * FRAMES_PER_SEGMENT + 20;

function count(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** A broadcast of {@link FRAMES} frames, whose encoder has just said goodbye. */
async function saidGoodbye(): Promise<Broadcast> {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, FRAMES);
  ingest.end("finished");
  assert.equal(broadcast.manager.find("demo"), undefined, "the name is free");
  return broadcast;
}

Deno.test("after a goodbye silence goes on in rhythm until the playlist ends", async () => {
  const broadcast = await saidGoodbye();
  await broadcast.pass(GRACE_MS - 50);
  assert.equal(broadcast.playlist().ended, false);
  await broadcast.pass(50);
  assert.equal(broadcast.playlist().ended, true);
  const silent = broadcast.heardFrames.length - FRAMES;
  assert.ok(silent * FRAME_MS > GRACE_MS - 1500, `${silent} silent frames`);
  assert.deepEqual(broadcast.heardFrames, [...count(0, FRAMES), ...Array(silent).fill(-1)]);
  assert.ok(Math.max(...broadcast.cadences) <= 1.4, `${Math.max(...broadcast.cadences)}`);
  assert.ok(broadcast.heard.every(({ discontinuity }) => !discontinuity));
  assert.ok(broadcast.heard.every(({ durationUs }) => durationUs > 1e6), "no segment is short");
  await broadcast.pass(5000);
  assert.equal(broadcast.heardFrames.length, FRAMES + silent, "nothing follows the end");
  await broadcast.stop();
});

Deno.test("a teardown after a goodbye ends the playlist at once, behind the last words", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, FRAMES);
  const id = broadcast.manager.find("demo")?.id ?? NaN;
  ingest.end("finished");
  broadcast.hls.endNow("demo", id);
  await broadcast.pass(1);
  assert.equal(broadcast.playlist().ended, true);
  assert.deepEqual(broadcast.heardFrames, count(0, FRAMES));
  await broadcast.stop();
});

for (const awayMs of [300, 6000]) {
  Deno.test(`who is back ${awayMs} ms after a goodbye ends its silence and joins behind it`, async () => {
    const broadcast = await saidGoodbye();
    await broadcast.pass(awayMs);
    const again = broadcast.connect();
    await broadcast.live(again, 1000, 1000 + FRAMES);
    const silent = broadcast.heardFrames.filter((number) => number < 0).length;
    assert.ok(silent * FRAME_MS <= awayMs, `${silent} silent frames`);
    await broadcast.pass(0);
    assert.deepEqual(broadcast.heardFrames, [
      ...count(0, FRAMES),
      ...Array(silent).fill(-1),
      ...count(1000, 1000 + FRAMES - 20),
    ]);
    assert.equal(broadcast.heard.filter(({ discontinuity }) => discontinuity).length, 1);
    assert.ok(Math.max(...broadcast.cadences) <= 1.4, `${Math.max(...broadcast.cadences)}`);
    assert.equal(broadcast.playlist().ended, false);
    await broadcast.stop();
  });
}

Deno.test("a server that stops after a goodbye lists the last words, and ends nothing", async () => {
  const broadcast = await saidGoodbye();
  await broadcast.stop();
  assert.deepEqual(broadcast.frames(), count(0, FRAMES));
  assert.equal(broadcast.playlist().ended, false);
});

Deno.test("a broadcast of less than a segment is heard to its end", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, 20);
  ingest.end("finished");
  await broadcast.pass(GRACE_MS);
  assert.equal(broadcast.playlist().ended, true);
  assert.deepEqual(broadcast.heardFrames.slice(0, 21), [...count(0, 20), -1]);
  await broadcast.stop();
});
