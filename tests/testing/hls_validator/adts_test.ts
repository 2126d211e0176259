/** The validator's own reader of ADTS. */
import assert from "node:assert/strict";
import { AdtsError, parseAdts, withoutProgramConfig } from "../../../testing/hls_validator/adts.ts";

/** What FFmpeg writes of 5.1(side): front SCE and CPE, side CPE, LFE, and a comment. */
const PROGRAM_CONFIG = [0xa0, 0x99, 0x08, 0x80, 0x04, 0x00, 0x18, 0x80, 0x03, 0x4c, 0x61, 0x76];
const REST = [0xde, 0x02, 0x00];

function frame(...data: number[]): number[] {
  const length = 7 + data.length;
  return [0xff, 0xf1, 0x4c, 0x80, length >> 3, (length & 7) << 5 | 0x1f, 0xfc, ...data];
}

Deno.test("frames are split, with what their headers say", () => {
  const frames = parseAdts(Uint8Array.of(...frame(1, 2), ...frame(3)));
  assert.deepEqual(frames.map(({ data }) => [...data]), [[1, 2], [3]]);
  assert.deepEqual([frames[0]?.sampleRate, frames[0]?.channels], [48_000, 2]);
});

Deno.test("bytes that are not whole frames are an error", () => {
  const good = frame(1, 2);
  for (const bad of [[0, ...good], good.slice(0, -1), good.slice(0, 5), [...good, 0xff]]) {
    assert.throws(() => parseAdts(Uint8Array.from(bad)), AdtsError);
  }
});

Deno.test("a program_config_element in front is taken off, and nothing else", () => {
  const unit = Uint8Array.of(...PROGRAM_CONFIG, ...REST);
  assert.deepEqual([...withoutProgramConfig(unit)], REST);
  assert.deepEqual([...withoutProgramConfig(Uint8Array.from(REST))], REST);
});
