/** Segments in fragmented MP4 and their parts. */
import assert from "node:assert/strict";
import { SAMPLE_RATES } from "../../src/audio/aac/aac_config.ts";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { findBox, getUint64, viewOf } from "../../src/mp4/boxes.ts";
import { initSection } from "../../src/mp4/init_section.ts";
import { adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import {
  encoded,
  ENCODED_STREAMS,
  type EncodedStream,
  shipped,
} from "../../testing/audio/encoded_streams.ts";
import { concat } from "../../testing/bytes.ts";
import { type PackagedSegment, StreamPackager } from "../../testing/hls/packaged_stream.ts";
import {
  expectedPackets,
  inFile,
  md5,
  probe,
  readByFfmpeg,
  readByMediabunny,
  soundOfAdts,
} from "../../testing/mp4/readers.ts";

const FRAME = new Uint8Array(40).fill(7);

for (const [name, source] of Object.entries(ENCODED_STREAMS)) {
  Deno.test(`${name}: FFmpeg and mediabunny read every access unit from the init section on`, async () => {
    const stream = await source();
    const { config, frames } = stream;
    const bytes = fileOf(stream);
    await inFile(bytes, async (path) => {
      const read = await readByFfmpeg(path);
      assert.deepEqual(read.packets, expectedPackets(frames));
      assert.equal(read.sound, await soundOfAdts(adtsStream(config, frames)));
    });
    const read = await readByMediabunny(bytes);
    assert.deepEqual(read.hashes, frames.map(md5));
    const begins = Math.ceil(10 * config.sampleRate / 1024) * 1024 / config.sampleRate;
    assert.ok(Math.abs(read.begins - begins) < 1e-6);
    assert.ok(Math.abs(read.ends - begins - 1024 * frames.length / config.sampleRate) < 1e-6);
  });
}

Deno.test("players see the HE-AAC that the init section signals", async () => {
  const v1 = await shipped("he-aac-v1_44100_stereo_64k.aac", { sbr: true });
  const v2 = await shipped("he-aac-v2_44100_stereo_32k.aac", { sbr: true, ps: true });
  const slow = await encoded({ rate: 8000, bitrate: "16k" });
  const slowV1 = { ...slow, config: { ...slow.config, sbr: true } };
  const seen: string[] = [];
  for (const stream of [v1, v2, slowV1]) {
    await inFile(fileOf(stream), async (path) => {
      seen.push(await probe(path, "stream=profile,sample_rate,channels", "compact=p=0"));
      assert.deepEqual((await readByFfmpeg(path)).packets, expectedPackets(stream.frames));
    });
  }
  assert.deepEqual(seen, [
    "profile=HE-AAC|sample_rate=44100|channels=2",
    "profile=HE-AACv2|sample_rate=44100|channels=2",
    // There is no SBR in it; it plays at the rate that is signalled.
    "profile=LC|sample_rate=16000|channels=2",
  ]);
});

Deno.test("an init section tells of its configuration alone", () => {
  assert.deepEqual(initSection(audioConfig()), initSection(audioConfig()));
  const others = [
    audioConfig({ sampleRate: 44100 }),
    audioConfig({ channelConfiguration: 1 }),
    audioConfig({ sbr: true }),
    audioConfig({ sbr: true, ps: true }),
  ];
  const sections = [audioConfig(), ...others].map((config) => md5(initSection(config)));
  assert.equal(new Set(sections).size, sections.length);
});

for (const rate of SAMPLE_RATES) {
  Deno.test(`parts at ${rate} Hz are even, as few as the target allows, and the segment`, () => {
    for (const targetMs of [1000, 2000, 3500, 8000]) {
      const { segments } = numbered(audioConfig({ sampleRate: rate }), 1600, targetMs);
      assert.ok(segments.length > 1);
      for (const { bytes, durationUs, parts } of segments) {
        assert.deepEqual(concat(parts.map((part) => part.bytes)), bytes);
        const frames = parts.map((part) => Math.round(part.durationUs * rate / 1024e6));
        const most = Math.floor(0.384 * rate / 1024);
        assert.ok(Math.max(...frames) <= most && Math.max(...frames) - Math.min(...frames) <= 1);
        assert.equal(parts.length, Math.ceil(sum(frames) / most));
        assert.ok(Math.abs(sum(parts.map((part) => part.durationUs)) - durationUs) < 1);
      }
    }
  });
}

Deno.test("a second at 48 kHz has parts of 16, 16 and 15 frames", () => {
  const [first] = numbered(audioConfig(), 47).segments;
  assert.deepEqual(first?.parts.map(framesOf), [16, 16, 15]);
});

Deno.test("a part is there with its last frame, before its segment is whole", () => {
  const packager = new StreamPackager();
  packager.configure(audioConfig());
  const counts: number[] = [];
  for (let i = 0; i < 47; i++) {
    packager.write(FRAME);
    counts.push(packager.parts.length);
  }
  assert.deepEqual([counts[14], counts[15], counts[30], counts[31]], [0, 1, 1, 2]);
  assert.equal(packager.segments.length, 1);
});

Deno.test("a segment that is ended early has what was there of it", () => {
  const packager = numbered(audioConfig(), 47 + 20);
  packager.segmenter.discontinuity();
  packager.write(...Array.from({ length: 47 }, () => FRAME));
  const frames = packager.segments.map(({ parts }) => parts.map(framesOf));
  assert.deepEqual(frames, [[16, 16, 15], [16, 4], [16, 16, 15]]);
  assert.deepEqual(packager.segments.map(({ bytes }) => timesOf(bytes).length), [3, 2, 3]);
});

Deno.test("times go on over segments, and over a change of the configuration", () => {
  const packager = numbered(audioConfig({ sampleRate: 48000 }), 47 * 3 + 9);
  packager.configure(audioConfig({ sampleRate: 44100 }));
  packager.write(...Array.from({ length: 2 * 44 }, () => FRAME));
  const { segments } = packager;
  const before = segments.slice(0, 4).flatMap(({ bytes }) => timesOf(bytes));
  const after = segments.slice(4).flatMap(({ bytes }) => timesOf(bytes));
  const starts = [0, 16, 32, 47, 63, 79, 94, 110, 126, 141];
  assert.deepEqual(before, starts.map((frame) => 1024 * (469 + frame)));
  const changeAt = 1024 * (469 + 150) / 48000;
  const goesOnAt = (after[0] ?? NaN) / 44100;
  assert.ok(goesOnAt >= changeAt && goesOnAt < changeAt + 1024 / 44100);
  assert.deepEqual(after.map((time) => (time - (after[0] ?? NaN)) / 1024), [0, 15, 30, 44, 59, 74]);
});

/** The init section and all segments. */
function fileOf({ config, frames }: EncodedStream): Uint8Array<ArrayBuffer> {
  const packager = new StreamPackager();
  packager.configure(config);
  packager.write(...frames);
  packager.segmenter.cut();
  return concat([initSection(config), ...packager.segments.map(({ bytes }) => bytes)]);
}

/** So many frames, packaged. */
function numbered(config: AudioConfig, frames: number, targetMs?: number): StreamPackager {
  const packager = new StreamPackager(targetMs);
  packager.configure(config);
  packager.write(...Array.from({ length: frames }, () => FRAME));
  return packager;
}

function framesOf({ durationUs }: PackagedSegment["parts"][number]): number {
  return Math.round(durationUs * 48000 / 1024e6);
}

/** baseMediaDecodeTime of each fragment (ISO/IEC 14496-12 8.8.12). */
function timesOf(bytes: Uint8Array): number[] {
  const times: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const tfdt = findBox(bytes.subarray(at), "moof", "traf", "tfdt");
    assert.ok(tfdt);
    times.push(getUint64(viewOf(tfdt), 4));
    const view = viewOf(bytes.subarray(at));
    const moofBytes = view.getUint32(0);
    at += moofBytes + view.getUint32(moofBytes);
  }
  return times;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
