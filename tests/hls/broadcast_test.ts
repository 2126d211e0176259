import assert from "node:assert/strict";
import { type AudioConfig, SAMPLES_PER_FRAME } from "../../src/audio/audio_config.ts";
import { AdtsParser } from "../../src/audio/adts_parser.ts";
import { Hls } from "../../src/hls/hls.ts";
import { parsePlaylist, type SegmentEntry } from "../../src/hls/playlist.ts";
import { NO_PREROLL } from "../../src/hls/preroll.ts";
import { PLAYLIST_FILE } from "../../src/hls/stream_files.ts";
import { EventBus } from "../../src/session/events.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { SessionManager } from "../../src/session/session_manager.ts";
import { FakeClock } from "../fake_clock.ts";
import { packets } from "../mpegts/packets.ts";
import { MemoryFolder, NO_STATES } from "./memory_files.ts";

const FRAME_MS = 1024_000 / 48_000;
const FRAMES_PER_SEGMENT = 47;
const CONFIG: AudioConfig = {
  objectType: 2,
  sampleRate: 48_000,
  channelConfiguration: 2,
  programConfig: undefined,
  sbr: undefined,
  ps: undefined,
};
const SILENCE_BYTES = 6;

/** A broadcast of numbered frames, and a listener that reads every version of its playlist. */
class Broadcast {
  readonly clock = new FakeClock();
  readonly folder = new MemoryFolder();
  readonly heard: SegmentEntry[] = [];
  /** Time between versions, in target durations. */
  readonly cadences: number[] = [];
  readonly #data = new Uint8Array(40).fill(1);
  readonly #view = new DataView(this.#data.buffer);
  #etag = "";
  #versionAt = NaN;

  private constructor(
    readonly manager: SessionManager,
    readonly hls: Hls,
    clock: FakeClock,
    folder: MemoryFolder,
  ) {
    this.clock = clock;
    this.folder = folder;
  }

  static async start(): Promise<Broadcast> {
    const clock = new FakeClock();
    const events = new EventBus();
    const manager = new SessionManager({
      clock,
      events,
      keys: new KeyStore(clock, 0),
      auth: "open",
      maxSessions: 10,
      maxWaiting: 10,
      policy: {
        holdMs: 30_000,
        firstWaitMs: 1_800_000,
        unheardWaitMs: 30_000,
        waitMs: { rtmp: 30_000, srt: 60_000 },
        timeline: { maxDelayMs: 10_000, targetMs: 1000 },
      },
    });
    const folder = new MemoryFolder();
    const hls = await Hls.open({
      clock,
      events,
      targetMs: 1000,
      folder,
      states: NO_STATES,
      preroll: NO_PREROLL,
    });
    manager.addOutput(hls.output);
    return new Broadcast(manager, hls, clock, folder);
  }

  connect(): Ingest {
    const transport = { protocol: "rtmp" as const, address: "127.0.0.1", close: () => {} };
    const ingest = this.manager.publish({ name: "demo", key: undefined, transport });
    ingest.configure(CONFIG);
    return ingest;
  }

  send(ingest: Ingest, number: number): void {
    this.#view.setUint32(0, number);
    ingest.write(this.#data, number * FRAME_MS);
  }

  /** Frames `from` up to `to` in real time. */
  async live(ingest: Ingest, from: number, to: number): Promise<void> {
    for (let number = from; number < to; number++) {
      this.send(ingest, number);
      await this.pass(FRAME_MS);
    }
  }

  /** Lets time pass, and the listener look. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await this.clock.advance(Math.min(left, 50));
      this.listen();
    }
  }

  listen(): void {
    const version = this.hls.find("demo")?.playlist;
    if (version === undefined || version.etag === this.#etag) return;
    this.#etag = version.etag;
    const now = this.clock.monotonic();
    if (!Number.isNaN(this.#versionAt)) this.cadences.push((now - this.#versionAt) / 1000);
    this.#versionAt = now;
    const known = new Set(this.heard.slice(-100).map(({ uri }) => uri));
    for (const segment of this.playlist().segments) {
      if (!known.has(segment.uri)) this.heard.push(segment);
    }
  }

  playlist() {
    const parsed = parsePlaylist(new TextDecoder().decode(this.hls.find("demo")?.playlist?.text));
    assert.ok(parsed);
    return parsed;
  }

  /** Numbers of the frames in all segments that are on disk; -1 for a silent one. */
  frames(): number[] {
    const numbers: number[] = [];
    const sink = {
      configure: () => {},
      write: (data: Uint8Array) => {
        const view = new DataView(data.buffer, data.byteOffset);
        numbers.push(data.length === SILENCE_BYTES ? -1 : view.getUint32(0));
      },
      bad: (count: number) => assert.equal(count, 0),
    };
    const files = this.folder.stream("demo").files;
    const names = [...files.keys()].filter((name) => name !== PLAYLIST_FILE).sort();
    for (const name of names) {
      const parser = new AdtsParser(sink);
      for (const { pid, unitStart, payload } of packets(files.get(name) ?? new Uint8Array())) {
        if (pid === 0x100) parser.feed(payload.subarray(unitStart ? 14 : 0));
      }
      parser.flush();
    }
    return numbers;
  }

  async stop(): Promise<void> {
    this.manager.stop("shutdown", SERVER_REASON);
    await this.hls.stop();
    assert.equal(this.clock.timerCount, 0);
  }
}

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
  const etag = broadcast.hls.find("demo")?.playlist?.etag;
  await broadcast.pass(20_000);
  assert.equal(broadcast.hls.find("demo")?.playlist?.etag, etag);
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

Deno.test("two days of frames: exact durations to the last segment, and nothing grows", async () => {
  const broadcast = await Broadcast.start();
  const ingest = broadcast.connect();
  const seconds = 48 * 3600;
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
    Math.round(seconds * FRAMES_PER_SEGMENT * SAMPLES_PER_FRAME * 1e6 / 48_000),
  );
  const wall = broadcast.playlist().segments.at(-1)?.wallMs ?? 0;
  assert.ok(Math.abs(broadcast.clock.now() - wall - FRAMES_PER_SEGMENT * FRAME_MS) < 50);
  assert.ok(Math.abs(broadcast.folder.stream("demo").files.size - files) <= 1);
  assert.equal(broadcast.manager.find("demo")?.quality.filler_count, 0);
  assert.ok(heardMs(broadcast.playlist().segments) < 13_000);
  await broadcast.stop();
});
