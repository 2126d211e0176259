/** Telling ADTS, MPEG-TS and others in SRT messages, however they are cut. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { writeId3Texts } from "../../src/audio/id3_texts.ts";
import { UnsupportedAudio } from "../../src/audio/unsupported_audio.ts";
import { ByteBuffer } from "../../src/mpegts/byte_buffer.ts";
import { AudioMuxer } from "../../src/mpegts/muxer.ts";
import { Payload } from "../../src/srt/payload.ts";
import {
  accessUnits,
  adtsFrame,
  adtsStream,
  audioConfig,
} from "../../testing/audio/access_units.ts";
import { encodeMp3, mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { concat } from "../../testing/bytes.ts";
import { coder, encode, run, source } from "../../testing/audio/ffmpeg.ts";
import { cut, PayloadCollector, unpack } from "../../testing/srt/payload_collector.ts";

const adts = await encode({ seconds: 2 });
const { config, frames } = accessUnits(adts);
const messages = frames.map((frame) => adtsFrame(config, frame));

const mp3 = await encodeMp3({ bitrate: "v4", seconds: 2 });
const MP3 = mp3Frames(mp3);
const toTs = ["-f", "aac", "-i", "pipe:0", "-c", "copy", "-f", "mpegts"];
const ts = await run("ffmpeg", [...toTs, "pipe:1"], adts, "error");

const picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=1"];
const video = ["-c:v", "mpeg2video", "-b:v", "300k"];

Deno.test("a message that is a whole frame gives it at once", () => {
  const found = new PayloadCollector();
  const payload = new Payload(found);
  for (const [i, message] of messages.entries()) {
    payload.feed(message);
    assert.equal(found.frames.length, i + 1);
  }
  assert.deepEqual(found.frames, frames);
  assert.deepEqual(new Set(found.times), new Set([undefined]));
  assert.equal(found.badCount, 0);
  assert.equal(payload.seen, "AAC in ADTS");
});

Deno.test("ID3 tags beside the audio are told with their time", () => {
  const muxer = new AudioMuxer(config, true);
  const out = new ByteBuffer();
  muxer.begin(out);
  muxer.writeId3(writeId3Texts({ title: "Song", artist: "Band" }), 90_000);
  for (const [i, frame] of frames.entries()) muxer.write(frame, 90_000 + i * 1920);
  muxer.end();
  const { found } = unpack(cut(out.view().slice(), 1316));
  assert.deepEqual(found.texts, [{ title: "Song", artist: "Band", timeMs: 1000 }]);
  assert.equal(found.times[0], 1000);
});

Deno.test("several frames a message come out", () => {
  const triples = messages.flatMap((_, i) => i % 3 === 0 ? [concat(messages.slice(i, i + 3))] : []);
  const { found } = unpack(triples);
  assert.deepEqual(found.frames, frames);
});

Deno.test("frames that are cut by messages come out whole, wherever they are cut", () => {
  for (let bytes = 1; bytes < 1456; bytes += bytes < 200 ? 1 : 37) {
    const { found } = unpack(cut(adts, bytes));
    assert.deepEqual(found.frames.length, frames.length, `messages of ${bytes} bytes`);
    assert.equal(found.badCount, 0);
  }
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 1456 }), { minLength: 1 }), (sizes) => {
    const pieces: Uint8Array[] = [];
    for (let at = 0, i = 0; at < adts.length; i++) {
      const size = sizes[i % sizes.length] ?? 1;
      pieces.push(adts.subarray(at, at + size));
      at += size;
    }
    assert.deepEqual(unpack(pieces).found.frames, frames);
  }));
});

Deno.test("garbage between frames is counted, and what follows found", () => {
  const garbage = new Uint8Array(300).fill(7);
  const { found } = unpack([
    ...messages.slice(0, 10),
    garbage,
    ...messages.slice(10, 20),
    garbage,
    garbage,
    ...messages.slice(20),
  ]);
  assert.deepEqual(found.frames, frames);
  assert.equal(found.badCount, 2);
});

Deno.test("garbage before the first frame costs none", () => {
  const { found } = unpack([new Uint8Array(1000).fill(7), ...messages]);
  assert.deepEqual(found.frames, frames);
  assert.equal(found.badCount, 1);
});

Deno.test("a stream that begins within a frame is found", () => {
  const { found } = unpack(cut(adts.subarray(100), 700));
  assert.deepEqual(found.frames, frames.slice(1));
});

/** An ID3v2 tag with a picture of `size` bytes, in which false frames stand. */
function id3Tag(size: number): Uint8Array {
  const syncsafe = [21, 14, 7, 0].map((shift) => size >> shift & 0x7f);
  const frame = adtsFrame(audioConfig({ sampleRate: 22050 }), new Uint8Array(20));
  const picture = Uint8Array.from({ length: size }, (_, i) => frame[i % frame.length] ?? 0);
  return concat([Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, ...syncsafe), picture]);
}

for (const size of [0, 1000, 60_000, 3_000_000]) {
  Deno.test(`an ID3 tag of ${size} bytes in front of ADTS costs nothing, however it is cut`, () => {
    const tag = id3Tag(size);
    for (const bytes of [1, 3, 700, 1316]) {
      if (size / bytes > 100_000) continue;
      const { found, payload } = unpack(cut(concat([tag, id3Tag(5), adts]), bytes));
      assert.deepEqual(found.frames, frames, `messages of ${bytes} bytes`);
      assert.equal(found.badCount, 0);
      assert.equal(payload.seen, "AAC in ADTS");
    }
    const { found } = unpack([tag, ...messages]);
    assert.deepEqual(found.frames, frames);
  });
}

Deno.test("an ID3 tag between frames costs none", () => {
  const { found } = unpack([
    ...messages.slice(0, 10),
    ...cut(id3Tag(60_000), 1316),
    ...messages.slice(10),
  ]);
  assert.deepEqual(found.frames, frames);
  assert.equal(found.badCount, 0);
});

Deno.test("what stands behind an ID3 tag is named, and the tag alone is too", () => {
  const payload = new Payload(new PayloadCollector());
  payload.feed(id3Tag(500));
  assert.equal(payload.seen, "an ID3 tag");
  assert.throws(() => {
    for (let i = 0; i < 4; i++) payload.feed(new TextEncoder().encode("OggS".repeat(329)));
  }, /^UnsupportedAudio: Ogg; AAC in ADTS, MP3, or either in MPEG-TS is needed/);
});

for (const bytes of [1316, 188, 417, 100]) {
  Deno.test(`MP3 in messages of ${bytes} bytes gives every frame`, () => {
    const { found, payload } = unpack(cut(mp3, bytes));
    assert.deepEqual(found.frames, MP3.frames);
    assert.deepEqual(found.configs, [MP3.config]);
    assert.equal(found.badCount, 0);
    assert.equal(payload.seen, "MP3");
  });
}

Deno.test("MP3 comes out whole frame by frame, behind a tag, and from its middle on", () => {
  assert.deepEqual(unpack(MP3.frames).found.frames, MP3.frames);
  const tagged = unpack([id3Tag(3000), ...cut(mp3, 1316)]);
  assert.deepEqual(tagged.found.frames, MP3.frames);
  assert.equal(tagged.found.badCount, 0);
  const middle = unpack(cut(mp3.subarray(1000), 1316)).found;
  assert.deepEqual(middle.frames, MP3.frames.slice(-middle.frames.length));
  assert.ok(middle.frames.length >= MP3.frames.length - 4);
});

Deno.test("messages that were lost count for as many frames as they usually hold", () => {
  const lostOf = (stream: readonly Uint8Array[], lost: number) => {
    const found = new PayloadCollector();
    const payload = new Payload(found);
    const half = stream.length >> 1;
    for (const message of stream.slice(0, half)) payload.feed(message);
    payload.lost(lost);
    for (const message of stream.slice(half + lost)) payload.feed(message);
    return found;
  };
  assert.equal(lostOf(messages, 20).lostFrames, 20);
  const pairs = messages.flatMap((_, i) => i % 2 === 0 ? [concat(messages.slice(i, i + 2))] : []);
  assert.equal(lostOf(pairs, 10).lostFrames, 20);

  const found = lostOf(cut(adts, 1316), 10);
  const missing = frames.length - found.frames.length;
  assert.ok(Math.abs(found.lostFrames - missing) <= 2, `${found.lostFrames} for ${missing}`);
  assert.ok(found.badCount > 0);
});

Deno.test("a new sample rate is a new configuration", () => {
  const slower = audioConfig({ sampleRate: 44100 });
  const { found } = unpack([...messages, ...frames.map((frame) => adtsFrame(slower, frame))]);
  assert.deepEqual(found.configs.map(({ sampleRate }) => sampleRate), [48000, 44100]);
  assert.deepEqual(found.frames, [...frames, ...frames]);
});

for (const bytes of [188, 376, 1316, 1000]) {
  Deno.test(`MPEG-TS in messages of ${bytes} bytes gives every frame and its time`, () => {
    const { found, payload } = unpack(cut(ts, bytes));
    assert.deepEqual(found.frames, frames);
    assert.equal(found.badCount, 0);
    assert.equal(payload.seen, "MPEG-TS with AAC");
    const [first = NaN] = found.times;
    for (const [i, time] of found.times.entries()) {
      assert.ok(Math.abs((time ?? NaN) - (first ?? NaN) - i * 1024 / 48) < 1);
    }
  });
}

Deno.test("MPEG-TS that is joined within a packet is found", () => {
  const { found } = unpack(cut(ts.subarray(188 * 20 + 77), 1316));
  assert.ok(found.frames.length > frames.length / 2);
});

Deno.test("audio beside video and in LATM is found", async () => {
  const input = { seconds: 1 };
  const withVideo = [...picture, ...source(input), ...video, ...coder(input), "-f", "mpegts"];
  const both = unpack(cut(await run("ffmpeg", [...withVideo, "pipe:1"], undefined, "error"), 1316));
  assert.equal(both.found.frames.length, 48);
  assert.equal(both.payload.seen, "MPEG-TS with MPEG-2 video and AAC");

  const latm = await encode({ format: "mpegts", options: ["-mpegts_flags", "latm"] });
  const { found, payload } = unpack(cut(latm, 1316));
  assert.equal(found.frames.length, 48);
  assert.equal(payload.seen, "MPEG-TS with AAC in LATM");
});

/** FFmpeg's output of a second and a half, again and again. */
async function refusal(...args: string[]): Promise<string> {
  const stream = await run("ffmpeg", [...args, "pipe:1"], undefined, "error");
  const payload = new Payload(new PayloadCollector());
  try {
    for (let round = 0; round < 1000; round++) {
      for (const message of cut(stream, 1316)) payload.feed(message);
    }
  } catch (error) {
    assert(error instanceof UnsupportedAudio);
    return error.message;
  }
  throw new Error("it was not refused");
}

Deno.test("what is neither frames nor MPEG-TS, or without AAC and MP3, is refused by its name", async () => {
  const tone = source({ seconds: 1.5 });
  assert.equal(
    await refusal(...picture, ...video, "-f", "mpegts"),
    "MPEG-TS with MPEG-2 video; AAC or MP3 is needed",
  );
  assert.equal(
    await refusal(...tone, "-c:a", "libopus", "-b:a", "96k", "-f", "mpegts"),
    "MPEG-TS with Opus; AAC or MP3 is needed",
  );
  assert.equal(
    await refusal(...tone, "-c:a", "aac", "-mpegts_m2ts_mode", "1", "-f", "mpegts"),
    "MPEG-TS in packets of 192 bytes",
  );
  assert.equal(
    await refusal(...tone, "-c:a", "aac", "-f", "flv", "-flvflags", "no_duration_filesize"),
    "FLV; AAC in ADTS, MP3, or either in MPEG-TS is needed",
  );
  assert.equal(
    await refusal(...tone, "-c:a", "mp2", "-f", "mp2"),
    "MPEG Layer 2 (MP2)",
  );
  assert.equal(
    await refusal(...tone, "-c:a", "mp2", "-f", "mpegts"),
    "MPEG Layer 2 (MP2)",
  );
  const zeros = new Payload(new PayloadCollector());
  assert.throws(() => {
    for (let i = 0; i < 4; i++) zeros.feed(new Uint8Array(1316));
  }, /^UnsupportedAudio: bytes that begin with 0{16}; AAC in ADTS, MP3, or either in MPEG-TS is/);
});

/** Runs on until the end or a refusal; anything else that is thrown fails the test. */
function survives(pieces: Iterable<Uint8Array>): void {
  try {
    unpack(pieces);
  } catch (error) {
    if (!(error instanceof UnsupportedAudio)) throw error;
  }
}

Deno.test("random messages are refused or passed over", () => {
  const message = fc.uint8Array({ minLength: 1, maxLength: 1456 });
  fc.assert(fc.property(fc.array(message, { maxLength: 20 }), survives));
});

Deno.test("mutated streams are taken as far as they go", () => {
  const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 50 });
  const size = fc.integer({ min: 100, max: 1456 });
  const start = adtsStream(config, frames.slice(0, 40));
  for (const stream of [start, ts.subarray(0, 188 * 80)]) {
    fc.assert(fc.property(mutations, size, fc.nat(400), (changes, bytes, from) => {
      const mutated = stream.slice(from);
      for (const [at, value] of changes) mutated[at % mutated.length] = value;
      survives(cut(mutated, bytes));
    }));
  }
});
