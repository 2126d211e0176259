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

Deno.test("it opens without what a disk that hangs does not give", async () => {
  const clock = new FakeClock();
  const never = () => new Promise<never>(() => {});
  const known: Segment[] = [1, 2, 3].map((sequence) => ({
    ...{ sequence, uri: `${sequence}-1.ts`, durationUs: 1e6, discontinuity: false },
    ...{ wallMs: 1000 * sequence, bytes: undefined, size: 188, isWritten: true },
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
  let isOpen = false;
  const opened = lowLatency.open().then(() => isOpen = true);
  await clock.advance(500);
  assert.equal(isOpen, false);
  await clock.advance(5000);
  await opened;
});
