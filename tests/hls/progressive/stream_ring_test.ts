/** How listeners share the last seconds of an endless stream. */
import assert from "node:assert/strict";
import type { StreamChunk } from "../../../src/hls/progressive/stream_writer.ts";
import { type StreamCursor, StreamRing } from "../../../src/hls/progressive/stream_ring.ts";

const MAX_BEHIND_MS = 20_000;

/** A chunk of 200 ms, whose first byte is its number. */
function chunk(number: number, length = 100): StreamChunk {
  const bytes = new Uint8Array(length);
  bytes[0] = number;
  return { bytes, durationMs: 200, titles: [] };
}

/** A ring with chunks `from` up to `to`. */
function add(ring: StreamRing, from: number, to: number): void {
  for (let number = from; number < to; number++) ring.add(chunk(number), MAX_BEHIND_MS);
}

/** Takes all that there is; numbers of the chunks. */
function drain(cursor: StreamCursor): number[] {
  const numbers: number[] = [];
  for (let bytes = cursor.next(); bytes && bytes.length > 0; bytes = cursor.next()) {
    numbers.push(bytes[0] ?? -1);
    cursor.sent(bytes.length);
  }
  return numbers;
}

Deno.test("who comes gets the last four seconds at once, from the start of a chunk, and then the rest", () => {
  const ring = new StreamRing();
  assert.ok(!ring.isFilled);
  add(ring, 0, 100);
  assert.ok(ring.isFilled);
  const cursor = ring.join();
  assert.deepEqual(drain(cursor), Array.from({ length: 20 }, (_, i) => 80 + i));
  add(ring, 100, 102);
  assert.deepEqual(drain(cursor), [100, 101]);
  assert.equal(ring.bytesPerSecond, 500);
});

Deno.test("who comes is sent nothing from before a change of the configuration", () => {
  const ring = new StreamRing();
  add(ring, 0, 30);
  const early = ring.join();
  ring.add({ ...chunk(30), isNew: true }, MAX_BEHIND_MS);
  assert.deepEqual(drain(ring.join()), [30]);
  add(ring, 31, 40);
  assert.deepEqual(drain(ring.join()), Array.from({ length: 10 }, (_, i) => 30 + i));
  assert.deepEqual(drain(early), Array.from({ length: 30 }, (_, i) => 10 + i));
  add(ring, 40, 100);
  assert.deepEqual(drain(ring.join())[0], 80);
});

Deno.test("who comes when less was sent gets all of it", () => {
  const ring = new StreamRing();
  const early = ring.join();
  assert.deepEqual(drain(early), []);
  add(ring, 0, 3);
  assert.deepEqual(drain(early), [0, 1, 2]);
  assert.deepEqual(drain(ring.join()), [0, 1, 2]);
});

Deno.test("all who listen are sent the same memory", () => {
  const ring = new StreamRing();
  add(ring, 0, 50);
  const [one, other] = [ring.join().next(), ring.join().next()];
  assert.ok(one !== undefined && one.buffer === other?.buffer);
});

Deno.test("what was sent in part goes on where it was", () => {
  const ring = new StreamRing();
  ring.add({ bytes: Uint8Array.of(1, 2, 3, 4), durationMs: 200, titles: [] }, MAX_BEHIND_MS);
  const cursor = ring.join();
  assert.equal(cursor.next()?.length, 4);
  cursor.sent(0);
  cursor.sent(3);
  assert.deepEqual([...cursor.next() ?? []], [4]);
  assert.equal(cursor.position, 3);
});

Deno.test("who is twenty seconds behind is let go, and the others are not", () => {
  const ring = new StreamRing();
  add(ring, 0, 50);
  const [stalled, well] = [ring.join(), ring.join()];
  let told = 0;
  stalled.onMore(() => told++);
  for (let number = 50; number < 50 + 79; number++) {
    add(ring, number, number + 1);
    drain(well);
  }
  assert.equal(ring.listeners, 2);
  assert.notEqual(stalled.next(), undefined);
  for (let number = 129; number < 135; number++) {
    add(ring, number, number + 1);
    drain(well);
  }
  assert.equal(ring.listeners, 1);
  assert.equal(stalled.next(), undefined);
  assert.ok(told > 80);
  assert.notEqual(well.next(), undefined);
});

Deno.test("what is kept is a few seconds, and what the slowest has not been sent", () => {
  const ring = new StreamRing();
  add(ring, 0, 500);
  assert.equal(ring.size, 2000);
  const slow = ring.join();
  for (let number = 500; number < 540; number++) add(ring, number, number + 1);
  assert.equal(ring.size, 6000);
  drain(slow);
  assert.equal(ring.size, 2000);
  slow.leave();
  assert.equal(ring.listeners, 0);
});

Deno.test("at the end each gets what there is, and then nothing", () => {
  const ring = new StreamRing();
  add(ring, 0, 3);
  const cursor = ring.join();
  let told = 0;
  cursor.onMore(() => told++);
  ring.end();
  assert.equal(told, 1);
  assert.deepEqual(drain(cursor), [0, 1, 2]);
  assert.equal(cursor.next(), undefined);
  assert.equal(ring.listeners, 0);
});

Deno.test("what is kept is known however many listen", () => {
  const ring = new StreamRing();
  add(ring, 0, 3);
  for (let i = 0; i < 200_000; i++) ring.join();
  assert.equal(ring.size, 300);
});
