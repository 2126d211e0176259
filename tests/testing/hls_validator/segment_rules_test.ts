/** The rules for segments catch each breach of them, and nothing else. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../../src/audio/audio_config.ts";
import { writeId3Texts } from "../../../src/audio/id3_texts.ts";
import { parseAudioSpecificConfig } from "../../../src/audio/aac/audio_specific_config.ts";
import { ByteBuffer } from "../../../src/mpegts/byte_buffer.ts";
import { AudioMuxer } from "../../../src/mpegts/muxer.ts";
import type { ListedSegment } from "../../../testing/hls_validator/media_playlist.ts";
import { SegmentRules } from "../../../testing/hls_validator/segment_rules.ts";
import { parseAudioSegment } from "../../../testing/hls_validator/transport_stream.ts";

const STEREO_48K = parseAudioSpecificConfig(Uint8Array.of(0x11, 0x90));
const STEREO_44K = parseAudioSpecificConfig(Uint8Array.of(0x12, 0x10));
const FRAMES = 45;
/** At 48 kHz. */
const FRAME_90K = 1920;
const PACKET = 188;

interface Written {
  readonly frames?: number;
  readonly pts?: number;
  readonly muxer?: AudioMuxer;
  readonly config?: AudioConfig;
}

function segment(written: Written = {}): Uint8Array {
  const { frames = FRAMES, pts = 900_000, config = STEREO_48K } = written;
  const muxer = written.muxer ?? new AudioMuxer(config);
  const out = new ByteBuffer();
  muxer.begin(out);
  const frame90k = 1024 * 90_000 / config.sampleRate;
  for (let i = 0; i < frames; i++) {
    muxer.write(new Uint8Array(200).fill(i), Math.floor(pts + i * frame90k));
  }
  muxer.end();
  return out.bytes.slice(0, out.length);
}

function listed(sequence: number, duration = 0.96, discontinuity = false): ListedSegment {
  const uri = `${sequence}-17.ts`;
  return { uri, sequence, text: uri, duration, discontinuity, programDateTime: 0 };
}

function breachesOf(...segments: [ListedSegment, Uint8Array][]): string[] {
  const breaches: string[] = [];
  const rules = new SegmentRules((breach) => breaches.push(breach));
  for (const [listed, bytes] of segments) rules.observe(listed, bytes);
  return breaches;
}

function assertBreach(bytes: Uint8Array, breach: RegExp): void {
  const breaches = breachesOf([listed(1), bytes]);
  assert.equal(breaches.length, 1, `not one breach: ${breaches.join("; ")}`);
  assert.match(breaches[0] ?? "", breach);
}

Deno.test("what a stream of ID3 tells is read, with its time in the segment", () => {
  const muxer = new AudioMuxer(STEREO_48K, true);
  const out = new ByteBuffer();
  muxer.begin(out);
  for (let i = 0; i < FRAMES; i++) {
    const pts = 2 ** 33 - 20_000 + i * FRAME_90K;
    if (i === 20) muxer.writeId3(writeId3Texts({ title: "Söng", artist: "Band" }), pts);
    muxer.write(new Uint8Array(200).fill(i), pts);
  }
  muxer.end();
  const { frames, titles } = parseAudioSegment(out.bytes.slice(0, out.length));
  assert.equal(frames.length, FRAMES);
  assert.deepEqual(titles, [{ seconds: 20 * FRAME_90K / 90_000, texts: ["Söng", "Band"] }]);
});

Deno.test("segments that continue each other are in order, across the wrap of PTS too", () => {
  for (const pts of [900_000, 2 ** 33 - 20_000]) {
    const muxer = new AudioMuxer(STEREO_48K);
    const first = segment({ muxer, pts });
    const second = segment({ muxer, pts: pts + FRAMES * FRAME_90K });
    assert.deepEqual(breachesOf([listed(1), first], [listed(2), second]), []);
  }
});

Deno.test("an EXTINF that is not what the segment holds is caught", () => {
  assert.match(breachesOf([listed(1, 0.98), segment()])[0] ?? "", /EXTINF 0.98 and holds 0.96 s/);
  assert.match(breachesOf([listed(1), segment({ frames: 44 })])[0] ?? "", /EXTINF/);
});

Deno.test("a segment that does not continue the one before is caught without a discontinuity", () => {
  const muxer = new AudioMuxer(STEREO_48K);
  const first = segment({ muxer });
  const late = segment({ muxer, pts: 900_000 + (FRAMES + 1) * FRAME_90K });
  assert.match(breachesOf([listed(1), first], [listed(2), late])[0] ?? "", /a PTS 88320 ticks/);
  assert.deepEqual(breachesOf([listed(1), first], [listed(2, 0.96, true), late]), []);
});

Deno.test("a configuration that changes without a discontinuity is caught", () => {
  const other = segment({ config: STEREO_44K, pts: 900_000 + FRAMES * FRAME_90K });
  const duration = FRAMES * 1024 / 44_100;
  const breaches = breachesOf([listed(1), segment()], [listed(2, duration), other]);
  assert.ok(breaches.some((breach) => breach.includes("without a discontinuity")));
});

Deno.test("packets that are missing between segments or within one are caught", () => {
  const muxer = new AudioMuxer(STEREO_48K);
  const first = segment({ muxer });
  const second = segment({ pts: 900_000 + FRAMES * FRAME_90K });
  assert.match(breachesOf([listed(1), first], [listed(2), second])[0] ?? "", /continuity counter/);
  const [head, tail] = [first.slice(0, 5 * PACKET), first.slice(6 * PACKET)];
  assertBreach(Uint8Array.of(...head, ...tail), /continuity counter/);
});

Deno.test("bytes that no player takes are caught", () => {
  const good = segment();
  assertBreach(new Uint8Array(0), /empty/);
  assertBreach(good.slice(0, -1), /no whole number of packets/);
  assertBreach(good.slice(PACKET), /does not begin with a PAT/);
  assertBreach(changed(good, 3 * PACKET, 0), /sync byte/);
  assertBreach(changed(good, 10, 99), /PAT with a wrong checksum/);
  assertBreach(changed(good, PACKET + 15, 99), /PMT with a wrong checksum/);
  assertBreach(good.slice(0, -PACKET), /PES packet of another length/);
});

Deno.test("a stream that the tables do not name is caught", () => {
  const good = segment();
  const packet = good.slice(2 * PACKET, 3 * PACKET);
  packet[2] = 0x77;
  assertBreach(Uint8Array.of(...good, ...packet), /packets of PID/);
});

Deno.test("audio that is not at its PTS, or not whole, is caught", () => {
  const good = segment();
  const second = pesStarts(good)[1] ?? 0;
  assertBreach(changed(good, second + 25, 0x01), /PTS \d+ for frame/);
  const header = findAdts(good);
  assertBreach(changed(good, header + 4, 0), /cut off|expected a header/);
});

/** `bytes` with one of them replaced. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

/** Where packets begin in which a PES packet does. */
function pesStarts(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 2 * PACKET; at < bytes.length; at += PACKET) {
    if (((bytes[at + 1] ?? 0) & 0x40) !== 0) starts.push(at);
  }
  return starts;
}

function findAdts(bytes: Uint8Array): number {
  return bytes.findIndex((byte, at) => byte === 0xff && ((bytes[at + 1] ?? 0) & 0xf6) === 0xf0);
}
