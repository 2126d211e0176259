/** Low latency where the disk does not answer: nobody waits for it without an end. */
import assert from "node:assert/strict";
import { LowLatency } from "../../../src/hls/low_latency/low_latency.ts";
import type { LowLatencyOptions } from "../../../src/hls/low_latency/low_options.ts";
import { lowFeed } from "../../../src/hls/low_latency/low_names.ts";
import { LowPlaces } from "../../../src/hls/low_latency/low_places.ts";
import { PlayedTags } from "../../../src/hls/played_tags.ts";
import { NO_PREROLL } from "../../../src/hls/preroll.ts";
import type { Segment } from "../../../src/hls/segment.ts";
import { SERVER_REASON } from "../../../src/session/reason.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { MemoryFolder, NO_STATES } from "../../../testing/hls/memory_files.ts";
import { FRAME_MS, goOnAir, publish } from "../../../testing/hls/on_air.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";

const SECOND = 47;
const numbering = { mediaSequence: 1, discontinuitySequence: 0 };

function never(): Promise<never> {
  return new Promise(() => {});
}

/**
 * Low latency of a broadcast with segments that are on the disk alone, which does not answer.
 * @param options others, for what is not so slow
 */
function onSlowDisk(
  segments: number,
  options: Partial<LowLatencyOptions> = {},
): { clock: FakeClock; lowLatency: LowLatency } {
  const clock = new FakeClock();
  const known = Array.from({ length: segments }, (_, i): Segment => ({
    ...{ sequence: i + 1, uri: `${i + 1}-1.ts`, durationUs: 1e6, discontinuity: false },
    ...{ wallMs: 1000 * (i + 1), bytes: undefined, size: 188, isWritten: true },
    written: Promise.resolve(true),
    readyAt: 0,
  }));
  const lowLatency = new LowLatency({
    ...{ clock, name: "demo", places: new LowPlaces(clock), onRefused: () => assert.fail() },
    preroll: NO_PREROLL,
    targetDuration: 1,
    files: { readSegment: never },
    showOpen: never,
    labels: { begin: () => ({ sequence: 4, discontinuity: false, wallMs: 4000 }) },
    main: { known, numbering },
    played: new PlayedTags(),
    source: () => ({
      segmenter: { config: audioConfig(), tap: () => undefined },
      config: undefined,
      ended: false,
    }),
    onVersion: () => {},
    ...options,
  });
  return { clock, lowLatency };
}

Deno.test("it opens without what a disk that hangs does not give", async () => {
  const { clock, lowLatency } = onSlowDisk(3);
  let isOpen = false;
  const opened = lowLatency.open().then(() => isOpen = true);
  await clock.advance(500);
  assert.equal(isOpen, false);
  await clock.advance(5000);
  await opened;
});

Deno.test("who comes while it opens waits for it as the first one does", async () => {
  const { clock, lowLatency } = onSlowDisk(0);
  const open: string[] = [];
  const first = lowLatency.open().then(() => open.push("first"));
  await clock.advance(100);
  const second = lowLatency.open().then(() => open.push("second"));
  await clock.advance(100);
  assert.deepEqual(open, [], "what is shown is not kept yet");
  await clock.advance(5000);
  await Promise.all([first, second]);
});

Deno.test("it reads from the newest segment back, and no further than one that cannot be had", async () => {
  const asked: string[] = [];
  const readSegment = (file: string) => {
    asked.push(file);
    return Promise.resolve(file === "2-1.ts" ? undefined : new Uint8Array(188));
  };
  const showOpen = () => Promise.resolve();
  const { clock, lowLatency } = onSlowDisk(3, { files: { readSegment }, showOpen });
  const opened = lowLatency.open();
  await clock.advance(0);
  await opened;
  assert.deepEqual(asked, ["3-1.ts", "2-1.ts"]);
});

Deno.test("a bug in it is told once, and whoever asked is refused", async () => {
  await using log = await LogRecorder.start();
  let refused = 0;
  const { clock, lowLatency } = onSlowDisk(0, {
    source: () => {
      throw new RangeError("of the test");
    },
    onRefused: () => refused++,
  });
  const opened = lowLatency.open();
  await clock.advance(5000);
  await opened;
  assert.equal(refused, 1);
  assert.equal(log.matching(/^fatal .*of the test/).length, 1);
});

/** A broadcast of so many frames with low latency that is shown only when its patience ends. */
async function heldBack(frames: number) {
  const clock = new FakeClock();
  const lowPlaces = new LowPlaces(clock, { total: 2, openings: 9 });
  const states = { ...NO_STATES, save: never };
  const folder = new MemoryFolder();
  const onAir = await goOnAir({ clock, targetMs: 1000, folder, states, lowPlaces });
  const ingest = publish(onAir, "demo");
  let sent = 0;
  const send = async (count: number) => {
    for (const end = sent + count; sent < end; sent++) {
      ingest.write(new Uint8Array(100), sent * FRAME_MS);
      await clock.advance(FRAME_MS);
    }
  };
  await send(frames);
  /** How many playlists there are in each version that a thread of listeners was told. */
  const told: number[] = [];
  const thread = onAir.hls.distributor.connect((news) => {
    if (news.kind === "version") told.push(news.playlists.length);
  });
  const ask = (client: string) => {
    thread.take({ kind: "subscribe", name: lowFeed("demo"), client });
  };
  const stop = async () => {
    onAir.manager.stop("shutdown", SERVER_REASON);
    const stopped = onAir.hls.stop();
    await clock.advance(2000);
    await stopped;
  };
  return { ...{ clock, lowPlaces, hls: onAir.hls }, send, ask, told, stop };
}

Deno.test("who asks again after it gave way while it was held back gets it once it is shown", async () => {
  const { clock, lowPlaces, ask, told, stop } = await heldBack(200);
  ask("192.0.2.1");
  await clock.advance(50);
  const giveWay = () => {};
  // The address has half a vote for each of two.
  const more = lowPlaces.take({ name: "more", client: "192.0.2.1", giveWay });
  const other = lowPlaces.take({ name: "other", client: "192.0.2.2", giveWay });
  assert.ok(more && other, "the first has given way");
  for (const place of [more, other]) place.release();
  ask("192.0.2.3");
  await clock.advance(50);
  assert.deepEqual(told, []);
  for (let i = 0; i < 20; i++) await clock.advance(50);
  assert.deepEqual(new Set(told), new Set([2]));
  await stop();
});

Deno.test("who asked before a new presentation took its place gets that one once it is shown", async () => {
  const { clock, hls, ask, told, stop } = await heldBack(200);
  ask("192.0.2.1");
  await clock.advance(50);
  hls.find("demo")?.low.join(true);
  for (let i = 0; i < 20; i++) await clock.advance(50);
  assert.deepEqual(new Set(told), new Set([2]));
  await stop();
});

Deno.test("who asks a moment before a segment begins waits until that is kept too", async () => {
  const { send, ask, told, stop } = await heldBack(4 * SECOND - 5);
  ask("192.0.2.1");
  await send(15);
  assert.deepEqual(told, []);
  await send(30);
  assert.deepEqual(new Set(told), new Set([2]));
  await stop();
});
