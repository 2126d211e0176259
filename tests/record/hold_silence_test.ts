/** With HLS off, a recording holds as much silence as the DJ was away. */
import assert from "node:assert/strict";
import { codecOf } from "../../src/audio/codec_of.ts";
import type { Ingest, Protocol } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { sessionManager } from "../../testing/session/session_manager.ts";
import { until } from "../../testing/until.ts";
import { Archive, SECOND } from "../../testing/record/archive.ts";

const CONFIG = audioConfig();
const SILENCE = codecOf(CONFIG).silentFrame(CONFIG).toHex();
const FRAME_MS = CONFIG.samplesPerFrame * 1000 / CONFIG.sampleRate;
const HOLD_MS = 30_000;
const PART = "demo.20261123T141200Z.mp4.part";

/** Sessions whose only output is the recorder. */
class Studio implements AsyncDisposable {
  readonly manager: SessionManager;
  readonly #protocol: Protocol;

  private constructor(
    readonly archive: Archive,
    protocol: Protocol,
    maxDelayMs: number,
  ) {
    const { bus: events, clock, recorder } = archive;
    this.#protocol = protocol;
    this.manager = sessionManager({
      clock,
      events,
      policy: {
        firstWaitMs: 60_000,
        waitMs: { srt: 300_000 },
        timeline: { maxDelayMs, targetMs: 1000 },
      },
    });
    this.manager.addOutput(recorder.output);
  }

  static async open(protocol: Protocol = "rtmp", maxDelayMs: number = 10_000): Promise<Studio> {
    return new Studio(await Archive.open(), protocol, maxDelayMs);
  }

  connect(): Ingest {
    const transport = { protocol: this.#protocol, address: "127.0.0.1", close: () => {} };
    const ingest = this.manager.publish({ name: "demo", key: undefined, transport });
    ingest.configure(CONFIG);
    return ingest;
  }

  /** A hundred frames in real time, whose timestamps begin at `fromMs`. */
  async play(ingest: Ingest, value: number, fromMs = 0): Promise<void> {
    for (let i = 0; i < 100; i++) {
      ingest.write(new Uint8Array(20).fill(value), fromMs + i * FRAME_MS);
      await this.archive.clock.advance(FRAME_MS);
    }
  }

  /** Lets time pass without audio, once what there was is on the disk, which takes real time. */
  async pass(ms: number): Promise<void> {
    const { recorder, clock } = this.archive;
    const writtenMs = () => recorder.find(PART)?.durationMs ?? 0;
    await until("all whole seconds are written", () => writtenMs() >= 2 * SECOND * FRAME_MS);
    await clock.advance(ms);
  }

  /** What the recording holds in the end: runs of equal frames, by their first byte. */
  async recorded(): Promise<[what: number | "silence", frames: number][]> {
    this.manager.stop("shutdown", SERVER_REASON);
    await this.archive.reach("record-complete", 1);
    const runs: [number | "silence", number][] = [];
    for (const frame of await this.archive.frames("demo.mp4")) {
      const what = frame.toHex() === SILENCE ? "silence" : frame[0] ?? NaN;
      const run = runs.at(-1);
      if (run?.[0] === what) run[1]++;
      else runs.push([what, 1]);
    }
    return runs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.archive[Symbol.asyncDispose]();
  }
}

/** Asserts on the silence between two hundreds of frames. */
function assertSilence(runs: [what: number | "silence", frames: number][], ms: number): void {
  const [first, silence, last] = runs;
  assert.deepEqual([first, silence?.[0], last, runs.length], [[1, 100], "silence", [2, 100], 3]);
  const silentMs = (silence?.[1] ?? 0) * FRAME_MS;
  assert.ok(Math.abs(silentMs - ms) < 2 * FRAME_MS, `${silentMs} ms instead of ${ms}`);
}

for (const awayMs of [3000, 8000, 15_000, 25_000]) {
  Deno.test(`without HLS, ${awayMs / 1000} s without a DJ are as much silence in the recording`, async () => {
    await using studio = await Studio.open();
    const first = studio.connect();
    await studio.play(first, 1);
    first.end("lost");
    await studio.pass(awayMs);
    await studio.play(studio.connect(), 2);
    assertSilence(await studio.recorded(), awayMs);
  });

  Deno.test(`the same where a silent connection is taken over after ${awayMs / 1000} s`, async () => {
    await using studio = await Studio.open();
    await studio.play(studio.connect(), 1);
    await studio.pass(awayMs);
    await studio.play(studio.connect(), 2);
    assertSilence(await studio.recorded(), awayMs);
  });
}

Deno.test("the same where late audio is not waited for at all", async () => {
  await using studio = await Studio.open("rtmp", 0);
  const first = studio.connect();
  await studio.play(first, 1);
  first.end("lost");
  await studio.pass(3000);
  await studio.play(studio.connect(), 2);
  assertSilence(await studio.recorded(), 3000);
});

Deno.test("the same where connections come that bring no audio", async () => {
  await using studio = await Studio.open();
  const first = studio.connect();
  await studio.play(first, 1);
  first.end("lost");
  for (const _ of [1, 2, 3]) {
    await studio.pass(7000);
    studio.connect().end("lost");
  }
  await studio.play(studio.connect(), 2);
  assertSilence(await studio.recorded(), 21_000);
});

Deno.test("a DJ who comes back after the hold goes on behind as much silence as that", async () => {
  await using studio = await Studio.open("srt");
  const first = studio.connect();
  await studio.play(first, 1);
  first.end("lost");
  await studio.pass(50_000);
  await studio.play(studio.connect(), 2);
  assertSilence(await studio.recorded(), HOLD_MS);
});

Deno.test("a recording ends with the last audio of a DJ who does not come back", async () => {
  await using studio = await Studio.open();
  const first = studio.connect();
  await studio.play(first, 1);
  first.end("lost");
  await studio.pass(HOLD_MS);
  assert.equal(studio.manager.find("demo"), undefined);
  assert.deepEqual(await studio.recorded(), [[1, 100]]);
});

Deno.test("without HLS, audio that comes 15 s late on its connection is recorded whole, without silence", async () => {
  await using studio = await Studio.open();
  const ingest = studio.connect();
  await studio.play(ingest, 1);
  await studio.pass(15_000);
  for (let i = 0; i < 700; i++) ingest.write(new Uint8Array(20).fill(2), (100 + i) * FRAME_MS);
  assert.deepEqual(await studio.recorded(), [[1, 100], [2, 700]]);
});

Deno.test("silence stands for no more than the time in which the server was awake", async () => {
  await using studio = await Studio.open();
  const first = studio.connect();
  await studio.play(first, 1);
  first.end("lost");
  await studio.pass(5000);
  studio.archive.clock.standStill(86_400_000);
  await studio.pass(8000);
  await studio.play(studio.connect(), 2);
  const [, silence] = await studio.recorded();
  const silentMs = (silence?.[1] ?? 0) * FRAME_MS;
  assert.ok(silentMs > 11_000 && silentMs < 14_000, `${silentMs} ms`);
});
