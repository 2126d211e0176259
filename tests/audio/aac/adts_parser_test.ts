/**
 * Finding ADTS frames (ISO/IEC 14496-3 1.A.2.2) in bytes that are cut anywhere, garbled or of
 * another kind.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AdtsParser } from "../../../src/audio/aac/adts_parser.ts";
import { UnsupportedAudio } from "../../../src/audio/unsupported_audio.ts";
import {
  accessUnits,
  adtsFrame,
  adtsStream,
  audioConfig,
  Collector,
} from "../../../testing/audio/access_units.ts";
import { concat } from "../../../testing/bytes.ts";
import { encode } from "../../../testing/audio/ffmpeg.ts";

const STEREO = audioConfig();
const MONO = audioConfig({ channelConfiguration: 1, sampleRate: 22050 });

/** Access units that hold no syncword, each of another size. */
const FRAMES = Array.from({ length: 12 }, (_, i) => new Uint8Array(20 + 7 * i).fill(i));

const GARBAGE = Uint8Array.of(1, 2, 0xff, 0xf1, 0xff, 0xff, 0xf1, 0x4c, 0x80, 3, 4, 5, 6, 7, 8);

Deno.test("HE-AAC in ADTS is told by its core", async () => {
  const he = new URL("../../../testing/media/he-aac-v1_44100_stereo_64k.aac", import.meta.url);
  const { config, frames } = accessUnits(await Deno.readFile(he));
  assert.deepEqual(config, audioConfig({ sampleRate: 22050 }));
  assert.ok(frames.length > 200);
});

Deno.test("frames come out whole, split at any byte", () => {
  const stream = concat([
    adtsStream(STEREO, FRAMES.slice(0, 6)),
    adtsStream(MONO, FRAMES.slice(6)),
  ]);
  const whole = parse([stream]);
  assert.deepEqual(whole.frames, FRAMES);
  assert.deepEqual(whole.configs, [STEREO, MONO]);
  assert.equal(whole.badCount, 0);
  for (let at = 1; at < stream.length; at++) {
    assert.deepEqual(parse([stream.subarray(0, at), stream.subarray(at)]), whole);
  }
  assert.deepEqual(parse(Array.from(stream, (byte) => Uint8Array.of(byte))), whole);
});

Deno.test("each frame comes with the place where its header stands", () => {
  const stream = concat([GARBAGE, adtsStream(STEREO, FRAMES)]);
  for (const pieceBytes of [1, 50, 1000]) {
    const { frames, offsets } = parse(pieces(stream, pieceBytes));
    assert.deepEqual(frames, FRAMES);
    for (const [i, offset] of offsets.entries()) {
      assert.deepEqual(
        stream.subarray(offset + 7, offset + 7 + (frames[i]?.length ?? 0)),
        frames[i],
      );
    }
  }
});

Deno.test("pieces larger than any frame come out frame by frame", async () => {
  const adts = await encode({ seconds: 5 });
  const { frames } = accessUnits(adts);
  for (const pieceBytes of [100, 8000, 40_000]) {
    assert.deepEqual(parse(pieces(adts, pieceBytes)).frames, frames);
  }
});

Deno.test("a frame waits for the next header, or for the word that none comes", () => {
  const found = new Collector();
  const parser = new AdtsParser(found);
  for (const frame of FRAMES.slice(0, 3)) {
    const count = found.frames.length;
    parser.feed(adtsFrame(STEREO, frame));
    assert.equal(found.frames.length, count);
    parser.flush();
    assert.equal(found.frames.length, count + 1);
  }
});

Deno.test("the beginning of a frame is kept for its rest when a message ends in it", () => {
  const found = new Collector();
  const parser = new AdtsParser(found);
  for (const piece of pieces(adtsStream(STEREO, FRAMES), 30)) {
    parser.feed(piece);
    parser.flush();
  }
  assert.deepEqual(found.frames, FRAMES);
  assert.equal(found.badCount, 0);
});

Deno.test("garbage before, between and after frames costs the frame before it and is counted", () => {
  const found = parse([
    concat([
      GARBAGE,
      adtsStream(STEREO, FRAMES.slice(0, 4)),
      GARBAGE,
      adtsStream(STEREO, FRAMES.slice(4, 8)),
      GARBAGE,
      adtsStream(STEREO, FRAMES.slice(8)),
      Uint8Array.of(1, 2, 3),
    ]),
  ]);
  assert.deepEqual(found.frames, FRAMES.filter((_, i) => ![3, 7, 11].includes(i)));
  assert.equal(found.badCount, 4);
  assert.deepEqual(found.configs, [STEREO]);
});

Deno.test("bytes lost within a frame cost that frame alone", () => {
  const stream = adtsStream(STEREO, FRAMES);
  const lostFrom = 7 + 20 + 7 + 5; // five bytes into the second frame's data
  const found = parse([stream.subarray(0, lostFrom), stream.subarray(lostFrom + 9)]);
  assert.deepEqual(found.frames, FRAMES.filter((_, i) => i !== 1));
  assert.equal(found.badCount, 1);
});

Deno.test("after a reset the rest of the frame that had begun is passed over", () => {
  const stream = adtsStream(STEREO, FRAMES);
  const found = new Collector();
  const parser = new AdtsParser(found);
  parser.feed(stream.subarray(0, 40));
  parser.reset();
  parser.feed(stream.subarray(50));
  parser.flush();
  assert.deepEqual(found.frames, FRAMES.filter((_, i) => i !== 1));
  assert.ok(found.offsets.every((offset, i) => i === 0 || offset > 40));
});

Deno.test("a CRC behind the header is passed over", () => {
  const frames = FRAMES.map((data) => withCrc([data], false));
  const found = parse([concat(frames)]);
  assert.deepEqual(found.frames, FRAMES);
});

Deno.test("several access units in one frame are told apart by their positions", () => {
  const found = parse([
    withCrc(FRAMES.slice(0, 4), true),
    withCrc(FRAMES.slice(4, 6), true),
    withCrc(FRAMES.slice(6, 7), true),
  ]);
  assert.deepEqual(found.frames, FRAMES.slice(0, 7));
  assert.equal(found.badCount, 0);
});

Deno.test("positions that point outside of their frame are counted", () => {
  const frame = withCrc(FRAMES.slice(0, 3), true);
  frame[7] = 0x7f;
  const found = parse([frame]);
  assert.deepEqual(found.frames, []);
  assert.equal(found.badCount, 1);
});

Deno.test("what Echo does not take is refused by name once two headers say so", () => {
  const refused: [string, number, number][] = [
    ["AAC SSR (object type 3)", 2, 0x8c],
    ["sampling frequency index 13", 2, 0x74],
    ["ADTS frames of several access units without their positions", 6, 0xfd],
  ];
  for (const [message, at, byte] of refused) {
    const frame = adtsFrame(STEREO, new Uint8Array(30));
    frame[at] = byte;
    assert.throws(
      () => parse([frame, frame]),
      (error) => error instanceof UnsupportedAudio && error.message === message,
    );
  }
});

Deno.test("one damaged header among good ones refuses nothing", () => {
  const damaged = adtsFrame(STEREO, new Uint8Array(30));
  damaged[2] = 0x8c; // AAC SSR
  const stream = adtsStream(STEREO, FRAMES);
  const found = parse([concat([stream, damaged, stream])]);
  assert.deepEqual(found.frames, [...FRAMES, ...FRAMES]);
  assert.equal(found.badCount, 1);
});

Deno.test("a false header in garbage does not hold up the frames behind it", () => {
  const found = new Collector();
  const parser = new AdtsParser(found);
  parser.feed(concat([GARBAGE, adtsStream(STEREO, FRAMES.slice(0, 3))]));
  assert.deepEqual(found.frames, FRAMES.slice(0, 2));
});

Deno.test("a program config in front is told once and taken off the access units", async () => {
  const adts = await encode({ layout: "5.1(side)" });
  const { config, frames } = accessUnits(adts);
  assert.equal(config.channelConfiguration, 0);
  assert.equal(config.programConfig?.toHex(), "a0990880040018800d4c61766335392e33372e313030");
  assert.equal((frames[0]?.[0] ?? 0) >> 5, 6); // FFmpeg's encoder begins with a fill_element
  const before = accessUnits(adtsStream(config, frames)); // here it stands before each
  assert.deepEqual(before, { config, frames });
});

Deno.test("access units without any layout are counted until a program config comes", async () => {
  const { config, frames } = accessUnits(await encode({ layout: "quad" }));
  const bare = frames.map((frame) => adtsFrame({ ...config, programConfig: undefined }, frame));
  const found = parse([...bare.slice(0, 5), adtsStream(config, frames)]);
  assert.equal(found.badCount, 5);
  assert.deepEqual(found.frames, frames);
});

Deno.test("no damage makes the parser throw, or hand on what was not fed", async () => {
  const adts = (await encode({ layout: "5.1(side)", seconds: 0.3 })).subarray(0, 6000);
  const damage = fc.array(fc.tuple(fc.nat(adts.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(fc.property(damage, fc.integer({ min: 1, max: 3000 }), (damage, pieceBytes) => {
    const damaged = adts.slice();
    for (const [at, byte] of damage) damaged[at] = byte;
    const found = new Collector();
    const parser = new AdtsParser(found);
    try {
      for (const piece of pieces(damaged, pieceBytes)) parser.feed(piece);
      parser.flush();
    } catch (error) {
      if (!(error instanceof UnsupportedAudio)) throw error;
    }
    assert.ok(found.frames.reduce((sum, frame) => sum + frame.length, 0) < damaged.length);
  }));
});

/** An ID3v2 tag with `size` bytes behind its header that look like frames. */
function id3Tag(size: number, flags = 0): Uint8Array {
  const frame = adtsFrame(MONO, new Uint8Array(20));
  const syncsafe = [21, 14, 7, 0].map((shift) => size >> shift & 0x7f);
  const body = Uint8Array.from({ length: size }, (_, i) => frame[i % frame.length] ?? 0);
  const footer = new Uint8Array(flags === 0 ? 0 : 10);
  return concat([Uint8Array.of(0x49, 0x44, 0x33, 4, 0, flags, ...syncsafe), body, footer]);
}

Deno.test("ID3 tags before, between and after frames are passed over, split at any byte", () => {
  const stream = concat([
    id3Tag(100),
    id3Tag(0),
    adtsStream(STEREO, FRAMES.slice(0, 4)),
    id3Tag(300, 0x10),
    adtsStream(STEREO, FRAMES.slice(4, 5)),
    id3Tag(40),
    adtsStream(STEREO, FRAMES.slice(5)),
    id3Tag(50),
  ]);
  for (let at = 0; at < stream.length; at++) {
    const found = parse([stream.subarray(0, at), stream.subarray(at)]);
    assert.deepEqual(found.frames, FRAMES, `split at ${at}`);
    assert.equal(found.badCount, 0);
    assert.deepEqual(found.configs, [STEREO]);
  }
  for (const pieceBytes of [1, 7, 100]) {
    const found = parse(pieces(stream, pieceBytes));
    assert.deepEqual(found.frames, FRAMES);
    assert.equal(found.badCount, 0);
  }
});

Deno.test("a frame before a tag comes out when its message ends, and tags may be cut by messages", () => {
  const found = new Collector();
  const parser = new AdtsParser(found);
  const stream = concat(FRAMES.map((frame) => concat([adtsFrame(STEREO, frame), id3Tag(60_000)])));
  for (const piece of pieces(stream, 1316)) {
    parser.feed(piece);
    parser.flush();
  }
  assert.deepEqual(found.frames, FRAMES);
  assert.equal(found.badCount, 0);
});

Deno.test("a tag of 256 MB is passed over without being held", () => {
  const found = new Collector();
  const parser = new AdtsParser(found);
  const size = 2 ** 28 - 1;
  parser.feed(id3Tag(0).with(6, 0x7f).with(7, 0x7f).with(8, 0x7f).with(9, 0x7f));
  const piece = new Uint8Array(2 ** 20).fill(0xff);
  for (let left = size; left > 0; left -= piece.length) {
    parser.feed(piece.subarray(0, Math.min(left, piece.length)));
  }
  parser.feed(adtsStream(STEREO, FRAMES));
  parser.flush();
  assert.deepEqual(found.frames, FRAMES);
  assert.equal(found.badCount, 0);
});

Deno.test("a tag of 500 kB between frames is passed over", () => {
  const found = parse([adtsStream(STEREO, FRAMES), id3Tag(500_000), adtsStream(STEREO, FRAMES)]);
  assert.deepEqual(found.frames, [...FRAMES, ...FRAMES]);
  assert.equal(found.badCount, 0);
});

Deno.test("a tag between frames whose size is wrong costs no frame behind it, and is counted once", () => {
  for (const size of [2 ** 20, 2 ** 24, 2 ** 28 - 1]) {
    const tag = id3Tag(0);
    tag.set([21, 14, 7, 0].map((shift) => size >> shift & 0x7f), 6);
    const stream = concat([adtsStream(STEREO, FRAMES), tag, adtsStream(STEREO, FRAMES)]);
    for (const pieceBytes of [1, 7, 100, stream.length]) {
      const found = parse(pieces(stream, pieceBytes));
      assert.deepEqual(found.frames, [...FRAMES, ...FRAMES]);
      assert.equal(found.badCount, 1);
    }
  }
});

Deno.test("also where bytes were lost before it, a tag with a wrong size is passed over no further", () => {
  const found = new Collector();
  const parser = new AdtsParser(found);
  parser.feed(adtsStream(STEREO, FRAMES));
  parser.reset();
  parser.feed(concat([id3Tag(0).with(6, 0x7f), adtsStream(STEREO, FRAMES)]));
  parser.flush();
  assert.deepEqual(found.frames, [...FRAMES.slice(0, -1), ...FRAMES]);
  assert.equal(found.badCount, 1);
});

Deno.test("what only begins like a tag is garbage", () => {
  for (const text of ["I", "ID", "ID3", "ID3\xff", "ID3\x04\x00\x00\x80aaaa", "IDEA of a tag"]) {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const found = parse([concat([bytes, adtsStream(STEREO, FRAMES)])]);
    assert.deepEqual(found.frames, FRAMES);
    assert.equal(found.badCount, 1);
  }
});

/** Feeds the pieces, and says that no more come. */
function parse(pieces: Iterable<Uint8Array>): Collector {
  const found = new Collector();
  const parser = new AdtsParser(found);
  for (const piece of pieces) parser.feed(piece);
  parser.flush();
  return found;
}

function pieces(bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / pieceBytes);
  return Array.from(
    { length: count },
    (_, i) => bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
  );
}

/** A frame with CRCs (of zeros): behind the header and, where there are positions, behind each block. */
function withCrc(blocks: readonly Uint8Array[], many: boolean): Uint8Array {
  const crc = new Uint8Array(2);
  const behindBlock = blocks.length > 1 ? [crc] : [];
  const positions: Uint8Array[] = [];
  let position = 0;
  for (const block of blocks.slice(0, -1)) {
    position += block.length + crc.length;
    positions.push(Uint8Array.of(position >> 8, position & 0xff));
  }
  const payload = concat([
    ...positions,
    crc,
    ...blocks.flatMap((block) => [block, ...behindBlock]),
  ]);
  const frame = adtsFrame(STEREO, payload);
  frame[1] = 0xf0;
  if (many) frame[6] = 0xfc | (blocks.length - 1);
  return frame;
}
