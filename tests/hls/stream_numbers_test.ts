/** The numbers, wall times and discontinuities in a playlist. */
import assert from "node:assert/strict";
import { setUp } from "../../testing/hls/stream_fixture.ts";

Deno.test("wall time does not go back from one session of a name to the next", async () => {
  const { stream, feeder, clock, playlist } = setUp();
  const add = (dueMs: number) =>
    stream.add({
      packages: [new Uint8Array(188)],
      durationUs: 1_000_000,
      discontinuity: false,
      dueMs,
      endsInWait: false,
    });
  stream.join(feeder);
  const start = clock.now();
  for (let i = 0; i < 3; i++) {
    add(9000 + 1000 * i);
    await clock.advance(1000);
  }
  stream.leave("finished", () => {});
  stream.join(feeder);
  for (let i = 0; i < 2; i++) {
    add(clock.monotonic());
    await clock.advance(1000);
  }
  const walls = playlist().segments.map(({ wallMs }) => (wallMs ?? 0) - start);
  assert.deepEqual(walls, [9000, 10_000, 11_000, 12_000, 12_995]);
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
  const others = { written: true, shownOpen: [] };
  assert.deepEqual(saved, [{ mediaSequence: 1101, discontinuitySequence: 1, ...others }]);
  await broadcast(999);
  assert.equal(saved.length, 1);
  await broadcast(2);
  assert.deepEqual(saved[1], { mediaSequence: 2102, discontinuitySequence: 1, ...others });
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
  await clock.advance(0);
  assert.deepEqual(playlist().segments, preroll, "to be heard at once");
  await clock.advance(1000);
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
  stream.restore({
    playlist: {
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
    files: [...files.files.keys()],
    ageMs: 5000,
  });
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

Deno.test("a playlist has another entity tag than one with other text, also of another run", () => {
  const tagOf = (ended: boolean) => {
    const { stream, clock } = setUp();
    const uri = "50-1700000000.ts";
    const segment = { uri, durationUs: 1_000_000, discontinuity: false, wallMs: clock.now() };
    const numbers = { mediaSequence: 50, discontinuitySequence: 0 };
    const playlist = { targetDuration: 1, ...numbers, segments: [segment], ended };
    stream.restore({ playlist, files: [uri], ageMs: 0 });
    stream.close();
    return stream.playlist()?.etag;
  };
  assert.match(tagOf(false) ?? "", /^"[^"]+"$/);
  assert.equal(tagOf(false), tagOf(false));
  assert.notEqual(tagOf(false), tagOf(true));
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
  stream.restore({ playlist: old, files: ["50-1700000000.ts"], ageMs: 60_000 });
  assert.equal(stream.playlist(), undefined);
  stream.sweep();
  await clock.advance(0);
  assert.deepEqual([files.files.size, counts.gone], [0, 1]);
});
