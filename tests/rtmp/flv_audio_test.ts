/** Audio tags of RTMP, in the old form and in Enhanced RTMP's. */
import assert from "node:assert/strict";
import { parseAudioTag } from "../../src/rtmp/flv_audio.ts";

const ascii = (text: string) => [...new TextEncoder().encode(text)];

function parse(...bytes: number[]): { kind: string; data: number[] } {
  const behind = [9, 9];
  const message = Uint8Array.of(9, ...bytes, ...behind);
  const { kind, headerBytes } = parseAudioTag(message, 1, 1 + bytes.length);
  return { kind, data: bytes.slice(headerBytes) };
}

Deno.test("a legacy AAC tag is a configuration or a frame", () => {
  assert.deepEqual(parse(0xaf, 0, 0x12, 0x10), { kind: "config", data: [0x12, 0x10] });
  assert.deepEqual(parse(0xae, 1, 1, 2, 3), { kind: "frame", data: [1, 2, 3] });
  assert.equal(parse(0xaf, 2, 1).kind, "other");
});

Deno.test("an enhanced AAC tag is a configuration, a frame, or nothing that is needed", () => {
  const mp4a = ascii("mp4a");
  assert.deepEqual(parse(0x90, ...mp4a, 0x12, 0x10), { kind: "config", data: [0x12, 0x10] });
  assert.deepEqual(parse(0x91, ...mp4a, 7, 8), { kind: "frame", data: [7, 8] });
  assert.equal(parse(0x92, ...mp4a).kind, "other");
  assert.equal(parse(0x94, ...mp4a, 1, 2, 0, 0, 0, 3).kind, "other");
});

Deno.test("an MP3 tag holds frames, in the old form, at 8 kHz, and in the enhanced one", () => {
  for (const first of [0x2f, 0x2a, 0xe2]) {
    assert.deepEqual(parse(first, 0xff, 0xfb), { kind: "mp3", data: [0xff, 0xfb] });
  }
  const mp3 = ascii(".mp3");
  assert.deepEqual(parse(0x91, ...mp3, 0xff, 0xfb), { kind: "mp3", data: [0xff, 0xfb] });
  for (const packetType of [0, 2, 4]) {
    assert.equal(parse(0x90 + packetType, ...mp3, 1).kind, "other");
  }
});

Deno.test("modifiers before an enhanced tag are passed over", () => {
  const mp4a = ascii("mp4a");
  assert.deepEqual(parse(0x97, 2, 1, 2, 3, 0x01, ...mp4a, 7), { kind: "frame", data: [7] });
  const twice = [0x97, 0, 9, 0x07, 1, 9, 9, 0x00, ...mp4a, 0x12];
  assert.deepEqual(parse(...twice), { kind: "config", data: [0x12] });
  const long = [0x97, 255, 1, 0, ...new Array(257).fill(9), 0x01, ...mp4a, 7];
  assert.deepEqual(parse(...long), { kind: "frame", data: [7] });
});

Deno.test("further tracks of a multitrack stream are not needed, whatever their codec", () => {
  assert.equal(parse(0x95, 0x01, ...ascii("Opus"), 1, 7).kind, "other");
});

Deno.test("what is cut off is nothing that is needed", () => {
  for (
    const bytes of [[], [0xaf], [0x90], [0x91, ...ascii("mp4")], [0x97], [0x97, 9], [0x97, 255]]
  ) {
    assert.equal(parse(...bytes).kind, "other");
  }
});

Deno.test("another codec is refused by its name", () => {
  const refused = (message: string) => ({ name: "UnsupportedAudio", message });
  assert.throws(() => parse(0xb2, 1), refused("Speex"));
  assert.throws(() => parse(0x72, 1), refused("G.711 A-law"));
  assert.throws(() => parse(0xc0, 1), refused("FLV sound format 12"));
  assert.throws(() => parse(0x90, ...ascii("Opus")), refused("Opus"));
  assert.throws(() => parse(0x90, ...ascii("fLaC")), refused("FLAC"));
  assert.throws(() => parse(0x91, ...ascii("ec-3")), refused("E-AC-3"));
  assert.throws(() => parse(0x91, ...ascii("\nabc")), refused('codec "\\nabc"'));
});
