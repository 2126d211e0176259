/** ID3 tags as a stream of their own beside the audio, written and read. */
import assert from "node:assert/strict";
import { type Id3Texts, writeId3Texts } from "../../src/audio/id3_texts.ts";
import { ByteBuffer } from "../../src/mpegts/byte_buffer.ts";
import { Id3Pes } from "../../src/mpegts/id3_stream.ts";
import { AudioMuxer } from "../../src/mpegts/muxer.ts";
import { accessUnits, audioConfig } from "../../testing/audio/access_units.ts";
import { encode, run } from "../../testing/audio/ffmpeg.ts";
import { packets } from "../../testing/mpegts/packets.ts";
import { pts90k } from "../../testing/mpegts/segments.ts";
import { demux } from "../../testing/mpegts/timed_collector.ts";

const { config, frames } = accessUnits(await encode({ seconds: 2 }));

/** All frames in one segment, with tags before some of them. */
function withTags(tags: ReadonlyMap<number, Id3Texts>, start90k = 900_000): Uint8Array {
  const muxer = new AudioMuxer(config, true);
  const out = new ByteBuffer();
  muxer.begin(out);
  for (const [i, frame] of frames.entries()) {
    const texts = tags.get(i);
    const time = start90k + pts90k(config, i);
    if (texts !== undefined) muxer.writeId3(writeId3Texts(texts), time);
    muxer.write(frame, time);
  }
  muxer.end();
  return out.view().slice();
}

const SONG: Id3Texts = { title: "Søng 😀", artist: "Bånd" };
const LONG: Id3Texts = { title: "x".repeat(256), artist: "é".repeat(256) };
const STREAM = withTags(new Map([[0, SONG], [50, LONG]]));

Deno.test("tags come out with the time of the frame that they stand before, and the audio whole", () => {
  const { found, demuxer } = demux(STREAM);
  assert.deepEqual(demuxer.streamNames, ["AAC", "timed metadata"]);
  assert.deepEqual(found.frames, frames);
  assert.equal(found.badCount, 0);
  assert.deepEqual(found.texts, [
    { ...SONG, timeMs: found.times[0] },
    { ...LONG, timeMs: (900_000 + pts90k(config, 50)) / 90 },
  ]);
});

Deno.test("tags come out however the stream is cut, also where the clock wraps", () => {
  const stream = withTags(new Map([[3, SONG], [90, LONG]]), 2 ** 33 - 90_000);
  const pieces = Array.from({ length: Math.ceil(stream.length / 777) }, (_, i) => {
    return stream.subarray(i * 777, (i + 1) * 777);
  });
  const { found } = demux(...pieces);
  const [first, second] = found.texts;
  assert.equal(first?.timeMs, found.times[3]);
  assert.ok(Math.abs((second?.timeMs ?? 0) - (found.times[90] ?? 0)) < 0.1);
});

Deno.test("a tag of which a packet is lost is left out, and the next one comes", () => {
  const all = packets(STREAM);
  const parts = all.flatMap(({ pid }, i) => pid === 0x101 ? [i] : []);
  assert.equal(parts.length, 1 + 5, "the long one has several packets");
  for (const lost of parts.slice(1)) {
    const left = new Uint8Array(STREAM.length - 188);
    left.set(STREAM.subarray(0, lost * 188));
    left.set(STREAM.subarray((lost + 1) * 188), lost * 188);
    const { found } = demux(left, withTags(new Map([[1, SONG]])));
    assert.deepEqual(found.texts.map(({ title }) => title), [SONG.title, SONG.title]);
  }
});

Deno.test("FFmpeg finds the tags beside the audio, at their times", async () => {
  const show = ["-v", "error", "-of", "json", "-show_streams", "-show_packets", "-i", "pipe:0"];
  const json = JSON.parse(new TextDecoder().decode(await run("ffprobe", show, STREAM)));
  const [audio, tags, ...others] = json.streams;
  assert.deepEqual([audio.codec_name, tags.codec_name, others], ["aac", "timed_id3", []]);
  const times = json.packets.filter((packet: { stream_index: number }) => packet.stream_index === 1)
    .map((packet: { pts: number }) => packet.pts);
  assert.deepEqual(times, [900_000, 900_000 + pts90k(config, 50)]);
});

Deno.test("a tag behind the header of an access unit cell is read", () => {
  const found: (string | undefined)[] = [];
  const reader = new Id3Pes(({ title }) => found.push(title));
  const tag = [0, 1, 0xdf, 0, 50, ...writeId3Texts(SONG)];
  reader.push(Uint8Array.of(0, 0, 1, 0xfc, 0, tag.length + 3, 0x84, 0, 0, ...tag), true, 7);
  assert.deepEqual(found, [SONG.title]);
});

Deno.test("without tags there is a stream of them that is empty, and the audio has all it had", () => {
  const plain = new AudioMuxer(audioConfig(), true);
  const out = new ByteBuffer();
  plain.begin(out);
  plain.write(new Uint8Array(100).fill(1), 0);
  plain.end();
  const { found, demuxer } = demux(out.view().slice());
  assert.deepEqual(demuxer.streamNames, ["AAC", "timed metadata"]);
  assert.equal(found.frames.length, 1);
});
