/** What goes wrong in low latency costs the broadcast nothing. */
import assert from "node:assert/strict";
import { guardedTap } from "../../../src/hls/low_latency/guarded_tap.ts";
import { LowLatency } from "../../../src/hls/low_latency/low_latency.ts";
import { LowPlaces } from "../../../src/hls/low_latency/low_places.ts";
import { PlayedTags } from "../../../src/hls/played_tags.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";

Deno.test("a tap that throws is told of nothing more, and whoever tells it goes on", () => {
  const told: string[] = [];
  const errors: unknown[] = [];
  const tap = guardedTap({
    configure: () => told.push("configure"),
    begin: () => told.push("begin"),
    write: ([first]) => {
      told.push(`write ${first}`);
      if (first === 2) throw new Error("broken");
    },
    end: () => told.push("end"),
  }, (error) => errors.push(error));
  tap.configure(audioConfig());
  tap.begin({ dueMs: 0, discontinuity: false, frames: 47 });
  for (const first of [1, 2, 3]) tap.write(Uint8Array.of(first));
  tap.end();
  assert.deepEqual(told, ["configure", "begin", "write 1", "write 2"]);
  assert.deepEqual(errors, [new Error("broken")]);
});

Deno.test("low latency that fails is refused for a minute, with one line in the log, and has no place", async () => {
  await using log = await LogRecorder.start();
  const clock = new FakeClock();
  const places = new LowPlaces(clock, { total: 1, openings: 100 });
  let refusals = 0;
  const low = new LowLatency({
    ...{ name: "demo", clock, places, targetDuration: 1 },
    files: { readSegment: () => Promise.resolve(undefined) },
    labels: { begin: () => assert.fail() },
    showOpen: () => Promise.resolve(),
    preroll: { low: new Map() },
    main: { known: [], numbering: { mediaSequence: 1, discontinuitySequence: 0 } },
    played: new PlayedTags(),
    source: () => {
      throw new Error("broken");
    },
    onVersion: () => {},
    onRefused: () => refusals++,
  });
  for (let second = 0; second < 50; second++) {
    low.open("192.0.2.1");
    await clock.advance(1000);
  }
  assert.deepEqual(log.matching(/FATAL/i).length, 1);
  assert.equal(refusals, 50);
  assert.ok(places.take({ name: "other", client: "192.0.2.2", giveWay: () => {} }));
  await clock.advance(11_000);
  low.open("192.0.2.1");
  await clock.advance(0);
  places.close();
});
