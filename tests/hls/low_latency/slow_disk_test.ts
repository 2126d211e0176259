/** Low latency where the disk does not answer: nobody waits for it without an end. */
import assert from "node:assert/strict";
import { LowLatency } from "../../../src/hls/low_latency/low_latency.ts";
import { LowPlaces } from "../../../src/hls/low_latency/low_places.ts";
import { PlayedTags } from "../../../src/hls/played_tags.ts";
import { NO_PREROLL } from "../../../src/hls/preroll.ts";
import type { Segment } from "../../../src/hls/segment.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const numbering = { mediaSequence: 1, discontinuitySequence: 0 };

/** Low latency of a broadcast with segments that are on the disk alone, which does not answer. */
function onSlowDisk(segments: number): { clock: FakeClock; lowLatency: LowLatency } {
  const clock = new FakeClock();
  const never = () => new Promise<never>(() => {});
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
      codecs: "mp4a.40.2",
      ended: false,
    }),
    onVersion: () => {},
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
