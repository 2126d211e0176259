import assert from "node:assert/strict";
import { BufferPool } from "../../src/hls/buffer_pool.ts";
import { type NameState, Reservation } from "../../src/hls/name_states.ts";
import { parsePlaylist, type SegmentEntry } from "../../src/hls/playlist.ts";
import { HlsStream } from "../../src/hls/stream.ts";
import type { Numbering } from "../../src/hls/window.ts";
import type { SessionEnd } from "../../src/session/frame_sink.ts";
import { MemoryFiles } from "./memory_files.ts";
import { FakeClock } from "../fake_clock.ts";

function setUp(
  options: { targetMs?: number; preroll?: SegmentEntry[]; numbering?: Numbering } = {},
) {
  const clock = new FakeClock();
  const files = new MemoryFiles();
  const saved: NameState[] = [];
  const counts = { listed: 0, completed: 0, gone: 0, released: 0 };
  const targetMs = options.targetMs ?? 1000;
  const states = {
    save: (_: string, state: NameState) => {
      saved.push(state);
      return Promise.resolve(true);
    },
  };
  const stream = new HlsStream("demo", {
    clock,
    files,
    pool: new BufferPool(1 << 20),
    targetMs,
    targetDuration: Math.ceil(targetMs / 1000),
    numbering: options.numbering ?? { mediaSequence: 100, discontinuitySequence: 0 },
    reservation: new Reservation("demo", states),
    preroll: options.preroll ?? [],
    onGone: () => counts.gone++,
  });
  const feeder = {
    sessionId: 7,
    complete: () => counts.completed++,
    listed: () => counts.listed++,
  };
  const add = (durationMs = targetMs, discontinuity = false) =>
    stream.add({
      bytes: new Uint8Array(188).fill(counts.listed),
      durationUs: durationMs * 1000,
      discontinuity,
      wallMs: clock.now(),
    });
  const playlist = () => {
    const text = new TextDecoder().decode(stream.playlist?.text);
    const parsed = parsePlaylist(text);
    assert.ok(parsed, text);
    return parsed;
  };
  const sequences = () => playlist().segments.map(({ uri }) => Number(uri.split("-")[0]));
  const leave = (how: SessionEnd) => stream.leave(how, () => counts.released++);
  /** A second of stream and of time, `count` times. */
  const broadcast = async (count: number) => {
    for (let i = 0; i < count; i++) {
      add();
      await clock.advance(targetMs);
      stream.sweep();
    }
  };
  return {
    clock,
    files,
    saved,
    stream,
    counts,
    feeder,
    add,
    playlist,
    sequences,
    leave,
    broadcast,
  };
}

Deno.test("a segment is listed once it and its playlist are written", async () => {
  const { stream, feeder, add, files, clock, sequences } = setUp();
  stream.join(feeder);
  assert.equal(stream.playlist, undefined);
  add();
  await clock.advance(0);
  assert.deepEqual(sequences(), [100]);
  const served = stream.playlist as { text: Uint8Array } | undefined;
  const onDisk = new TextDecoder().decode(files.files.get("playlist.m3u8"));
  assert.equal(onDisk, new TextDecoder().decode(served?.text));
});

Deno.test("a disk that hangs holds a segment up for half a target duration, not longer", async () => {
  const { stream, feeder, add, files, clock, playlist } = setUp();
  files.delay = () => new Promise(() => {});
  stream.join(feeder);
  add();
  await clock.advance(499);
  assert.equal(stream.playlist, undefined);
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

Deno.test("segments that follow a completed one keep its pace", async () => {
  const { stream, add, clock, counts } = setUp();
  const completedAt: number[] = [];
  stream.join({
    sessionId: 7,
    complete: () => {
      completedAt.push(clock.monotonic());
      add();
    },
    listed: () => counts.listed++,
  });
  add();
  await clock.advance(5300);
  assert.deepEqual(completedAt, [1250, 2250, 3250, 4250, 5250]);
  add();
  await clock.advance(1600);
  assert.deepEqual(completedAt.slice(5), [], "audio is back");
  await clock.advance(300);
  assert.equal(completedAt.length, 6);
});

Deno.test("a teardown ends the playlist at once", async () => {
  const { stream, feeder, broadcast, add, clock, leave, playlist } = setUp();
  stream.join(feeder);
  await broadcast(3);
  add(300);
  leave("teardown");
  await clock.advance(0);
  assert.equal(playlist().ended, true);
  assert.equal(playlist().segments.length, 4, "with what was open");
});

Deno.test("who is back while the end is being written is not ended", async () => {
  const { stream, feeder, broadcast, add, clock, leave, playlist, files } = setUp();
  stream.join(feeder);
  await broadcast(3);
  files.delay = () => new Promise((resolve) => clock.after(20, () => resolve(true)));
  add(300);
  leave("teardown");
  await clock.advance(10);
  stream.join(feeder);
  await broadcast(5);
  assert.equal(playlist().ended, false);
  assert.ok(playlist().segments.some(({ discontinuity }) => discontinuity));
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

Deno.test("wall time does not go back from one session of a name to the next", async () => {
  const { stream, feeder, clock, playlist } = setUp();
  const add = (wallMs: number) =>
    stream.add({ bytes: new Uint8Array(188), durationUs: 1_000_000, discontinuity: false, wallMs });
  stream.join(feeder);
  const start = clock.now();
  for (let i = 0; i < 3; i++) {
    add(start + 9000 + 1000 * i);
    await clock.advance(1000);
  }
  stream.leave("finished", () => {});
  stream.join(feeder);
  for (let i = 0; i < 2; i++) {
    add(clock.now());
    await clock.advance(1000);
  }
  const walls = playlist().segments.map(({ wallMs }) => (wallMs ?? 0) - start);
  assert.deepEqual(walls, [9000, 10_000, 11_000, 12_000, 13_000]);
});

Deno.test("a goodbye ends the playlist after 10 s, if nobody is back", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist } = setUp();
  stream.join(feeder);
  await broadcast(3);
  leave("finished");
  await clock.advance(9999);
  assert.equal(playlist().ended, false);
  await clock.advance(1);
  assert.equal(playlist().ended, true);
});

Deno.test("a teardown after a goodbye ends the playlist at once, by who said it", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist } = setUp();
  stream.join(feeder);
  await broadcast(3);
  leave("finished");
  stream.endNow(6);
  await clock.advance(0);
  assert.equal(playlist().ended, false);
  stream.endNow(7);
  await clock.advance(0);
  assert.equal(playlist().ended, true);
});

Deno.test("who is back within 10 s of a goodbye joins with a discontinuity", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist, sequences } = setUp();
  stream.join(feeder);
  await broadcast(3);
  leave("finished");
  await clock.advance(9000);
  stream.join(feeder);
  await broadcast(30);
  assert.equal(playlist().ended, false);
  assert.deepEqual(sequences(), [...Array(12).keys()].map((i) => 121 + i));
  assert.equal(playlist().discontinuitySequence, 1, "the tag has left the window");
});

Deno.test("after its end, a name begins a presentation with higher numbers", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist, sequences } = setUp();
  stream.join(feeder);
  await broadcast(3);
  leave("teardown");
  await clock.advance(0);
  stream.join(feeder);
  await broadcast(2);
  assert.deepEqual(sequences(), [103, 104]);
  assert.equal(playlist().discontinuitySequence, 1);
  assert.equal(playlist().segments[0]?.discontinuity, false);
  assert.equal(playlist().ended, false);
});

Deno.test("a lost broadcast's playlist never ends; it goes with its last segment", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist, files, counts } = setUp();
  stream.join(feeder);
  await broadcast(20);
  leave("lost");
  await clock.advance(11_999);
  stream.sweep();
  assert.equal(counts.released, 0);
  await clock.advance(1);
  stream.sweep();
  assert.equal(counts.released, 1, "its last listener has heard it");
  await clock.advance(37_000);
  stream.sweep();
  assert.equal(playlist().ended, false);
  await clock.advance(1000);
  stream.sweep();
  await clock.advance(0);
  assert.equal(counts.gone, 1);
  assert.equal(stream.playlist, undefined);
  assert.equal(files.files.size, 0);
  assert.equal(clock.timerCount, 0);
});

Deno.test("a discontinuity is counted when its tag leaves, not before", async () => {
  const { stream, feeder, broadcast, add, clock, playlist } = setUp();
  stream.join(feeder);
  await broadcast(3);
  add(1000, true);
  await clock.advance(1000);
  await broadcast(11);
  assert.deepEqual([playlist().segments[0]?.discontinuity, playlist().discontinuitySequence], [
    true,
    0,
  ]);
  await broadcast(1);
  assert.deepEqual([playlist().segments[0]?.discontinuity, playlist().discontinuitySequence], [
    false,
    1,
  ]);
});

Deno.test("numbers are reserved in blocks before they are listed", async () => {
  const { stream, feeder, broadcast, saved } = setUp();
  stream.join(feeder);
  await broadcast(1);
  assert.deepEqual(saved, [{ mediaSequence: 1101, discontinuitySequence: 1, written: true }]);
  await broadcast(999);
  assert.equal(saved.length, 1);
  await broadcast(2);
  assert.deepEqual(saved[1], { mediaSequence: 2102, discontinuitySequence: 1, written: true });
});

Deno.test("preroll stands first, and the broadcast behind a discontinuity", async () => {
  const entry = (uri: string) => ({
    uri,
    durationUs: 2_000_000,
    discontinuity: false,
    wallMs: undefined,
  });
  const preroll = [entry("/prerole/a.ts"), entry("/prerole/b.ts")];
  const { stream, feeder, clock, add, playlist, files } = setUp({ preroll, targetMs: 2000 });
  stream.join(feeder);
  await clock.advance(1000);
  assert.deepEqual(playlist().segments, preroll, "to be heard at once");
  add(2000);
  await clock.advance(2000);
  const [a, b, first] = playlist().segments;
  assert.deepEqual([a, b], preroll);
  assert.equal(first?.discontinuity, true);
  for (let i = 0; i < 60; i++) {
    add(2000);
    await clock.advance(2000);
    stream.sweep();
  }
  assert.equal(playlist().discontinuitySequence, 1);
  assert.ok([...files.files.keys()].every((file) => !file.includes("prerole")));
});

Deno.test("what was on disk before a restart is served, joined with a discontinuity, and cleaned", async () => {
  const { stream, feeder, clock, broadcast, playlist, sequences, files } = setUp();
  const uris = [...Array(12).keys()].map((i) => `${50 + i}-1700000000.ts`);
  for (const file of [...uris, "49-1700000000.ts", "62-1700000001.ts"]) {
    files.files.set(file, new Uint8Array(188));
  }
  stream.restore(
    {
      targetDuration: 1,
      mediaSequence: 50,
      discontinuitySequence: 3,
      ended: false,
      segments: uris.map((uri) => ({
        uri,
        durationUs: 1_000_000,
        discontinuity: false,
        wallMs: clock.now() - 20_000,
      })),
    },
    [...files.files.keys()],
    5000,
  );
  assert.deepEqual(playlist().segments.map(({ uri }) => uri), uris);
  stream.join(feeder);
  await broadcast(1);
  assert.deepEqual([sequences().at(-1), playlist().segments.at(-1)?.discontinuity], [62, true]);
  await broadcast(35);
  assert.ok(!files.files.has("49-1700000000.ts"), "left over from before");
  assert.ok(!files.files.has("62-1700000001.ts"), "written but never listed");
  assert.equal(playlist().discontinuitySequence, 4);
  assert.ok(files.files.has(playlist().segments[0]?.uri ?? ""));
});

Deno.test("what is older than its segments may be is not joined but cleaned", async () => {
  const { stream, clock, files, counts } = setUp();
  files.files.set("50-1700000000.ts", new Uint8Array(188));
  const segments = [
    { uri: "50-1700000000.ts", durationUs: 1_000_000, discontinuity: false, wallMs: 1 },
  ];
  const old = {
    targetDuration: 1,
    mediaSequence: 50,
    discontinuitySequence: 0,
    segments,
    ended: false,
  };
  stream.restore(old, ["50-1700000000.ts"], 60_000);
  assert.equal(stream.playlist, undefined);
  stream.sweep();
  await clock.advance(0);
  assert.deepEqual([files.files.size, counts.gone], [0, 1]);
});

Deno.test("at a shutdown the open segment is listed and on disk, and nothing is ended", async () => {
  const { stream, feeder, broadcast, add, leave, playlist, files, clock } = setUp();
  stream.join(feeder);
  await broadcast(3);
  add(1000);
  await clock.advance(100);
  add(300);
  leave("shutdown");
  await stream.flush();
  stream.close();
  assert.deepEqual([playlist().segments.length, playlist().ended], [5, false]);
  assert.equal(
    parsePlaylist(new TextDecoder().decode(files.files.get("playlist.m3u8")))?.segments.length,
    5,
  );
  assert.equal(clock.timerCount, 0);
});

Deno.test("two days of broadcast leave no more behind than an hour", async () => {
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
  const afterDays = await run(48 * 3600);
  assert.deepEqual(afterDays, afterMinutes);
  assert.equal(sequences().at(-1), 100 + 300 + 48 * 3600 - 1);
  assert.equal(counts.listed, 300 + 48 * 3600);
});
