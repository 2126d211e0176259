/** Endless streams from the sessions that make them to those who listen. */
import assert from "node:assert/strict";
import { icyBlock } from "../../../src/hls/progressive/icy_metadata.ts";
import { SERVER_REASON } from "../../../src/session/reason.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { FRAME_MS } from "../../../testing/hls/on_air.ts";
import { StreamedBroadcast } from "../../../testing/hls/streamed_broadcast.ts";

/** Frames in so many milliseconds. */
const framesIn = (ms: number) => Math.round(ms / FRAME_MS);

/** Whether `frames` are numbers one behind the other. */
function assertGapless(frames: readonly number[]): void {
  const first = frames[0] ?? NaN;
  assert.deepEqual(frames, frames.map((_, i) => first + i));
}

Deno.test("who comes first hears the last seconds, and then each frame once", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  assert.equal(broadcast.copies.fileOf("demo"), undefined);
  await broadcast.live(ingest, 0, 500);
  assert.equal(broadcast.copies.fileOf("demo"), "stream.aac");
  assert.equal(broadcast.messages, 1);
  const listener = await broadcast.join();
  assert.ok(listener !== undefined);
  assertGapless(listener.frames);
  const burst = listener.frames.length;
  assert.ok(burst >= framesIn(4000) && burst <= framesIn(4300), `${burst} frames`);
  // The last one ends where the next begins.
  assert.equal(listener.frames.at(-1), 498);
  await broadcast.live(ingest, 500, 700);
  assertGapless(listener.frames);
  assert.ok(Number(listener.frames.at(-1)) >= 700 - framesIn(250));
  await broadcast.stop();
});

Deno.test("a show that has just begun is heard from its first frame on", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 20);
  const listener = await broadcast.join();
  await broadcast.live(ingest, 20, 100);
  assert.equal(listener?.frames[0], 0);
  assertGapless(listener?.frames ?? []);
  await broadcast.stop();
});

Deno.test("a thread is told of a broadcast while somebody listens there, five times a second", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 100);
  assert.equal(broadcast.messages, 1);
  const listener = await broadcast.join();
  const before = broadcast.messages;
  await broadcast.live(ingest, 100, 100 + framesIn(10_000));
  assert.ok(Math.abs(broadcast.messages - before - 50) <= 1, `${broadcast.messages - before}`);
  listener?.leave();
  await broadcast.live(ingest, 1000, 1000 + framesIn(62_000));
  assert.deepEqual(broadcast.asked.map(({ kind }) => kind), ["subscribe", "unsubscribe"]);
  const after = broadcast.messages;
  await broadcast.live(ingest, 5000, 5100);
  assert.equal(broadcast.messages, after);
  await broadcast.stop();
});

Deno.test("many broadcasts are told in one message", async () => {
  const broadcast = await StreamedBroadcast.start();
  const names = ["a", "b", "c", "d"];
  const ingests = names.map((name) => broadcast.publish(name));
  for (const ingest of ingests) broadcast.send(ingest, 0);
  for (const name of names) void broadcast.join(name);
  await broadcast.clock.advance(10);
  const before = broadcast.messages;
  for (let number = 1; number < 100; number++) {
    for (const ingest of ingests) broadcast.send(ingest, number);
    await broadcast.clock.advance(FRAME_MS);
  }
  assert.ok(broadcast.messages - before <= 12, `${broadcast.messages - before}`);
  await broadcast.stop();
});

Deno.test("silence is heard through a hold, in time, and then who is back", async () => {
  for (const targetMs of [1000, 8000]) {
    const broadcast = await StreamedBroadcast.start(targetMs);
    const ingest = broadcast.publish();
    await broadcast.live(ingest, 0, 1000);
    const listener = await broadcast.join();
    assert.ok(listener !== undefined);
    const burst = listener.frames.length;
    await broadcast.live(ingest, 1000, 1100);
    ingest.end("lost");
    // A receiver that plays since it came has always something to play.
    let played = burst - framesIn(4000);
    played += 100;
    for (let ms = 0; ms < 20_000; ms += 100) {
      await broadcast.clock.advance(100);
      played += 100 / FRAME_MS;
      assert.ok(listener.frames.length > played, `${targetMs}: dry after ${ms} ms`);
    }
    const back = broadcast.publish();
    await broadcast.live(back, 5000, 5100);
    assert.ok(!listener.isOver);
    assert.ok(listener.frames.includes(-1));
    const real = listener.frames.filter((number) => number >= 0);
    assertGapless(real.filter((number) => number < 5000));
    assertGapless(real.filter((number) => number >= 5000));
    await broadcast.stop();
  }
});

Deno.test("a stream ends with the hold, and is there again when the encoder is", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 300);
  const listener = await broadcast.join();
  ingest.end("lost");
  await broadcast.clock.advance(29_000);
  assert.equal(listener?.isOver, false);
  await broadcast.clock.advance(2000);
  assert.equal(listener?.isOver, true);
  assert.equal(broadcast.copies.fileOf("demo"), undefined);
  assert.equal(await broadcast.join(), undefined);
  await broadcast.live(broadcast.publish(), 0, 100);
  assertGapless((await broadcast.join())?.frames ?? []);
  await broadcast.stop();
});

Deno.test("after a goodbye the stream goes on for a moment, also for another session", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 300);
  const listener = await broadcast.join();
  ingest.end("finished");
  await broadcast.clock.advance(6000);
  const next = broadcast.publish();
  await broadcast.live(next, 1000, 1100);
  assert.equal(listener?.isOver, false);
  assert.ok(listener?.frames.includes(1000));
  next.end("finished");
  await broadcast.clock.advance(11_000);
  assert.equal(listener?.isOver, true);
  await broadcast.stop();
});

Deno.test("a teardown ends the stream at once, also that of a session that has just left", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 300);
  const listener = await broadcast.join();
  broadcast.manager.find("demo")?.end("teardown", SERVER_REASON);
  assert.equal(listener?.isOver, true);
  assert.equal(listener?.frames.at(-1), 299);
  const other = broadcast.publish("other");
  await broadcast.live(other, 0, 300);
  const heard = await broadcast.join("other");
  const { id = 0 } = broadcast.manager.find("other") ?? {};
  other.end("finished");
  assert.equal(heard?.isOver, false);
  broadcast.streams.endNow("other", id);
  assert.equal(heard?.isOver, true);
  await broadcast.stop();
});

Deno.test("the rest of a stream that is over is offered to who is slow, who is let go after a while", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 300);
  const [slow, stalled] = await Promise.all([
    broadcast.copies.join("demo"),
    broadcast.copies.join("demo"),
  ]);
  assert.ok(typeof slow === "object" && typeof stalled === "object");
  let taken = 0;
  // As a system that has no room until its peer has read.
  slow.cursor.onMore(() => {
    const bytes = slow.cursor.next() ?? new Uint8Array();
    slow.cursor.sent(bytes.length);
    taken += bytes.length;
  });
  broadcast.manager.find("demo")?.end("teardown", SERVER_REASON);
  const atOnce = taken;
  await broadcast.clock.advance(10_000);
  assert.ok(taken > 5 * atOnce, `${taken} bytes of which ${atOnce} at once`);
  assert.ok((stalled.cursor.next()?.length ?? 0) > 0);
  await broadcast.clock.advance(11_000);
  assert.equal(stalled.cursor.next(), undefined);
  await broadcast.stop();
});

Deno.test("another sample rate goes on in the same stream, as each frame tells its own", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 300);
  const listener = await broadcast.join();
  ingest.configure(audioConfig({ sampleRate: 44_100 }));
  await broadcast.live(ingest, 300, 600);
  assert.equal(listener?.isOver, false);
  assert.deepEqual(listener?.configs.map(({ sampleRate }) => sampleRate), [48_000, 44_100]);
  assert.ok(listener?.frames.includes(599 - framesIn(300)));
  await broadcast.stop();
});

Deno.test("who comes after another sample rate has begun hears that alone, in any thread", async () => {
  const broadcast = await StreamedBroadcast.start();
  const other = broadcast.connect();
  const ingest = broadcast.publish();
  ingest.metadata({ title: "Misty", artist: undefined }, 0);
  await broadcast.live(ingest, 0, 300);
  const early = await broadcast.join();
  await broadcast.live(ingest, 300, 305);
  ingest.configure(audioConfig({ sampleRate: 44_100 }));
  await broadcast.live(ingest, 305, 355);
  const late = [await broadcast.join(), await broadcast.join("demo", other)];
  await broadcast.live(ingest, 355, 405);
  for (const listener of late) {
    assert.deepEqual(listener?.configs.map(({ sampleRate }) => sampleRate), [44_100]);
    assert.equal(listener?.frames[0], 305);
    assertGapless(listener?.frames ?? []);
  }
  assertGapless(early?.frames ?? []);
  const joined = await broadcast.copies.join("demo");
  assert.ok(typeof joined === "object");
  assert.deepEqual(joined.cursor.blockAhead(0), icyBlock("Misty"));
  joined.cursor.leave();
  other.close();
  await broadcast.stop();
});

Deno.test("another take of the same sample rate keeps what was before for who comes", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 300);
  await broadcast.join();
  ingest.end("finished");
  const next = broadcast.publish();
  await broadcast.live(next, 300, 340);
  const frames = (await broadcast.join())?.frames ?? [];
  assert.ok(frames.includes(250) && frames.includes(330));
  await broadcast.stop();
});

Deno.test("who listens in two threads hears the same", async () => {
  const broadcast = await StreamedBroadcast.start();
  const other = broadcast.connect();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 400);
  const one = await broadcast.join();
  await broadcast.live(ingest, 400, 455);
  const two = await broadcast.join("demo", other);
  await broadcast.live(ingest, 455, 600);
  for (const listener of [one, two]) assertGapless(listener?.frames ?? []);
  assert.equal(one?.frames.at(-1), two?.frames.at(-1));
  assert.deepEqual([...broadcast.copies.listeners], [["demo", 1]]);
  other.close();
  await broadcast.stop();
});

Deno.test("who comes back at once hears nothing twice", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  await broadcast.live(ingest, 0, 400);
  (await broadcast.join())?.leave();
  await broadcast.live(ingest, 400, 400 + framesIn(60_500));
  const from = 400 + framesIn(60_500);
  const listener = await broadcast.join();
  await broadcast.live(ingest, from, from + 100);
  assertGapless(listener?.frames ?? []);
  await broadcast.stop();
});

Deno.test("a thread that takes nothing is told no more", async () => {
  const broadcast = await StreamedBroadcast.start();
  const kinds: string[] = [];
  const subscriber = broadcast.streams.connect((news) => kinds.push(news.kind));
  const ingest = broadcast.publish();
  ingest.write(new Uint8Array(6000), 0);
  subscriber.take({ kind: "subscribe", name: "demo", id: 1 });
  for (let frame = 1; !kinds.includes("behind"); frame++) {
    assert.ok(frame < 12_000);
    ingest.write(new Uint8Array(6000), frame * FRAME_MS);
    await broadcast.clock.advance(FRAME_MS);
  }
  const told = kinds.length;
  for (let frame = 12_000; frame < 12_100; frame++) {
    ingest.write(new Uint8Array(60), frame * FRAME_MS);
  }
  await broadcast.clock.advance(1000);
  assert.equal(kinds.length, told);
  subscriber.close();
  await broadcast.stop();
});

Deno.test("each title stands at its frame, also in what was before", async () => {
  const broadcast = await StreamedBroadcast.start();
  const ingest = broadcast.publish();
  const titles: [string, number][] = [];
  const numbers: number[] = [];
  const tell = (title: string, number: number) =>
    ingest.metadata({ title, artist: "A" }, number * FRAME_MS);
  tell("early", 0);
  await broadcast.live(ingest, 0, 400);
  tell("recent", 400);
  await broadcast.live(ingest, 400, 500);
  const subscriber = broadcast.streams.connect((news) => {
    if (news.kind !== "chunks") return;
    for (const { chunks } of news.chunks) {
      for (const { bytes, titles: placed } of chunks) {
        const frames = framesOf(bytes);
        for (const { at, title } of placed) titles.push([title, frames.get(at) ?? NaN]);
        numbers.push(...frames.values());
      }
    }
  });
  subscriber.take({ kind: "subscribe", name: "demo", id: 1 });
  await broadcast.live(ingest, 500, 600);
  tell("now", 600);
  await broadcast.live(ingest, 600, 700);
  assert.deepEqual(titles, [["A - early", Number(numbers[0])], ["A - recent", 400], [
    "A - now",
    600,
  ]]);
  subscriber.close();
  await broadcast.stop();
});

/** Numbers of the frames in a chunk, by where they begin. */
function framesOf(bytes: Uint8Array): Map<number, number> {
  const frames = new Map<number, number>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    frames.set(at, view.getUint32(at + 7));
    at += (view.getUint32(at + 3) >>> 13) & 0x1fff;
  }
  return frames;
}
