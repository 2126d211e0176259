/** What the tests' own rules find in media of low latency that are not what the playlist says. */
import assert from "node:assert/strict";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { LowBroadcast } from "../../../testing/hls/low_broadcast.ts";
import {
  LowMediaRules,
  type SegmentMedia,
} from "../../../testing/hls_validator/low_media_rules.ts";
import type { SeenLowSegment } from "../../../testing/hls_validator/low_playlist_reader.ts";

/** A segment as it is listed, and its bytes. */
interface Fetched {
  readonly segment: SeenLowSegment;
  readonly media: SegmentMedia;
}

Deno.test("media that are what the playlist says break no rule", async () => {
  assert.deepEqual(await breachesOf(await lastSegments()), []);
});

Deno.test("media times that jump between segments break a rule", async () => {
  for (const samples of [1024, -1024]) {
    const [before, after] = await lastSegments();
    const [breach = "", ...others] = await breachesOf([before, moved(after, samples)]);
    assert.deepEqual(others, []);
    const found = /^segment 104 begins at ([\d.]+) s, and the one before ends at ([\d.]+) s$/;
    const [, begins, ends] = found.exec(breach) ?? [];
    assert.equal(Math.round((Number(begins) - Number(ends)) * 48_000), samples, breach);
  }
});

Deno.test("media times may jump at a discontinuity, and where a segment was not seen", async () => {
  const [before, after] = await lastSegments();
  const { segment, media } = moved(after, 4096);
  const behindDiscontinuity = { segment: { ...segment, discontinuity: true }, media };
  assert.deepEqual(await breachesOf([before, behindDiscontinuity]), []);
  const [first] = await lastSegments(4);
  assert.ok(first);
  assert.deepEqual(await breachesOf([first, { segment, media }]), []);
});

Deno.test("a segment that lasts longer than is said breaks a rule", async () => {
  const [, { segment, media }] = await lastSegments();
  assert.ok(segment.whole);
  const shorter = { ...segment, whole: { ...segment.whole, duration: 0.98133 } };
  const [breach = "", ...others] = await breachesOf([{ segment: shorter, media }]);
  assert.match(breach, /^segment 104 of 1\.0026\d* s is said to last 0\.98133$/);
  assert.deepEqual(others, []);
});

Deno.test("parts that are not the segment break a rule", async () => {
  const [, { segment, media }] = await lastSegments();
  const { parts: [first, second, third] } = media;
  assert.ok(first && second && third);
  const swapped = { ...media, parts: [second, first, third] };
  const breaches = await breachesOf([{ segment, media: swapped }]);
  assert.ok(breaches.includes("segment 104 is not its parts one after the other"));
  assert.ok(breaches.some((breach) => /\.0\.m4s is from /.test(breach)), breaches.join("\n"));
});

async function breachesOf(fetched: readonly Fetched[]): Promise<string[]> {
  const breaches: string[] = [];
  const rules = new LowMediaRules((breach) => breaches.push(breach));
  for (const { segment, media } of fetched) await rules.observe(segment, media, []);
  return breaches;
}

/** The last whole segments of a broadcast that keeps the rules. */
async function lastSegments(count = 2): Promise<[before: Fetched, after: Fetched]> {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(5 * 47 + 20);
  const bytesOf = (uri = "") => {
    const bytes = broadcast.files.get(uri);
    assert.ok(bytes, uri);
    return bytes;
  };
  const whole = broadcast.playlist.segments.filter(({ whole }) => whole !== undefined);
  const [before, after] = whole.slice(-count).map((segment): Fetched => {
    const parts = segment.parts.map(({ uri }) => bytesOf(uri));
    const media = { init: bytesOf(segment.map), whole: bytesOf(segment.whole?.uri), parts };
    return { segment, media };
  });
  assert.ok(before && after);
  return [before, after];
}

/** The same with all its media so many samples later. */
function moved({ segment, media }: Fetched, samples: number): Fetched {
  const { init, whole, parts } = media;
  const later = (bytes: Uint8Array) => withLaterFragments(bytes, samples);
  return { segment, media: { init, whole: later(whole), parts: parts.map(later) } };
}

/** Each `tfdt` of version 1 (ISO/IEC 14496-12 8.8.12) is so much later. */
function withLaterFragments(bytes: Uint8Array, samples: number): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (let at = 4; at + 16 <= copy.length; at++) {
    if (new TextDecoder().decode(copy.subarray(at, at + 4)) !== "tfdt") continue;
    view.setBigUint64(at + 8, view.getBigUint64(at + 8) + BigInt(samples));
  }
  return copy;
}
