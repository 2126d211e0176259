/** When segments are listed, how long they are kept, and what a slow disk does to that. */
import assert from "node:assert/strict";
import { setUp } from "../../testing/hls/stream_fixture.ts";

Deno.test("a segment is listed once it and its playlist are written", async () => {
  const { stream, feeder, add, files, clock, sequences } = setUp();
  stream.join(feeder);
  assert.equal(stream.playlist(), undefined);
  add();
  await clock.advance(0);
  assert.deepEqual(sequences(), [100]);
  const served = stream.playlist() as { text: Uint8Array } | undefined;
  const onDisk = new TextDecoder().decode(files.files.get("playlist.m3u8"));
  assert.equal(onDisk, new TextDecoder().decode(served?.text));
});

Deno.test("a disk that hangs holds a segment up for half a target duration, not longer", async () => {
  const { stream, feeder, add, files, clock, playlist } = setUp();
  files.delay = () => new Promise(() => {});
  stream.join(feeder);
  add();
  await clock.advance(499);
  assert.equal(stream.playlist(), undefined);
  await clock.advance(1);
  assert.equal(playlist().segments.length, 1);
  for (let i = 0; i < 20; i++) {
    add();
    await clock.advance(1000);
  }
  assert.equal(playlist().segments.length, 12, "the broadcast goes on from memory");
});

Deno.test("a segment that could not be written stays to be had from memory when it has left", async () => {
  const { stream, feeder, files, broadcast, playlist } = setUp();
  stream.join(feeder);
  files.delay = () => Promise.resolve(false);
  await broadcast(1);
  const first = playlist().segments[0]?.uri ?? "";
  await broadcast(20);
  assert.ok(!playlist().segments.some(({ uri }) => uri === first));
  assert.equal(stream.segment(first)?.length, 188);
  await broadcast(40);
  assert.equal(stream.segment(first), undefined, "but not for ever");
});

Deno.test("the window keeps 12 s, four segments and three target durations", async () => {
  for (const [targetMs, expected] of [[1000, 12], [2000, 6], [4000, 4], [5000, 4], [8000, 4]]) {
    const { stream, feeder, broadcast, playlist } = setUp({ targetMs });
    stream.join(feeder);
    await broadcast(20);
    assert.equal(playlist().segments.length, expected, `${targetMs} ms`);
    stream.close();
  }
});

Deno.test("segments stay on disk for 38 s after they have left, and then go", async () => {
  const { stream, feeder, files, broadcast } = setUp();
  stream.join(feeder);
  await broadcast(12);
  const first = [...files.files.keys()].find((file) => file.startsWith("100-")) ?? "";
  await broadcast(37);
  assert.ok(files.files.has(first));
  assert.equal(stream.segment(first), undefined, "it is no longer in memory");
  await broadcast(1);
  assert.ok(!files.files.has(first));
  assert.equal(files.files.size, 12 + 37 + 1, "the window, those kept, and the playlist");
});

Deno.test("segments that are ready together come in one version, half a target apart from the last", async () => {
  const { stream, feeder, add, clock, counts, sequences } = setUp();
  stream.join(feeder);
  add();
  await clock.advance(100);
  for (let i = 0; i < 3; i++) add();
  await clock.advance(399);
  assert.deepEqual([counts.listed, sequences()], [1, [100]]);
  await clock.advance(1);
  assert.deepEqual([counts.listed, sequences()], [2, [100, 101, 102, 103]]);
});

Deno.test("when nothing new came for 1.25 target durations, the open segment is completed", async () => {
  const { stream, feeder, add, clock, counts } = setUp();
  stream.join(feeder);
  add();
  await clock.advance(1249);
  assert.equal(counts.completed, 0);
  await clock.advance(1);
  assert.equal(counts.completed, 1);
});

Deno.test("nothing is completed while a segment waits for the next version", async () => {
  const { stream, feeder, add, clock, counts, sequences } = setUp({ targetDuration: 6 });
  stream.join(feeder);
  add();
  await clock.advance(1000);
  add();
  await clock.advance(1999);
  assert.deepEqual([counts.completed, sequences()], [0, [100]]);
  await clock.advance(1);
  assert.deepEqual(sequences(), [100, 101]);
  await clock.advance(1250);
  assert.equal(counts.completed, 1);
});

Deno.test("nothing is completed while audio may wait that arrived when the server stood still", async () => {
  for (const standstillMs of [100, 500, 3000, 12_000]) {
    const { stream, feeder, add, clock, counts } = setUp();
    stream.join(feeder);
    add();
    await clock.advance(1200);
    clock.standStill(standstillMs);
    assert.equal(counts.completed, 0);
    await clock.advance(20);
    add();
    await clock.advance(1000);
    assert.equal(counts.completed, 0, `${standstillMs} ms`);
    await clock.advance(1500);
    assert.equal(counts.completed, 1, "and then it is");
    stream.close();
  }
});

Deno.test("what listeners could not fetch while the server stood still is still to be had", async () => {
  const { stream, feeder, files, broadcast, clock, leave, counts } = setUp();
  stream.join(feeder);
  clock.every(1000, () => stream.sweep());
  await broadcast(13);
  const first = [...files.files.keys()].find((file) => file.startsWith("100-")) ?? "";
  clock.standStill(60_000);
  stream.sweep();
  assert.ok(files.files.has(first), "it has left the playlist a second ago");
  leave("lost");
  clock.standStill(60_000);
  stream.sweep();
  assert.deepEqual([counts.gone, counts.released], [0, 0]);
  await clock.advance(60_000);
  stream.sweep();
  assert.deepEqual([counts.gone, counts.released], [1, 1]);
});

Deno.test("the disk has its time also where the server stands still", async () => {
  const { stream, feeder, add, files, clock, saved } = setUp();
  stream.join(feeder);
  add();
  await clock.advance(1000);
  const written = Promise.withResolvers<boolean>();
  files.delay = () => written.promise;
  add();
  await clock.advance(100);
  clock.standStill(12_000);
  written.resolve(true);
  await clock.advance(0);
  assert.deepEqual(saved.filter((state) => state.written === false), []);
  stream.close();
});

Deno.test("however many segments come at once, each is listed for three target durations", async () => {
  const { stream, feeder, add, clock, broadcast, sequences } = setUp();
  stream.join(feeder);
  await broadcast(20);
  add();
  await clock.advance(0);
  assert.equal(sequences().at(-1), 120);
  for (let i = 0; i < 30; i++) add();
  await clock.advance(1000);
  assert.deepEqual(sequences(), Array.from({ length: 33 }, (_, i) => 118 + i));
  await broadcast(1);
  assert.deepEqual([sequences()[0], sequences().at(-1)], [119, 151]);
  await broadcast(3);
  assert.equal(sequences().length, 12);
});

Deno.test("segments that follow a completed one keep its pace", async () => {
  const completedAt: number[] = [];
  const { stream, feeder, add, clock } = setUp({
    complete: () => {
      completedAt.push(clock.monotonic());
      add(1000, false, true);
    },
  });
  stream.join(feeder);
  add();
  await clock.advance(5300);
  assert.deepEqual(completedAt, [1250, 2250, 3250, 4250, 5250]);
  add();
  await clock.advance(1600);
  assert.deepEqual(completedAt.slice(5), [], "audio is back");
  await clock.advance(300);
  assert.equal(completedAt.length, 6);
});

Deno.test("a disk that is slow for once puts no silence into audio that is there", async () => {
  const { stream, feeder, broadcast, counts, files, clock, playlist } = setUp();
  stream.join(feeder);
  await broadcast(3);
  files.delay = () => new Promise((resolve) => clock.after(200, () => resolve(true)));
  await broadcast(1);
  files.delay = undefined;
  await broadcast(5);
  assert.equal(counts.completed, 0);
  assert.equal(playlist().segments.length, 9);
});

Deno.test("what was listed unwritten is noted, so that a restart does not join the old window", async () => {
  const { stream, feeder, broadcast, files, saved } = setUp();
  stream.join(feeder);
  await broadcast(2);
  files.delay = () => new Promise(() => {});
  await broadcast(1);
  assert.equal(saved.at(-1)?.written, false);
});

Deno.test("a day of broadcast leaves no more behind than five minutes", async () => {
  const { stream, feeder, clock, files, counts, sequences, add, playlist } = setUp();
  stream.join(feeder);
  const run = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      add();
      await clock.advance(1000);
      stream.sweep();
    }
    return [files.files.size, clock.timerCount, playlist().segments.length];
  };
  const afterMinutes = await run(300);
  const afterDay = await run(24 * 3600);
  assert.deepEqual(afterDay, afterMinutes);
  assert.equal(sequences().at(-1), 100 + 300 + 24 * 3600 - 1);
  assert.equal(counts.listed, 300 + 24 * 3600);
});
