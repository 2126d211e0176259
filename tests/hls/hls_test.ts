/** What is served after a restart, under which numbers, and which events tell of it. */
import assert from "node:assert/strict";
import { HlsFolder } from "../../src/hls/stream_files.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";
import { Run } from "../../testing/hls/run.ts";

const HOUR_MS = 3_600_000;

Deno.test("after a restart the old window is served at once, and the broadcast joins it", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish(), 15);
    const before = first.playlist();
    const lastNumber = first.numbers().at(-1) ?? NaN;
    await first.hls.stop();
    first.kill();

    const second = await Run.start(path, clock);
    assert.deepEqual(second.playlist().segments, before.segments);
    assert.equal(second.playlist().mediaSequence, before.mediaSequence);
    await second.broadcast(second.publish(), 2);
    assert.deepEqual(second.numbers().slice(-2), [lastNumber + 1, lastNumber + 2]);
    const [joined, next] = second.playlist().segments.slice(-2);
    assert.deepEqual([joined?.discontinuity, next?.discontinuity], [true, false]);
    assert.ok((joined?.wallMs ?? 0) > (before.segments.at(-1)?.wallMs ?? Infinity));
    second.kill();
    await second.hls.stop();
  }));

Deno.test("with another target duration the numbers go on, not the window", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish(), 5);
    const lastNumber = first.numbers().at(-1) ?? NaN;
    const { discontinuitySequence } = first.playlist();
    first.kill();
    await first.hls.stop();

    const second = await Run.start(path, clock, 2000);
    assert.equal(second.hls.find("demo")?.playlist(), undefined);
    const ingest = second.publish();
    await second.broadcast(ingest, 4);
    assert.ok((second.numbers()[0] ?? 0) > lastNumber);
    assert.ok(second.playlist().discontinuitySequence > discontinuitySequence);
    second.kill();
    await second.hls.stop();
  }));

Deno.test("a name that comes back after its folder is gone has higher numbers, also after a restart", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish(), 8);
    const lastNumber = first.numbers().at(-1) ?? NaN;
    await first.release();
    assert.equal(first.hls.find("demo"), undefined);
    clock.setWall(Date.UTC(2025, 0, 1));
    await first.broadcast(first.publish(), 1);
    assert.deepEqual(first.numbers(), [lastNumber + 1]);
    first.kill();
    await first.hls.stop();
  }));

Deno.test("a clock that is set a day ahead for a moment has no name's numbers forgotten", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish(), 8);
    const lastNumber = first.numbers().at(-1) ?? NaN;
    await first.release();
    clock.setWall(clock.now() + 25 * HOUR_MS);
    await clock.advance(5000);
    clock.setWall(clock.now() - 50 * HOUR_MS);
    await first.broadcast(first.publish(), 1);
    assert.deepEqual(first.numbers(), [lastNumber + 1]);
    first.kill();
    await first.hls.stop();
  }));

Deno.test("a name's numbers are forgotten a day after its release, however the clock is set", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const run = await Run.start(path, clock);
    await run.broadcast(run.publish(), 2);
    const kept = () => Deno.readTextFileSync(`${path}/.state/demo.json`);
    const reserved = kept();
    await run.release();
    await until("what was reserved is given back", () => kept() !== reserved);
    const isKept = () => [...Deno.readDirSync(`${path}/.state`)].length > 0;
    clock.setWall(clock.now() - 100 * HOUR_MS);
    clock.advanceSync(24 * HOUR_MS);
    await until("they are forgotten", () => !isKept());
    run.kill();
    await run.hls.stop();
  }));

Deno.test("what somebody else keeps in the folders is left alone", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    await Deno.mkdir(`${path}/demo`);
    await Deno.writeTextFile(`${path}/demo/README`, "mine");
    await Deno.mkdir(`${path}/other`);
    await Deno.writeTextFile(`${path}/other/1-1.ts`, "not Echo's: no state is kept of this name");
    const run = await Run.start(path, clock);
    await run.broadcast(run.publish(), 2);
    run.manager.find("demo")?.end("teardown", SERVER_REASON);
    await until("the playlist has ended", () => run.playlist().ended);
    for (let i = 0; i < 60; i++) await clock.advance(1000);
    await until("Echo's files are gone", () => run.files().join() === "README");
    assert.deepEqual(run.files("other"), ["1-1.ts"]);
    run.kill();
    await run.hls.stop();
  }));

Deno.test("events tell when a broadcast can be heard and when no longer", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const run = await Run.start(path, clock);
    const ingest = run.publish();
    await run.broadcast(ingest, 5);
    assert.ok(!run.seen.some((event) => event.kind === "hls-ready"));
    await run.broadcast(ingest, 2, 5 * 47 * FRAME_MS);
    const ready = run.seen.find((event) => event.kind === "hls-ready");
    assert.equal(ready?.kind === "hls-ready" && ready.path, `${path}/demo/playlist.m3u8`);
    run.manager.find("demo")?.end("teardown", SERVER_REASON);
    await clock.advance(6000);
    assert.ok(!run.seen.some((event) => event.kind === "hls-release"));
    await clock.advance(3000);
    assert.ok(run.seen.some((event) => event.kind === "hls-release"));
    run.kill();
    await run.hls.stop();
  }));

Deno.test("events tell how many listen, and at the end how many did at most", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const listeners = { demo: 2 };
    const run = await Run.start(path, clock, 1000, {
      countListeners: (name) => name === "demo" ? listeners.demo : 99,
    });
    const ingest = run.publish();
    await run.broadcast(ingest, 3);
    listeners.demo = 5;
    await run.broadcast(ingest, 2, 3 * 47 * FRAME_MS);
    run.manager.find("demo")?.end("teardown", SERVER_REASON);
    await clock.advance(8000);
    assert.deepEqual(
      run.seen.flatMap((event) => {
        if (event.kind === "audience") return [[event.listeners, event.peak]];
        return event.kind === "hls-release" ? [[event.peakListeners]] : [];
      }),
      [[2, 2], [5]],
    );
    run.kill();
    await run.hls.stop();
  }));

Deno.test("a folder that cannot be written to costs no listener anything, and is logged once", () =>
  withFolder(async (path) => {
    await Deno.writeTextFile(`${path}/file`, "");
    const clock = new FakeClock();
    const run = await Run.start(`${path}/file`, clock);
    await run.broadcast(run.publish(), 15);
    assert.equal(run.playlist().segments.length, 12);
    const uri = run.playlist().segments[0]?.uri ?? "";
    assert.ok((run.hls.find("demo")?.segment(uri)?.length ?? 0) > 1880);
    run.kill();
    await run.hls.stop();
  }));

Deno.test("state that is damaged or foreign does not stop the start", () =>
  withFolder(async (path) => {
    await Deno.mkdir(`${path}/.state`);
    for (
      const [file, text] of [["a.json", "{"], ["b.json", "[1]"], ["c.txt", ""], ["d.json", ""]]
    ) {
      await Deno.writeTextFile(`${path}/.state/${file}`, text ?? "");
    }
    const run = await Run.start(path, new FakeClock());
    assert.equal(run.hls.find("a"), undefined);
    run.kill();
    await run.hls.stop();
  }));

Deno.test("one odd folder does not stop the start, and the others are taken up", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish("good"), 3);
    await first.broadcast(first.publish("odd"), 3);
    first.kill();
    await first.hls.stop();
    await Deno.remove(`${path}/odd`, { recursive: true });
    await Deno.writeTextFile(`${path}/odd`, "a file where a folder should be");
    await Deno.mkdir(`${path}/.state/strange.json`);

    const second = await Run.start(path, clock);
    assert.ok(second.playlist("good").segments.length >= 3);
    await second.broadcast(second.publish("odd"), 2);
    second.manager.find("odd")?.end("teardown", SERVER_REASON);
    for (let i = 0; i < 60; i++) await clock.advance(1000);
    assert.equal(second.hls.find("odd"), undefined);
    second.kill();
    await second.hls.stop();
  }));

Deno.test("with another target duration, what was served stays for its time", () =>
  withFolder(async (path) => {
    const clock = new FakeClock(Date.now());
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish(), 5);
    first.kill();
    await first.hls.stop();
    const segments = first.files().filter((file) => file.endsWith(".ts")).length;
    const second = await Run.start(path, clock, 2000);
    for (let i = 0; i < 5; i++) await clock.advance(1000);
    assert.equal(second.files().filter((file) => file.endsWith(".ts")).length, segments);
    for (let i = 0; i < 60; i++) await clock.advance(1000);
    await until("they are gone", () => ![...Deno.readDirSync(path)].some((e) => e.name === "demo"));
    second.kill();
    await second.hls.stop();
  }));

Deno.test("of many segments that come at once, each is on the disk", async () => {
  await withFolder(async (path) => {
    const folder = new HlsFolder(path);
    const files = folder.stream("demo");
    const names = Array.from({ length: 30 }, (_, i) => `${i}-0.ts`);
    const written = names.map((name) => files.writeSegment(name, new Uint8Array(376)));
    assert.ok((await Promise.all(written)).every((done) => done));
    const { segments } = await folder.list("demo", Date.now());
    assert.deepEqual([...segments].sort(), [...names].sort());
  });
});

Deno.test("a disk that hangs takes no more than a few seconds of a broadcast", async () => {
  await withFolder(async (path) => {
    const clock = new FakeClock();
    clock.every(1000, () => {});
    const folder = new HlsFolder(path, clock);
    const hang = Promise.withResolvers<void>();
    folder.removing.set("demo", hang.promise);
    const files = folder.stream("demo");
    const writes: Promise<boolean>[] = [];
    const write = () => writes.push(files.writeSegment(`${writes.length}-0.ts`, new Uint8Array(1)));
    write();
    clock.standStill(12_000);
    for (let second = 0; second < 10; second++) {
      write();
      await clock.advance(1000);
    }
    hang.resolve();
    const done = await Promise.all(writes);
    assert.equal(done.filter((isDone) => isDone).length, 6);
    assert.ok(await files.writeSegment("again.ts", new Uint8Array(1)));
  });
});
