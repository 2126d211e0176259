/**
 * Recorded sessions of FFmpeg, split and changed at every place.
 *
 * @module
 */

// What FFmpeg 5.1 sent, byte for byte, for the first two seconds of he-aac-v1_48000_mono_32k.aac:
//   ffmpeg -t 2 -i FILE -c copy -f flv URL
// and for the third with `-f lavfi -i testsrc=s=160x120:r=10 -c:v flv1 -b:v 100k` before `-c:a copy`.

import assert from "node:assert/strict";
import fc from "fast-check";
import { RtmpError } from "../../src/rtmp/rtmp_error.ts";
import { accessUnits } from "../../testing/audio/access_units.ts";
import { SessionHarness } from "../../testing/rtmp/session_harness.ts";

const media = (file: string) =>
  Deno.readFileSync(new URL(`../../testing/media/${file}`, import.meta.url));

const recordings = {
  "rtmp_ffmpeg_name_and_key.bin": "sesame",
  "rtmp_ffmpeg_live.bin": "sesame",
  "rtmp_ffmpeg_video.bin": undefined,
};

/** C0, C1 and C2, which have a test of their own. */
const HANDSHAKE = 3073;

/** All that came out of a session, comparable. */
function events(...parts: Uint8Array[]): unknown {
  const harness = new SessionHarness();
  harness.feed(...parts);
  harness.session.close();
  const { request, configs, frames, recordedFacts, ends, badCount } = harness.ingest;
  const { name, key } = request;
  const { statuses } = harness;
  return { name, key, configs, frames, recordedFacts, ends, badCount, statuses };
}

for (const [file, key] of Object.entries(recordings)) {
  Deno.test(`${file}: FFmpeg's session comes out as it went in`, () => {
    const harness = new SessionHarness();
    harness.feed(media(file));
    const { request, frames, recordedFacts, ends, badCount } = harness.ingest;
    assert.deepEqual([request.name, request.key], ["demo", key]);
    const sent = accessUnits(media("he-aac-v1_48000_mono_32k.aac")).frames.slice(0, frames.length);
    assert.equal(frames.length, 47);
    assert.deepEqual(frames.map(({ data }) => data), sent);
    const times = frames.map((_, i) => Math.round(i * 1024 / 24));
    assert.deepEqual(frames.map(({ timeMs }) => timeMs), times);
    assert.equal(recordedFacts[0]?.encoder, "Lavf59.27.100");
    assert.deepEqual(ends, ["finished"]);
    assert.equal(badCount, 0);
  });
}

Deno.test("a recorded session split at any byte gives the same events", () => {
  const bytes = media("rtmp_ffmpeg_name_and_key.bin").subarray(0, 6000);
  const whole = JSON.stringify(events(bytes));
  for (let split = HANDSHAKE; split < bytes.length; split++) {
    if (JSON.stringify(events(bytes.subarray(0, split), bytes.subarray(split))) !== whole) {
      assert.fail(`split at ${split}`);
    }
  }
});

Deno.test("a recorded session byte by byte gives the same events", () => {
  for (const file of Object.keys(recordings)) {
    const bytes = media(file);
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assert.deepEqual(events(...single), events(bytes));
  }
});

Deno.test("a recorded session with any mutation ends in an RtmpError or not at all", () => {
  const bytes = media("rtmp_ffmpeg_live.bin");
  const mutation = fc.record({
    at: fc.integer({ min: HANDSHAKE, max: bytes.length - 1 }),
    remove: fc.integer({ min: 0, max: 3 }),
    insert: fc.uint8Array({ maxLength: 4 }),
  });
  const property = fc.property(
    fc.array(mutation, { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 1, max: 5000 }),
    (mutations, size) => {
      let mutated = bytes;
      for (const { at, remove, insert } of mutations) {
        mutated = Uint8Array.of(
          ...mutated.subarray(0, at),
          ...insert,
          ...mutated.subarray(at + remove),
        );
      }
      const harness = new SessionHarness();
      try {
        for (let at = 0; at < mutated.length; at += size) {
          harness.feed(mutated.subarray(at, at + size));
        }
      } catch (error) {
        assert.ok(error instanceof RtmpError, String(error));
      }
      harness.session.close();
      for (const { ends } of harness.doorkeeper.ingests) assert.equal(ends.length, 1);
    },
  );
  fc.assert(property, { numRuns: 1000 });
});
