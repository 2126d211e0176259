/** By how much a segment is listed after it was due. */
import assert from "node:assert/strict";
import { BufferPool } from "../../src/hls/buffer_pool.ts";
import { LowPlaces } from "../../src/hls/low_latency/low_places.ts";
import { FORMATS } from "../../src/hls/formats.ts";
import { Reservation } from "../../src/hls/name_states.ts";
import { HlsStream } from "../../src/hls/stream.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { MemoryFiles, NO_STATES } from "../../testing/hls/memory_files.ts";

function setUp() {
  const clock = new FakeClock();
  const files = new MemoryFiles();
  const listed: [file: string, lateMs: number][] = [];
  const stream = new HlsStream("demo", {
    clock,
    files,
    pool: new BufferPool(0),
    formats: FORMATS,
    targetMs: 1000,
    targetDuration: 1,
    numbering: { mediaSequence: 1, discontinuitySequence: 0 },
    reservation: new Reservation("demo", NO_STATES),
    lowPlaces: new LowPlaces(clock),
    preroll: {
      entries: [{ uri: "/prerole/a.ts", durationUs: 1e6, discontinuity: false, wallMs: undefined }],
      low: new Map(),
    },
    onListed: (file, lateMs) => listed.push([file.replace(/-.*/, ""), lateMs]),
    onGone: () => {},
  });
  const [nothing, none] = [() => {}, () => 0];
  stream.join({
    sessionId: 1,
    missingFrames: none,
    cut: nothing,
    segmenter: { config: undefined, tap: () => undefined, open: undefined },
    stateNeed: nothing,
    listed: nothing,
  });
  const add = () => {
    stream.add({
      packages: [new Uint8Array(188)],
      durationUs: 1e6,
      discontinuity: false,
      dueMs: clock.monotonic(),
      endsInWait: false,
    });
  };
  return { clock, files, listed, add };
}

Deno.test("segments that are listed as soon as they may be are not late, and preroll never is", async () => {
  const { clock, listed, add } = setUp();
  add();
  await clock.advance(1000);
  add();
  await clock.advance(100);
  add();
  await clock.advance(900);
  assert.deepEqual(listed, [["2", 0], ["3", 0], ["4", 0]]);
});

Deno.test("a slow disk makes segments late, by as much as it holds them up", async () => {
  const { clock, files, listed, add } = setUp();
  add();
  await clock.advance(1000);
  files.delay = () =>
    new Promise((resolve) => {
      clock.after(100, () => resolve(true));
    });
  add();
  await clock.advance(1000);
  files.delay = () => new Promise(() => {});
  add();
  await clock.advance(1000);
  assert.deepEqual(listed, [["2", 0], ["3", 200], ["4", 500]]);
});
