/** Segments in MPEG-TS as other programs read them, byte for byte. */
import assert from "node:assert/strict";
import { ADTS, BufferSource, EncodedPacketSink, Input, MPEG_TS } from "mediabunny";
import { ByteBuffer } from "../../src/mpegts/byte_buffer.ts";
import { TsDemuxer } from "../../src/mpegts/demuxer.ts";
import { AudioMuxer } from "../../src/mpegts/muxer.ts";
import { silentFrame } from "../../src/audio/aac/silence.ts";
import { accessUnits, adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import { concat } from "../../testing/bytes.ts";
import { encode, run } from "../../testing/audio/ffmpeg.ts";
import { packets, pesHeader } from "../../testing/mpegts/packets.ts";
import { pts90k, segments } from "../../testing/mpegts/segments.ts";

const WRAP = 2 ** 33;

const HE_AAC = [
  "he-aac-v1_44100_stereo_64k.aac",
  "he-aac-v1_48000_mono_32k.aac",
  "he-aac-v2_44100_stereo_32k.aac",
];

for (const layout of ["mono", "stereo", "5.1", "7.1", "quad", "5.1(side)", "7.1(wide)"]) {
  Deno.test(`FFmpeg gets back every byte of ${layout}, and decodes without a warning`, async () => {
    const { config, frames } = accessUnits(await encode({ layout, seconds: 3 }));
    const stream = concat(segments(config, frames, 1));
    assert.deepEqual(await extractAdts(stream), adtsStream(config, frames));
    await decode(stream);
  });
}

for (const name of HE_AAC) {
  Deno.test(`FFmpeg gets back every byte of ${name}`, async () => {
    const file = await Deno.readFile(new URL(`../../testing/media/${name}`, import.meta.url));
    const { config, frames } = accessUnits(file);
    const stream = concat(segments(config, frames, 2));
    assert.deepEqual(await extractAdts(stream), adtsStream(config, frames));
    await decode(stream);
  });
}

Deno.test("each segment is decodable by itself, and begins with PAT and PMT", async () => {
  const { config, frames } = accessUnits(await encode({ seconds: 3 }));
  for (const segment of segments(config, frames.slice(0, 140), 1)) {
    assert.deepEqual(packets(segment).slice(0, 3).map(({ pid }) => pid), [0, 0x1000, 0x100]);
    await decode(segment);
  }
});

Deno.test("there is one AAC stream and nothing else", async () => {
  const { config, frames } = accessUnits(await encode());
  const [segment = new Uint8Array()] = segments(config, frames, 2);
  const json = await run("ffprobe", ["-of", "json", "-show_streams", "-i", "pipe:0"], segment);
  const { streams } = JSON.parse(new TextDecoder().decode(json));
  assert.equal(streams.length, 1);
  const [{ codec_name, profile, sample_rate, channels, codec_tag }] = streams;
  assert.deepEqual({ codec_name, profile, sample_rate, channels, codec_tag }, {
    codec_name: "aac",
    profile: "LC",
    sample_rate: "48000",
    channels: 2,
    codec_tag: "0x000f",
  });
});

Deno.test("a segment can be looked at before it ends, and is none the different for it", async () => {
  const { config, frames } = accessUnits(await encode());
  const write = (look: boolean) => {
    const out = new ByteBuffer();
    const muxer = new AudioMuxer(config);
    muxer.begin(out);
    for (const [i, frame] of frames.entries()) {
      if (look) assert.deepEqual(framesIn(muxer.snapshot()), frames.slice(0, i));
      muxer.write(frame, 900_000 + i * 1920);
    }
    muxer.end();
    return out.view();
  };
  assert.deepEqual(write(true), write(false));
});

Deno.test("silence among real frames decodes without a warning", async () => {
  const { config, frames } = accessUnits(await encode({ layout: "5.1(side)" }));
  const silent = silentFrame(config);
  await decode(concat(segments(config, [...frames, silent, silent, ...frames], 1)));
});

Deno.test("mediabunny reads the same access units at the same times", async () => {
  const { config, frames } = accessUnits(await encode({ rate: 44100, seconds: 3 }));
  const stream = concat(segments(config, frames, 1, 900_000));
  using input = new Input({ source: new BufferSource(stream), formats: [MPEG_TS, ADTS] });
  const track = await input.getPrimaryAudioTrack();
  assert.ok(track);
  assert.equal(await input.getFormat(), MPEG_TS);
  assert.equal(track.codec, "aac");
  assert.equal(track.sampleRate, 44100);
  let index = 0;
  for await (const packet of new EncodedPacketSink(track).packets()) {
    assert.deepEqual(packet.data.subarray(-(frames[index]?.length ?? 0)), frames[index]);
    assert.ok(Math.abs(packet.timestamp - 10 - index * 1024 / 44100) < 0.0001);
    index++;
  }
  assert.equal(index, frames.length);
});

Deno.test("continuity counters go on over packets and segments", async () => {
  const { config, frames } = accessUnits(await encode({ seconds: 4 }));
  const counters = new Map<number, number>();
  for (const { pid, counter } of packets(concat(segments(config, frames, 1)))) {
    const before = counters.get(pid);
    assert.equal(counter, before === undefined ? 0 : (before + 1) % 16);
    counters.set(pid, counter);
  }
});

Deno.test("every PES packet has the PTS of its first access unit, at most 0.7 s after the last", async () => {
  for (const rate of [7350, 22050, 44100, 48000, 96000]) {
    const { config, frames } = accessUnits(await encode({ rate, seconds: 4, bitrate: "32k" }));
    const parts = pesPackets(concat(segments(config, frames, 2)));
    let index = 0;
    let before = 0;
    for (const { pts90k: pts, units } of parts) {
      assert.equal(pts, pts90k(config, index));
      assert.ok(pts - before <= 63_000);
      before = pts;
      index += accessUnits(units).frames.length;
    }
    assert.equal(index, frames.length);
  }
});

Deno.test("PTS and PCR wrap at 33 bits, the PCR a little before the PTS", async () => {
  const { config, frames } = accessUnits(await encode({ seconds: 4 }));
  const start90k = 3 * WRAP - 180_000;
  const stream = concat(segments(config, frames, 1, start90k));
  const starts = packets(stream).filter(({ pcr90k }) => pcr90k !== undefined);
  let expected90k = start90k % WRAP;
  for (const { pcr90k = 0, payload } of starts) {
    const { pts90k } = pesHeader(payload);
    assert.equal((pcr90k + 9000) % WRAP, pts90k);
    assert.ok(((pts90k - expected90k + WRAP) % WRAP) <= 63_000);
    expected90k = pts90k;
  }
  assert.ok(expected90k < 270_000);
  await decode(stream);
});

Deno.test("a stream may begin at time 0", async () => {
  const { config, frames } = accessUnits(await encode());
  const [segment = new Uint8Array()] = segments(config, frames, 2);
  const [, , first] = packets(segment);
  assert.equal(first?.pcr90k, WRAP - 9000);
  await decode(segment);
});

Deno.test("an access unit of any size that ADTS can hold goes through, a larger one is refused", () => {
  const config = audioConfig();
  for (const sizes of [[8184], [8184, 1, 8184, 8184], [1], [149], [150], [151], [152], [334, 0]]) {
    const muxer = new AudioMuxer(config);
    const out = new ByteBuffer();
    muxer.begin(out);
    const frames = sizes.filter((size) => size > 0).map((size) => new Uint8Array(size).fill(7));
    for (const [i, frame] of frames.entries()) assert.ok(muxer.write(frame, 1920 * i));
    assert.ok(!muxer.write(new Uint8Array(8185), 99_999));
    muxer.end();
    assert.deepEqual(
      concat(pesPackets(out.view()).map(({ units }) => units)),
      adtsStream(config, frames),
    );
  }
});

Deno.test("a PES packet never grows past what its length can say", () => {
  const config = audioConfig({ sampleRate: 96000 });
  const muxer = new AudioMuxer(config);
  const out = new ByteBuffer();
  const frame = new Uint8Array(8000).fill(1);
  muxer.begin(out);
  for (let i = 0; i < 60; i++) muxer.write(frame, 960 * i);
  muxer.end();
  const parts = pesPackets(out.view());
  assert.ok(parts.length > 7);
  assert.deepEqual(
    concat(parts.map(({ units }) => units)),
    adtsStream(config, Array.from({ length: 60 }, () => frame)),
  );
});

Deno.test("an access unit outside of a segment is a mistake that is told", () => {
  const muxer = new AudioMuxer(audioConfig());
  assert.throws(() => muxer.write(new Uint8Array(9), 0), /no segment is open/);
});

Deno.test("at 128 kb/s the stream is hardly larger than its ADTS", async () => {
  for (const rate of [44100, 48000]) {
    const { config, frames } = accessUnits(await encode({ rate, seconds: 20 }));
    const adtsBytes = adtsStream(config, frames).length;
    for (const [seconds, limit] of [[1, 1.07], [2, 1.045]] as const) {
      const overhead = concat(segments(config, frames, seconds)).length / adtsBytes;
      assert.ok(overhead <= limit, `${overhead} at ${rate} Hz in segments of ${seconds} s`);
    }
  }
});

/** The option keeps FFmpeg from telling which layout it takes a program config for. */
const READ = ["-guess_layout_max", "0", "-f", "mpegts", "-i", "pipe:0"];

/** All that FFmpeg finds in the audio stream, ADTS headers included. */
function extractAdts(stream: Uint8Array): Promise<Uint8Array> {
  const copy = ["-map", "0:a", "-c", "copy", "-f", "data", "pipe:1"];
  return run("ffmpeg", [...READ, ...copy], stream);
}

async function decode(stream: Uint8Array): Promise<void> {
  await run("ffmpeg", [...READ, "-f", "null", "-"], stream);
}

/** The PES packets of the audio stream, each checked against its own length. */
function pesPackets(stream: Uint8Array): { pts90k: number; units: Uint8Array }[] {
  const found: { pts90k: number; length: number; parts: Uint8Array[] }[] = [];
  for (const { pid, unitStart, payload } of packets(stream)) {
    if (pid !== 0x100) continue;
    if (unitStart) {
      const { pts90k, length, data } = pesHeader(payload);
      found.push({ pts90k, length, parts: [data] });
    } else {
      found.at(-1)?.parts.push(payload);
    }
  }
  return found.map(({ pts90k, length, parts }) => {
    const units = concat(parts);
    assert.equal(units.length + 8, length);
    return { pts90k, units };
  });
}

/** The access units in a whole transport stream. */
function framesIn(stream: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const demuxer = new TsDemuxer({
    configure: () => {},
    write: (data) => frames.push(data.slice()),
    bad: (count) => assert.fail(`${count} are bad`),
  });
  demuxer.feed(stream);
  demuxer.flush();
  return frames;
}
