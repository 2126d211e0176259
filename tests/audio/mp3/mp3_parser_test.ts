/** MP3 streams: LAME's, cut anywhere, with what stands between frames, and those that are refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { codecOf } from "../../../src/audio/codec_of.ts";
import { Mp3Parser } from "../../../src/audio/mp3/mp3_parser.ts";
import { parseMp3Config } from "../../../src/audio/mp3/mp3_header.ts";
import { UnsupportedAudio } from "../../../src/audio/unsupported_audio.ts";
import { Collector } from "../../../testing/audio/access_units.ts";
import { run, source } from "../../../testing/audio/ffmpeg.ts";
import {
  encodeMp3,
  everyMp3Config,
  mp3Config,
  type Mp3Encoding,
  mp3Frames,
} from "../../../testing/audio/mp3_streams.ts";
import { concat } from "../../../testing/bytes.ts";

const media = new URL("../../../testing/media/mp3_44100_joint_v4.mp3", import.meta.url);
const STREAM = await Deno.readFile(media);
const { frames: FRAMES } = mp3Frames(STREAM);
const CONFIG = mp3Config();

function parse(...pieces: Uint8Array[]): Collector {
  const found = new Collector();
  const parser = new Mp3Parser(found);
  for (const piece of pieces) parser.feed(piece);
  parser.flush();
  return found;
}

/** Sizes and sample rates of a stream's frames as FFmpeg finds them. */
async function probe(
  mp3: Uint8Array,
): Promise<{ sizes: number[]; rate: string; channels: string }> {
  const entries = ["-show_entries", "packet=size:stream=sample_rate,channels", "-of", "csv"];
  const said = await run("ffprobe", ["-f", "mp3", ...entries, "pipe:0"], mp3, "error");
  const lines = new TextDecoder().decode(said).trim().split("\n").map((line) => line.split(","));
  const [, rate = "", channels = ""] = lines.find(([what]) => what === "stream") ?? [];
  return {
    sizes: lines.flatMap(([what, size]) => what === "packet" ? Number(size) : []),
    rate,
    channels,
  };
}

const ENCODINGS: Mp3Encoding[] = [
  ...[48000, 44100, 32000].map((rate) => ({ rate })),
  ...[24000, 22050, 16000, 12000, 11025, 8000].map((rate) => ({ rate, bitrate: "64k" })),
  { rate: 44100, mode: "mono", bitrate: "64k" },
  { rate: 22050, mode: "mono", bitrate: "32k" },
  { rate: 44100, mode: "stereo", bitrate: "320k" },
  { rate: 48000, bitrate: "v0" },
  { rate: 24000, bitrate: "v5" },
];
for (const encoding of ENCODINGS) {
  Deno.test(`frames of LAME are found as FFmpeg finds them: ${JSON.stringify(encoding)}`, async () => {
    const mp3 = await encodeMp3(encoding);
    const found = parse(mp3);
    const { sizes, rate, channels } = await probe(mp3);
    assert.deepEqual(found.frames.map(({ length }) => length), sizes);
    assert.deepEqual(concat(found.frames), mp3);
    assert.equal(found.badCount, 0);
    assert.equal(found.configs.length, 1);
    const [config] = found.configs;
    assert.ok(config?.codec === "mp3");
    assert.deepEqual([`${config.sampleRate}`, `${config.channels}`], [rate, channels]);
    assert.equal(config.samplesPerFrame, config.sampleRate >= 32000 ? 1152 : 576);
  });
}

Deno.test("a stream that is cut at any byte gives the same", () => {
  const few = concat(FRAMES.slice(0, 4));
  const whole = parse(few);
  assert.deepEqual(whole.frames, FRAMES.slice(0, 4));
  for (let at = 1; at < few.length; at++) {
    assert.deepEqual(parse(few.subarray(0, at), few.subarray(at)), whole);
  }
});

Deno.test("a stream in pieces of any size gives the same, with any tags between frames", () => {
  const tag = fc.constantFrom(...TAGS, new Uint8Array());
  fc.assert(
    fc.property(
      fc.array(tag, { minLength: 12, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }),
      (tags, sizes) => {
        const stream = concat(tags.flatMap((tag, i) => [tag, FRAMES[i] ?? new Uint8Array()]));
        const pieces: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          pieces.push(stream.subarray(at, at += sizes[i % sizes.length] ?? 1));
        }
        const found = parse(...pieces);
        assert.deepEqual(found.frames, FRAMES.slice(0, 12));
        assert.deepEqual(found.configs, [CONFIG]);
        assert.equal(found.badCount, 0);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("a frame comes once the next one stands where it says, or where nothing more comes", () => {
  const found = new Collector();
  const parser = new Mp3Parser(found);
  const [first = new Uint8Array(), second = new Uint8Array()] = FRAMES;
  parser.feed(first);
  assert.equal(found.frames.length, 0);
  parser.feed(second.subarray(0, 4));
  assert.deepEqual(found.frames, [first]);
  parser.feed(second.subarray(4));
  parser.flush();
  assert.deepEqual(found.frames, [first, second]);
  assert.deepEqual(found.offsets, [0, first.length]);
});

Deno.test("what only looks like a header is garbage, and costs the frame before it alone", () => {
  const looksSo = new Uint8Array(300).fill(0x55);
  looksSo.set([0xff, 0xfb, 0x90, 0x64], 20);
  looksSo.set([0xff, 0xf3, 0x44, 0xc4], 150);
  const found = parse(looksSo, ...FRAMES.slice(0, 5), looksSo, ...FRAMES.slice(5, 10));
  assert.deepEqual(found.frames, [...FRAMES.slice(0, 4), ...FRAMES.slice(5, 10)]);
  assert.equal(found.badCount, 2);
});

Deno.test("a stream that begins within a frame is found", () => {
  const found = parse(concat(FRAMES).subarray(100));
  assert.deepEqual(found.frames, FRAMES.slice(1));
  assert.equal(found.badCount, 1);
});

Deno.test("frames that tell of their file are passed over", async () => {
  for (const encoding of [{}, { bitrate: "v3" }, { rate: 22050, mode: "mono" as const }]) {
    const options = ["-id3v2_version", "4", "-write_id3v1", "1", "-metadata", "title=Song"];
    const mp3 = await run(
      "ffmpeg",
      [
        ...source({ rate: 44100, seconds: 1 }),
        ...["-ar", `${encoding.rate ?? 44100}`],
        ...["-c:a", "libmp3lame", ...options],
        ...["-f", "mp3", "pipe:1"],
      ],
      undefined,
      "error",
    );
    const found = parse(mp3);
    assert.equal(found.badCount, 0);
    const text = new TextDecoder("latin1").decode(concat(found.frames));
    assert.ok(!/Xing|Info|ID3|TAG/.test(text));
  }
  for (const config of everyMp3Config()) {
    const frame = codecOf(config).silentFrame(config);
    const sideInfo = config.version === 1 ? [17, 32] : [9, 17];
    const mainData = 4 + (sideInfo[config.channels - 1] ?? 0);
    const places = [["Xing", mainData, 1], ["Info", mainData, 1], ["VBRI", 36, 1]] as const;
    const withCrc = [["Xing", mainData + 2, 0], ["Info", mainData, 0]] as const;
    for (const [name, at, noCrc] of [...places, ...withCrc]) {
      const told = frame.slice();
      told[1] = (told[1] ?? 0) & ~1 | noCrc;
      told.set(new TextEncoder().encode(name), at);
      assert.deepEqual(parse(told, frame, told, frame).frames, [frame, frame], name);
    }
  }
});

Deno.test("bitrate and joint stereo may change within a stream, channels and rate are told", async () => {
  const streams = await Promise.all([
    encodeMp3({ bitrate: "64k", mode: "stereo" }),
    encodeMp3({ bitrate: "256k", mode: "joint" }),
    encodeMp3({ mode: "mono" }),
    encodeMp3({ rate: 22050, bitrate: "64k" }),
  ]);
  const found = parse(...streams);
  assert.deepEqual(concat(found.frames), concat(streams));
  assert.equal(found.badCount, 0);
  assert.deepEqual(found.configs, [
    CONFIG,
    mp3Config({ channels: 1 }),
    mp3Config({ version: 2, sampleRate: 22050, samplesPerFrame: 576 }),
  ]);
});

Deno.test("other layers are refused by name", async () => {
  const tone = source({ seconds: 1 });
  for (const rate of [48000, 44100, 24000]) {
    const args = [...tone, "-ar", `${rate}`, "-c:a", "mp2", "-f", "mp2", "pipe:1"];
    const mp2 = await run("ffmpeg", args, undefined, "error");
    assert.throws(() => parse(mp2), refused("MPEG Layer 2 (MP2)"));
  }
  const layer1 = new Uint8Array(32 * 12);
  layer1.set([0xff, 0xff, 0x14]); // 32 kb/s at 48 kHz: 32 bytes a frame
  for (let at = 0; at < layer1.length; at += 32) layer1.copyWithin(at, 0, 3);
  assert.throws(() => parse(layer1), refused("MPEG Layer 1 (MP1)"));
});

const LENGTHLESS: [header: number[], name: string][] = [
  [[0xff, 0xfb, 0x00, 0x64], "MP3 in free format"],
  [[0xff, 0xf3, 0x04, 0x64], "MP3 in free format"],
  [[0xff, 0xfb, 0xf0, 0x64], "MP3 with a reserved bitrate"],
  [[0xff, 0xfb, 0x9c, 0x64], "MP3 with a reserved sample rate"],
  [[0xff, 0xeb, 0x90, 0x64], "MP3 of a reserved MPEG version"],
];
for (const [header, name] of LENGTHLESS) {
  Deno.test(`${name} is refused by name: ${Uint8Array.from(header).toHex()}`, () => {
    const frames = Array.from({ length: 20 }, (_, i) => {
      const padding = i % 3 === 0 ? 1 : 0;
      const frame = new Uint8Array(500 + padding).fill(0x2a);
      frame.set(header);
      frame[2] = (header[2] ?? 0) | (padding << 1);
      return frame;
    });
    assert.throws(() => parse(...frames), refused(name));
    assert.throws(() => parse(concat(frames)), refused(name));
    assert.throws(() => parseMp3Config(Uint8Array.from(header)), refused(name));
    // Behind frames it is garbage.
    const expected = [...FRAMES.slice(0, -1), ...FRAMES];
    assert.deepEqual(parse(...FRAMES, ...frames, ...FRAMES).frames, expected);
  });
}

Deno.test("random bytes are passed over", () => {
  const random = new Uint8Array(60_000);
  let seed = 1;
  for (let i = 0; i < random.length; i++) {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    random[i] = seed >> 16;
  }
  assert.deepEqual(parse(random, ...FRAMES).frames, FRAMES);
});

function refused(message: string): (error: unknown) => boolean {
  return (error) => error instanceof UnsupportedAudio && error.message === message;
}

/** ID3v2, ID3v1, and APE tags with and without a header. */
const TAGS: readonly Uint8Array[] = [
  Uint8Array.of(...ascii("ID3"), 4, 0, 0, 0, 0, 0, 5, 0xff, 0xfb, 0x90, 0x64, 0),
  Uint8Array.of(...ascii("TAG"), ...new Array(125).fill(0x20)),
  Uint8Array.of(...ape(1 << 29), ...new Array(40).fill(0xff), ...ape(0)),
  Uint8Array.of(...ape(0)),
];

function ape(flags: number): number[] {
  const fields = new DataView(new ArrayBuffer(24));
  fields.setUint32(0, 2000, true);
  fields.setUint32(4, 72, true);
  fields.setUint32(12, flags, true);
  return [...ascii("APETAGEX"), ...new Uint8Array(fields.buffer)];
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
