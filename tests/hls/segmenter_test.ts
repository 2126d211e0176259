/** Where frames are cut into segments, and the times that are in these. */
import assert from "node:assert/strict";
import { SAMPLE_RATES } from "../../src/audio/aac/aac_config.ts";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { Filler } from "../../src/audio/frame.ts";
import { FORMATS } from "../../src/hls/formats.ts";
import { Segmenter } from "../../src/hls/segmenter.ts";
import { packets } from "../../testing/mpegts/packets.ts";

const START = Date.UTC(2026, 0, 1);

interface Cut {
  readonly bytes: Uint8Array;
  readonly durationUs: number;
  readonly discontinuity: boolean;
  readonly dueMs: number;
  readonly endsInWait: boolean;
}

function config(sampleRate: number): AudioConfig {
  return {
    codec: "aac",
    samplesPerFrame: 1024,
    objectType: 2,
    sampleRate,
    channelConfiguration: 2,
    programConfig: undefined,
    sbr: undefined,
    ps: undefined,
  };
}

function setUp(targetMs = 1000) {
  const cuts: Cut[] = [];
  const segmenter = new Segmenter(
    targetMs,
    FORMATS,
    ({ packages: [bytes = new Uint8Array()], ...cut }) =>
      cuts.push({ ...cut, bytes: bytes.slice() }),
  );
  const data = new Uint8Array(300).fill(7);
  const write = (from: number, count: number, filler: Filler | false = false) => {
    for (let i = from; i < from + count; i++) {
      segmenter.write({ data, position: i * 1024, dueMs: START + i, filler });
    }
  };
  return { cuts, segmenter, write };
}

/** The 33-bit presentation times of a segment's PES packets (ISO/IEC 13818-1 2.4.3.7). */
function presentationTimes(segment: Uint8Array): number[] {
  return packets(segment).filter((packet) => packet.pid === 0x100 && packet.unitStart).map(
    ({ payload }) => {
      const at = (index: number) => payload[index] ?? 0;
      return ((at(9) >> 1) & 7) * 2 ** 30 + at(10) * 2 ** 22 + (at(11) >> 1) * 2 ** 15 +
        at(12) * 2 ** 7 + (at(13) >> 1);
    },
  );
}

for (const rate of SAMPLE_RATES) {
  Deno.test(`EXTINF sums agree with the packets' times over 10 minutes at ${rate} Hz`, () => {
    const { cuts, segmenter, write } = setUp();
    segmenter.start(config(rate));
    write(0, Math.ceil(600 * rate / 1024));
    const first = presentationTimes(cuts[0]?.bytes ?? new Uint8Array())[0] ?? NaN;
    let sumUs = 0;
    for (const { bytes, durationUs } of cuts) {
      const startsAt = ((presentationTimes(bytes)[0] ?? NaN) - first) / 90;
      assert.ok(Math.abs(startsAt - sumUs / 1000) < 1, `${startsAt} ms, ${sumUs} µs`);
      assert.ok(Math.round(durationUs / 1e6) <= 1);
      sumUs += durationUs;
    }
    assert.ok(sumUs > 599e6);
  });
}

Deno.test("segments are cut on the frame nearest to the target", () => {
  for (
    const [targetMs, rate, frames] of [[1000, 48_000, 47], [2000, 44_100, 86], [6000, 8000, 47]]
  ) {
    const { cuts, segmenter, write } = setUp(targetMs);
    segmenter.start(config(rate ?? 0));
    write(0, 200);
    assert.equal(cuts[0]?.durationUs, Math.round((frames ?? 0) * 1024e6 / (rate ?? 0)));
  }
});

Deno.test("no segment is shorter than a second but one that is cut short", () => {
  for (const [rate, frames] of [[44_100, 44], [22_050, 22], [8000, 8]]) {
    const { cuts, segmenter, write } = setUp(1000);
    segmenter.start(config(rate ?? 0));
    write(0, 200);
    assert.equal(cuts[0]?.durationUs, Math.round((frames ?? 0) * 1024e6 / (rate ?? 0)));
  }
});

Deno.test("a new configuration cuts, says so, and goes on in time", () => {
  const { cuts, segmenter, write } = setUp();
  segmenter.start(config(48_000));
  write(0, 60);
  segmenter.start(config(22_050));
  write(0, 30);
  assert.deepEqual(cuts.map((cut) => cut.discontinuity), [false, false, true]);
  assert.equal(
    cuts[1]?.durationUs,
    Math.round(60 * 1024e6 / 48_000) - Math.round(47 * 1024e6 / 48_000),
  );
  const [first, , third] = cuts.map((cut) => presentationTimes(cut.bytes)[0] ?? NaN);
  assert.equal((third ?? NaN) - (first ?? NaN), 60 * 1024 * 90_000 / 48_000);
});

Deno.test("a discontinuity cuts once, and the segment after it says so", () => {
  const { cuts, segmenter, write } = setUp();
  segmenter.start(config(48_000));
  write(0, 10);
  segmenter.discontinuity();
  segmenter.discontinuity();
  write(10, 47);
  assert.deepEqual(cuts.map((cut) => cut.discontinuity), [false, true]);
  assert.equal(cuts[1]?.dueMs, START + 10);
});

Deno.test("it tells how many frames the open segment still takes", () => {
  const { segmenter, write } = setUp();
  segmenter.start(config(48_000));
  assert.equal(segmenter.missingFrames, 47);
  write(0, 50);
  assert.equal(segmenter.missingFrames, 44);
});

Deno.test("it tells whether a segment ends in silence for audio that may still come", () => {
  const { cuts, segmenter, write } = setUp();
  segmenter.start(config(48_000));
  const ends: (Filler | false)[] = ["wait", "gap", false, "wait"];
  for (const [segment, filler] of ends.entries()) {
    write(47 * segment, 40, "wait");
    write(47 * segment + 40, 7, filler);
  }
  write(47 * ends.length, 10, "wait");
  segmenter.discontinuity();
  assert.deepEqual(cuts.map((cut) => cut.endsInWait), [true, false, false, true, true]);
});

Deno.test("presentation times wrap at 33 bits and nothing else changes", () => {
  const { cuts, segmenter, write } = setUp();
  segmenter.start(config(48_000));
  const beforeWrap = Math.floor((2 ** 33 / 90_000 - 12) * 48_000 / 1024);
  write(beforeWrap, 47 * 6);
  const times = cuts.map((cut) => presentationTimes(cut.bytes)[0] ?? NaN);
  const steps = times.slice(1).map((time, i) => (time - (times[i] ?? 0) + 2 ** 33) % 2 ** 33);
  assert.ok(times.some((time, i) => i > 0 && time < (times[i - 1] ?? 0)), "it wraps in here");
  for (const step of steps) assert.ok(Math.abs(step - 47 * 1920) <= 1, `${step}`);
});
