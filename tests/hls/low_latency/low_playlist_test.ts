/** Playlists of low latency: what each version lists, and how one follows another. */
import assert from "node:assert/strict";
import * as hlsParser from "hls-parser";
import { SAMPLE_RATES } from "../../../src/audio/aac/aac_config.ts";
import { LOW_MEDIA_FILE } from "../../../src/hls/low_latency/low_names.ts";
import { renderMasterPlaylist } from "../../../src/hls/master_playlist.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { concat } from "../../../testing/bytes.ts";
import { LowBroadcast } from "../../../testing/hls/low_broadcast.ts";
import { parseLowPlaylist } from "../../../testing/hls_validator/low_playlist_reader.ts";
import { complaintsOf } from "../../../testing/hls_validator/other_readers.ts";
import { md5, readByMediabunny } from "../../../testing/mp4/readers.ts";

const EXAMPLE = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:1
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.15200
#EXT-X-PART-INF:PART-TARGET=0.38400
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-DISCONTINUITY-SEQUENCE:2
#EXT-X-MAP:URI="INIT"
#EXT-X-PROGRAM-DATE-TIME:2026-11-25T21:06:00.000Z
#EXTINF:1.00267,
100-1795640760-k3f9.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-25T21:06:01.002Z
#EXTINF:1.00267,
101-1795640761-k3f9.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-25T21:06:02.005Z
#EXT-X-PART:DURATION=0.34133,INDEPENDENT=YES,URI="102-1795640762-k3f9.0.m4s"
#EXT-X-PART:DURATION=0.34133,INDEPENDENT=YES,URI="102-1795640762-k3f9.1.m4s"
#EXT-X-PART:DURATION=0.32000,INDEPENDENT=YES,URI="102-1795640762-k3f9.2.m4s"
#EXTINF:1.00267,
102-1795640762-k3f9.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-25T21:06:03.008Z
#EXT-X-PART:DURATION=0.34133,INDEPENDENT=YES,URI="103-1795640763-k3f9.0.m4s"
#EXT-X-PART:DURATION=0.34133,INDEPENDENT=YES,URI="103-1795640763-k3f9.1.m4s"
#EXT-X-PART:DURATION=0.32000,INDEPENDENT=YES,URI="103-1795640763-k3f9.2.m4s"
#EXTINF:1.00267,
103-1795640763-k3f9.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-25T21:06:04.010Z
#EXT-X-PART:DURATION=0.34133,INDEPENDENT=YES,URI="104-1795640764-k3f9.0.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="104-1795640764-k3f9.1.m4s"
`;

Deno.test("a version lists whole segments, parts of the newest, and the part that comes next", async () => {
  const broadcast = await onAir(4 * 47 + 20);
  const text = broadcast.versions.at(-1)?.replace(/init-[0-9a-f]{16}\.mp4/, "INIT");
  assert.equal(text, EXAMPLE);
});

Deno.test("the first version is there with the third segment", async () => {
  const broadcast = await onAir(3 * 47 - 1);
  assert.equal(broadcast.versions.length, 0);
  await broadcast.send(1);
  assert.equal(broadcast.versions.length, 1);
  assert.equal(broadcast.playlist.hint, "103-1795640763-k3f9.0.m4s");
  assert.equal(broadcast.playlist.segments.length, 3);
});

Deno.test("each part is a version, and the last one of a segment comes with the whole of it", async () => {
  const broadcast = await onAir(3 * 47);
  const before = broadcast.versions.length;
  await broadcast.send(10 * 47);
  assert.equal(broadcast.versions.length - before, 30);
});

Deno.test("audio that comes at once is one version", async () => {
  const broadcast = await onAir(4 * 47);
  const before = broadcast.versions.length;
  await broadcast.send(100, true);
  assert.equal(broadcast.versions.length - before, 1);
  assert.deepEqual(broadcast.breaches, []);
});

for (const rate of SAMPLE_RATES) {
  Deno.test(`versions follow each other by the rules at ${rate} Hz, in segments of any length`, async () => {
    for (const targetMs of [1000, 1500, 4000]) {
      const broadcast = new LowBroadcast(targetMs);
      await broadcast.configure(audioConfig({ sampleRate: rate }));
      await broadcast.send(Math.ceil(25 * rate / 1024));
      await broadcast.end();
      assert.deepEqual(broadcast.breaches, []);
      assert.ok(broadcast.versions.length > 30);
      assert.ok(broadcast.playlist.mediaSequence > 100);
    }
  });
}

Deno.test("a new configuration and a gap are discontinuities that follow the rules", async () => {
  const broadcast = await onAir(5 * 47 + 16);
  assert.equal(broadcast.playlist.hint, "105-1795640765-k3f9.1.m4s");
  await broadcast.configure(audioConfig({ sampleRate: 44100 }));
  assert.deepEqual(broadcast.playlist.hint?.split("-")[0], "106");
  assert.equal(broadcast.playlist.segments.at(-1)?.discontinuity, false);
  await broadcast.send(100);
  await broadcast.discontinuity();
  await broadcast.send(44);
  const { segments, discontinuitySequence } = broadcast.playlist;
  assert.deepEqual(segments.map(({ discontinuity }) => Number(discontinuity)), [
    ...[0, 0, 0, 0, 0, 0],
    ...[1, 0, 0],
    1,
  ]);
  assert.equal(new Set(segments.slice(6).map(({ map }) => map)).size, 1);
  assert.notEqual(segments[5]?.map, segments[6]?.map);
  assert.equal(discontinuitySequence, 2);
  await broadcast.send(20 * 44);
  assert.equal(broadcast.playlist.discontinuitySequence, 4);
  assert.deepEqual(broadcast.breaches, []);
});

Deno.test("at the end everything is whole and nothing is hinted at", async () => {
  const broadcast = await onAir(4 * 47 + 20);
  await broadcast.end();
  const { segments, hint } = broadcast.playlist;
  assert.equal(hint, undefined);
  assert.deepEqual(segments.at(-1)?.parts.map(({ duration }) => duration), [0.34133, 0.08533]);
  assert.deepEqual(broadcast.breaches, []);
});

Deno.test("a show that ends before its third segment is listed at its end", async () => {
  const broadcast = await onAir(47 + 5);
  await broadcast.end();
  assert.equal(broadcast.playlist.segments.length, 2);
});

Deno.test("a segment stays listed until players have had the time to see it", async () => {
  const broadcast = await onAir(13 * 47);
  await broadcast.send(30 * 47, true);
  // The last of those that were there have been listed for less than three target durations.
  assert.equal(broadcast.playlist.mediaSequence, 110);
  assert.deepEqual(broadcast.breaches, []);
});

Deno.test("each part lasts as its media does, and together they are what was sent", async () => {
  const broadcast = await onAir(4 * 47 + 31);
  await broadcast.configure(audioConfig({ sampleRate: 44100 }));
  await broadcast.send(3 * 44 + 15);
  await broadcast.end();
  const heard: string[] = [];
  for (const { map, parts, whole } of broadcast.playlist.segments) {
    const init = broadcast.files.get(map) ?? new Uint8Array();
    const bytes = broadcast.files.get(whole?.uri ?? "") ?? new Uint8Array();
    const segment = await readByMediabunny(concat([init, bytes]));
    heard.push(...segment.hashes);
    assert.ok(Math.abs(segment.ends - segment.begins - (whole?.duration ?? NaN)) < 1e-5);
    let { begins } = segment;
    for (const { uri, duration } of parts) {
      const part = await readByMediabunny(concat([init, broadcast.files.get(uri) ?? init]));
      assert.ok(Math.abs(part.begins - begins) < 1e-5, `${uri} begins at ${part.begins}`);
      assert.ok(Math.abs(part.ends - part.begins - duration) < 1e-5, `${uri} lasts ${duration}`);
      begins = part.ends;
    }
  }
  assert.deepEqual(heard, broadcast.sent.map(md5));
});

Deno.test("m3u8-parser and hls-parser read every version, and find the same in it", async () => {
  const broadcast = await onAir(13 * 47);
  await broadcast.configure(audioConfig({ sampleRate: 44100 }));
  await broadcast.send(4 * 44 + 5);
  await broadcast.end();
  hlsParser.setOptions({ strictMode: true });
  for (const text of broadcast.versions) {
    assert.deepEqual(complaintsOf(text, parseLowPlaylist(text)), []);
    const hls = hlsParser.parse(text);
    assert.ok(!hls.isMasterPlaylist && hls.partTargetDuration === 0.384);
  }
});

Deno.test("a multivariant playlist has one variant, with its bandwidths as measured", async () => {
  const { stream, files } = await onAir(4 * 47);
  const segments = stream?.segments ?? [];
  const text = renderMasterPlaylist(LOW_MEDIA_FILE, audioConfig(), segments) ?? "";
  const hls = hlsParser.parse(text);
  assert.ok(hls.isMasterPlaylist);
  const [variant, ...others] = hls.variants;
  assert.deepEqual([variant?.uri, variant?.codecs, others], ["low-media.m3u8", "mp4a.40.2", []]);
  const bytes = files.get(segments[0]?.uri ?? "")?.length ?? NaN;
  assert.equal(variant?.bandwidth, Math.ceil(8 * bytes / (47 * 1024 / 48000)));
});

/** A broadcast at 48 kHz, so far. */
async function onAir(frames: number): Promise<LowBroadcast> {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(frames);
  return broadcast;
}
