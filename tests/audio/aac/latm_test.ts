/** AAC in LATM/LOAS (ISO/IEC 14496-3 1.7): the access units are those that FFmpeg put in. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { UnsupportedAudio } from "../../../src/audio/unsupported_audio.ts";
import { BitWriter } from "../../../src/audio/bits.ts";
import { LatmParser } from "../../../src/audio/aac/latm.ts";
import { accessUnits, audioConfig, Collector } from "../../../testing/audio/access_units.ts";
import { element, loas } from "../../../testing/audio/aac/loas.ts";
import { encode } from "../../../testing/audio/ffmpeg.ts";
import { concat } from "../../../testing/bytes.ts";

const STEREO = audioConfig();
const MONO = audioConfig({ channelConfiguration: 1, sampleRate: 22050 });
const FRAMES = Array.from({ length: 12 }, (_, i) => new Uint8Array(10 + 60 * i).fill(i));
const GARBAGE = Uint8Array.of(1, 2, 0x56, 3, 4, 0x56, 0xff, 5, 6, 7);

for (const layout of ["mono", "stereo", "5.1", "quad", "5.1(side)"]) {
  Deno.test(`the access units of FFmpeg's LATM in ${layout} are those of its ADTS`, async () => {
    const found = parse([await encode({ layout, format: "latm" })]);
    const { config, frames } = accessUnits(await encode({ layout }));
    assert.deepEqual(found.configs, [config]);
    assert.deepEqual(found.frames, frames);
    assert.equal(found.badCount, 0);
  });
}

Deno.test("frames come out whole, split at any byte", () => {
  const stream = concat([
    loas({ config: STEREO, payloads: FRAMES.slice(0, 1) }),
    ...FRAMES.slice(1, 5).map((frame) => loas({ payloads: [frame] })),
    loas({ config: MONO, payloads: FRAMES.slice(5, 6) }),
  ]);
  const whole = parse([stream]);
  assert.deepEqual(whole.frames, FRAMES.slice(0, 6));
  assert.deepEqual(whole.configs, [STEREO, MONO]);
  for (let at = 1; at < stream.length; at++) {
    assert.deepEqual(parse([stream.subarray(0, at), stream.subarray(at)]), whole);
  }
  assert.deepEqual(parse(Array.from(stream, (byte) => Uint8Array.of(byte))), whole);
});

Deno.test("one element may hold several access units", () => {
  const found = parse([loas({ config: STEREO, payloads: FRAMES })]);
  assert.deepEqual(found.frames, FRAMES);
});

Deno.test("version 1 tells the configuration's length, so that SBR and PS are told in either way", () => {
  const he = audioConfig({ sampleRate: 22050, channelConfiguration: 1, sbr: true, ps: true });
  const found = parse([loas({ version: 1, config: he, payloads: FRAMES.slice(0, 2) })]);
  assert.deepEqual(found.configs, [he]);
  assert.deepEqual(found.frames, FRAMES.slice(0, 2));
  const absent = audioConfig({ sbr: false });
  const second = parse([loas({ version: 1, config: absent, payloads: FRAMES.slice(0, 2) })]);
  assert.deepEqual(second.configs, [absent]);
  assert.deepEqual(second.frames, FRAMES.slice(0, 2));
});

Deno.test("other data and a CRC are passed over", () => {
  for (const version of [0, 1]) {
    const found = parse([loas({ version, config: STEREO, payloads: FRAMES, otherData: true })]);
    assert.deepEqual(found.frames, FRAMES);
    assert.equal(found.badCount, 0);
  }
});

Deno.test("elements before the first configuration are counted, and passed over", () => {
  const found = parse([
    loas({ payloads: FRAMES.slice(0, 1) }),
    loas({ config: STEREO, payloads: FRAMES.slice(1, 2) }),
  ]);
  assert.deepEqual(found.frames, FRAMES.slice(1, 2));
  assert.equal(found.badCount, 1);
});

Deno.test("garbage between frames costs the frame before it and is counted", () => {
  const found = parse([
    GARBAGE,
    ...FRAMES.slice(0, 3).map((frame) => loas({ config: STEREO, payloads: [frame] })),
    GARBAGE,
    ...FRAMES.slice(3, 6).map((frame) => loas({ config: STEREO, payloads: [frame] })),
  ]);
  assert.deepEqual(found.frames, FRAMES.slice(0, 6).filter((_, i) => i !== 2));
  assert.equal(found.badCount, 2);
});

Deno.test("what Echo does not take is refused by name", () => {
  const version1A: Fields = [[0, 1], [1, 1], [1, 1]];
  const start: Fields = [[0, 1], [0, 1]];
  const refused: [string, Fields][] = [
    ["LATM with audioMuxVersionA 1", version1A],
    ["LATM without allStreamsSameTimeFraming", [...start, [0, 1]]],
    ["LATM with several programs", [...start, [1, 1], [0, 6], [1, 4]]],
    ["LATM with several layers", [...start, [1, 1], [0, 6], [0, 4], [1, 3]]],
    ["LATM with frameLengthType 1", [...start, [1, 1], [0, 13], [0x1190, 16], [1, 3]]],
    ["AAC SSR (object type 3)", [...start, [1, 1], [0, 13], [0x1990, 16]]],
  ];
  for (const [message, fields] of refused) {
    const writer = new BitWriter();
    for (const [value, bits] of fields) writer.write(value, bits);
    writer.write(0, 32);
    assert.throws(
      () => parse([element(writer.toBytes())]),
      (error) => error instanceof UnsupportedAudio && error.message === message,
      message,
    );
  }
});

Deno.test("no damage makes the parser throw anything but a refusal", async () => {
  const stream = (await encode({ layout: "5.1(side)", format: "latm", seconds: 0.3 })).subarray(
    0,
    6000,
  );
  const damage = fc.array(fc.tuple(fc.nat(stream.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(fc.property(damage, fc.integer({ min: 1, max: 3000 }), (damage, pieceBytes) => {
    const damaged = stream.slice();
    for (const [at, byte] of damage) damaged[at] = byte;
    const found = new Collector();
    const parser = new LatmParser(found);
    try {
      for (let at = 0; at < damaged.length; at += pieceBytes) {
        parser.feed(damaged.subarray(at, at + pieceBytes));
      }
      parser.flush();
    } catch (error) {
      if (!(error instanceof UnsupportedAudio)) throw error;
    }
    assert.ok(found.frames.reduce((sum, frame) => sum + frame.length, 0) < damaged.length);
  }));
});

type Fields = [value: number, bits: number][];

function parse(pieces: Iterable<Uint8Array>): Collector {
  const found = new Collector();
  const parser = new LatmParser(found);
  for (const piece of pieces) parser.feed(piece);
  parser.flush();
  return found;
}
