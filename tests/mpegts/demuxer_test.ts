/** Taking MPEG-TS (ISO/IEC 13818-1) apart: real streams, cut anywhere, and damaged ones. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { UnsupportedAudio } from "../../src/audio/unsupported_audio.ts";
import { TsDemuxer } from "../../src/mpegts/demuxer.ts";
import {
  accessUnits,
  adtsFrame,
  adtsStream,
  audioConfig,
} from "../../testing/audio/access_units.ts";
import { concat } from "../../testing/bytes.ts";
import { encode, run } from "../../testing/audio/ffmpeg.ts";
import { encodeMp3, mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { Packetizer, pes } from "../../testing/mpegts/packetizer.ts";
import { segments } from "../../testing/mpegts/segments.ts";
import { demux, TimedCollector } from "../../testing/mpegts/timed_collector.ts";

const STEREO = audioConfig();
const FRAMES = Array.from({ length: 20 }, (_, i) => new Uint8Array(100 + 11 * i).fill(i));
const FRAME_MS = 1024 / 48;
const ADTS_TYPE = 0x0f;

for (const layout of ["mono", "stereo", "5.1(side)"]) {
  for (const flags of [[], ["-mpegts_flags", "latm"], ["-pes_payload_size", "0"]]) {
    Deno.test(`FFmpeg's ${layout} stream ${flags.join(" ")} comes out frame by frame`, async () => {
      const stream = await encode({ layout, format: "mpegts", options: flags });
      const { config, frames } = accessUnits(await encode({ layout }));
      const { found } = demux(stream);
      assert.deepEqual(found.configs, [config]);
      assert.deepEqual(found.frames, frames);
      assert.equal(found.badCount, 0);
      assertTimes(found.times, await ffprobeTimes(stream));
    });
  }
}

Deno.test("a stream of three packets is one, once it is over", () => {
  const [stream = new Uint8Array()] = segments(STEREO, [new Uint8Array(100).fill(1)], 1);
  assert.equal(stream.length, 188 * 3);
  const { found } = demux(stream);
  assert.deepEqual(found.frames, [new Uint8Array(100).fill(1)]);
});

Deno.test("HE-AAC comes out frame by frame", async () => {
  const he = new URL("../../testing/media/he-aac-v2_44100_stereo_32k.aac", import.meta.url);
  const file = await Deno.readFile(he);
  const remux = ["-f", "aac", "-i", "pipe:0", "-c", "copy", "-f", "mpegts", "pipe:1"];
  const stream = await run("ffmpeg", remux, file, "error");
  const { found } = demux(stream);
  assert.deepEqual(found.frames, accessUnits(file).frames);
  assert.deepEqual(found.configs, [audioConfig({ sampleRate: 22050, channelConfiguration: 1 })]);
  assertTimes(found.times, await ffprobeTimes(stream));
});

Deno.test("video beside the audio is passed over, and told", async () => {
  const stream = await withVideo(["-c:a", "aac", "-map", "0", "-map", "1"]);
  const { found, demuxer } = demux(stream);
  assert.deepEqual(demuxer.streamNames, ["MPEG-2 video", "AAC"]);
  assert.equal(found.frames.length, 48);
  assert.equal(found.badCount, 0);
});

Deno.test("streams without audio that Echo takes say what they carry", async () => {
  const carried: [string[], string[]][] = [
    [["-map", "0"], ["MPEG-2 video"]],
    [["-map", "1", "-c:a", "libopus"], ["Opus"]],
    [["-map", "1", "-c:a", "ac3"], ["AC-3"]],
    [["-map", "0", "-map", "1", "-c:a", "eac3"], ["MPEG-2 video", "E-AC-3"]],
  ];
  for (const [coder, names] of carried) {
    const { found, demuxer } = demux(await withVideo(coder));
    assert.deepEqual(demuxer.streamNames, names);
    assert.equal(found.frames.length, 0);
  }
});

Deno.test("MP3 comes out frame by frame, at every rate", async () => {
  for (const rate of [48000, 44100, 32000, 24000, 22050, 16000]) {
    const mp3 = await encodeMp3({ rate, bitrate: "v4" });
    const { config, frames } = mp3Frames(mp3);
    const remux = ["-f", "mp3", "-i", "pipe:0", "-c", "copy", "-f", "mpegts", "pipe:1"];
    const stream = await run("ffmpeg", remux, mp3, "error");
    const { found, demuxer } = demux(stream);
    assert.deepEqual(found.configs, [config]);
    assert.deepEqual(found.frames, frames);
    assert.deepEqual(demuxer.streamNames, ["MP2 or MP3"]);
    assertTimes(found.times, await ffprobeTimes(stream));
  }
});

Deno.test("MP2 is refused by name, and passed over where something else is beside it", async () => {
  const mp2 = ["-map", "1", "-map", "1", "-c:a", "mp2"];
  const refused = { name: "UnsupportedAudio", message: "MPEG Layer 2 (MP2)" };
  const alone = await withVideo(mp2);
  assert.throws(() => demux(alone), refused);
  const { found } = demux(await withVideo([...mp2, "-c:a:1", "aac"]));
  assert.equal(found.configs[0]?.codec, "aac");
  assert.ok(found.frames.length > 40);
});

Deno.test("the stream may come in pieces of any size", () => {
  const stream = concat(segments(STEREO, FRAMES, 0.2, 90_000));
  const { found: whole } = demux(stream);
  assert.deepEqual(whole.frames, FRAMES);
  assertTimes(whole.times, FRAMES.map((_, i) => 1000 + i * FRAME_MS));
  for (let at = 1; at < stream.length; at++) {
    assert.deepEqual(demux(stream.subarray(0, at), stream.subarray(at)).found, whole);
  }
  assert.deepEqual(demux(...Array.from(stream, (byte) => Uint8Array.of(byte))).found, whole);
});

Deno.test("a stream may begin within a packet, and is counted as garbage up to the next one", () => {
  const [first = new Uint8Array(), ...rest] = segments(STEREO, FRAMES, 0.2);
  const { found: expected } = demux(...rest);
  const { found } = demux(first.subarray(first.length - 100), ...rest);
  assert.deepEqual(found, Object.assign(new TimedCollector(), { ...expected, badCount: 1 }));
});

Deno.test("garbage between packets is passed over and counted", () => {
  const garbage = new Uint8Array(1000).fill(0x47, 500, 502);
  const [first, ...rest] = segments(STEREO, FRAMES, 0.2);
  assert.ok(first);
  const { found } = demux(first, garbage, ...rest);
  assert.deepEqual(found.frames, FRAMES);
  assert.equal(found.badCount, 1);
});

Deno.test("packets of 192 and 204 bytes are refused by name", () => {
  const stream = concat(segments(STEREO, FRAMES, 1));
  for (const [packetBytes, before] of [[192, 4], [204, 0]] as const) {
    const foreign = new Uint8Array(packetBytes * stream.length / 188);
    for (let i = 0; i < stream.length / 188; i++) {
      foreign.set(stream.subarray(188 * i, 188 * (i + 1)), packetBytes * i + before);
    }
    assert.throws(
      () => demux(foreign),
      (error) =>
        error instanceof UnsupportedAudio &&
        error.message === `MPEG-TS in packets of ${packetBytes} bytes`,
    );
  }
});

Deno.test("a lost packet costs the frames it held a part of, and times are right after it", () => {
  const all = segments(STEREO, FRAMES, 0.2, 90_000);
  const stream = concat(all);
  const audio = Array.from({ length: stream.length / 188 }, (_, i) => 188 * i)
    .filter((at) => stream[at + 1] === 1);
  for (const at of audio) { // the first of a PES packet has 0x41
    const { found } = demux(stream.subarray(0, at), stream.subarray(at + 188));
    const lost = FRAMES.length - found.frames.length;
    assert.ok(lost >= 1 && lost <= 3);
    const came = new Set(found.frames.map((frame) => frame[0]));
    assert.ok(found.frames.every((frame) => frame.length === FRAMES[frame[0] ?? 0]?.length));
    assert.equal(came.size, found.frames.length);
    if (!came.has(19)) continue;
    assert.ok(Math.abs((found.times.at(-1) ?? 0) - 1000 - 19 * FRAME_MS) < 3 * FRAME_MS + 0.1);
  }
});

Deno.test("packets that come twice count once", () => {
  const stream = concat(segments(STEREO, FRAMES, 1));
  const twice = Array.from({ length: stream.length / 188 }, (_, i) => {
    const packet = stream.subarray(188 * i, 188 * (i + 1));
    return [packet, packet];
  }).flat();
  const { found } = demux(...twice);
  assert.deepEqual(found.frames, FRAMES);
});

Deno.test("times go on over the wrap of 33 bits", () => {
  const start90k = 2 ** 33 - 20_000;
  const { found } = demux(...segments(STEREO, FRAMES, 0.1, start90k));
  assertTimes(found.times, FRAMES.map((_, i) => start90k / 90 + i * FRAME_MS));
});

Deno.test("a declared discontinuity is no loss", () => {
  const stream = concat(segments(STEREO, FRAMES, 0.2));
  const later = concat(segments(STEREO, FRAMES, 0.2, 9_000_000));
  const firstAudio = 188 * 2;
  later[firstAudio + 5] = (later[firstAudio + 5] ?? 0) | 0x80;
  const { found } = demux(stream, later);
  assert.deepEqual(found.frames, [...FRAMES, ...FRAMES]);
  assertTimes(found.times.slice(20), FRAMES.map((_, i) => 100_000 + i * FRAME_MS));
});

Deno.test("frames that span PES packets keep their times", () => {
  const adts = adtsStream(STEREO, FRAMES);
  const starts = FRAMES.map((_, i) => adtsStream(STEREO, FRAMES.slice(0, i)).length);
  const packetizer = new Packetizer();
  const packets = packetizer.tables(ADTS_TYPE, 0x31);
  for (let at = 0; at < adts.length; at += 500) {
    const index = starts.findIndex((start) => start >= at);
    const pts90k = index < 0 || (starts[index] ?? 0) >= at + 500 ? undefined : 1920 * index;
    packets.push(...packetizer.packets(0x31, pes(adts.subarray(at, at + 500), pts90k)));
  }
  const { found } = demux(...packets);
  assert.deepEqual(found.frames, FRAMES);
  assertTimes(found.times, FRAMES.map((_, i) => i * FRAME_MS));
});

Deno.test("PES packets without a length, even endless ones, come out", () => {
  const many = Array.from({ length: 200 }, (_, i) => new Uint8Array(1000).fill(i));
  const packetizer = new Packetizer();
  const unit = pes(adtsStream(STEREO, many), 90_000, false);
  const packets = [...packetizer.tables(ADTS_TYPE, 0x31), ...packetizer.packets(0x31, unit)];
  const { found } = demux(...packets);
  assert.deepEqual(found.frames, many);
  assertTimes(found.times, many.map((_, i) => 1000 + i * FRAME_MS));
  assert.equal(found.badCount, 0);
});

Deno.test("a stream without any PTS has no times", () => {
  const packetizer = new Packetizer();
  const unit = pes(adtsStream(STEREO, FRAMES), undefined);
  const packets = [...packetizer.tables(ADTS_TYPE, 0x31), ...packetizer.packets(0x31, unit)];
  const { found } = demux(...packets);
  assert.deepEqual(found.frames, FRAMES);
  assert.ok(found.times.every((time) => time === undefined));
});

Deno.test("tables may be split over packets, and damaged ones are passed over", () => {
  const packetizer = new Packetizer();
  const damaged = packetizer.tables(ADTS_TYPE, 0x32).map((packet) => packet.slice());
  for (const packet of damaged) packet[packet.length - 1] = (packet.at(-1) ?? 0) ^ 1;
  const tables = packetizer.tables(ADTS_TYPE, 0x31, 5);
  const unit = pes(adtsStream(STEREO, FRAMES), 0);
  const { found } = demux(...damaged, ...tables, ...packetizer.packets(0x31, unit));
  assert.deepEqual(found.frames, FRAMES);
});

Deno.test("the audio stream may move to another PID", () => {
  const packetizer = new Packetizer();
  const packets = [0x31, 0x32].flatMap((pid, i) => [
    ...packetizer.tables(ADTS_TYPE, pid),
    ...packetizer.packets(pid, pes(adtsStream(STEREO, FRAMES), 90_000 * i)),
  ]);
  const { found } = demux(...packets);
  assert.deepEqual(found.frames, [...FRAMES, ...FRAMES]);
  assert.equal(found.times[20], 1000);
});

Deno.test("a PES packet comes out when it is complete, without waiting for the next", () => {
  const packetizer = new Packetizer();
  const found = new TimedCollector();
  const demuxer = new TsDemuxer(found);
  for (const packet of packetizer.tables(ADTS_TYPE, 0x31)) demuxer.feed(packet);
  for (let i = 0; i < 8; i++) {
    for (const packet of packetizer.packets(0x31, pes(adtsFrame(STEREO, new Uint8Array(300)), 0))) {
      demuxer.feed(packet);
    }
  }
  assert.equal(found.frames.length, 8);
});

Deno.test("no damage makes the demuxer throw anything but a refusal", () => {
  const stream = concat(segments(STEREO, FRAMES, 0.2));
  const damage = fc.array(fc.tuple(fc.nat(stream.length - 1), fc.nat(255)), { maxLength: 12 });
  const cut = fc.tuple(fc.nat(stream.length), fc.nat(400));
  fc.assert(
    fc.property(damage, cut, fc.integer({ min: 1, max: 3000 }), (damage, cut, pieceBytes) => {
      const damaged = stream.slice();
      for (const [at, byte] of damage) damaged[at] = byte;
      const rest = concat([damaged.subarray(0, cut[0]), damaged.subarray(cut[0] + cut[1])]);
      const found = new TimedCollector();
      const demuxer = new TsDemuxer(found);
      try {
        for (let at = 0; at < rest.length; at += pieceBytes) {
          demuxer.feed(rest.subarray(at, at + pieceBytes));
        }
        demuxer.flush();
      } catch (error) {
        if (!(error instanceof UnsupportedAudio)) throw error;
      }
      assert.ok(found.frames.reduce((sum, frame) => sum + frame.length, 0) < stream.length);
      assert.ok(found.times.every((time) => time === undefined || Number.isFinite(time)));
    }),
    { numRuns: 300 },
  );
});

function assertTimes(
  times: readonly (number | undefined)[],
  expected: readonly number[],
): void {
  assert.equal(times.length, expected.length);
  for (const [i, time] of times.entries()) {
    assert.ok(Math.abs((time ?? NaN) - (expected[i] ?? NaN)) < 0.05, `${time} of ${expected[i]}`);
  }
}

/** The times of the packets in milliseconds, as FFmpeg reads them. */
async function ffprobeTimes(stream: Uint8Array): Promise<number[]> {
  const show = ["-show_entries", "packet=pts_time", "-of", "csv=p=0"];
  const csv = await run("ffprobe", [...show, "-f", "mpegts", "-i", "pipe:0"], stream);
  const lines = new TextDecoder().decode(csv).split("\n").map(parseFloat);
  return lines.filter(Number.isFinite).map((seconds) => 1000 * seconds);
}

/** A second of MPEG-2 video as input 0 and of a tone as input 1. */
function withVideo(output: readonly string[]): Promise<Uint8Array> {
  const video = ["-f", "lavfi", "-i", "testsrc=s=64x64"];
  const audio = ["-f", "lavfi", "-i", "sine=r=48000"];
  const input = [...video, ...audio, "-t", "1", "-c:v", "mpeg2video"];
  return run("ffmpeg", [...input, ...output, "-f", "mpegts", "pipe:1"], undefined, "error");
}
