/** The level (estimate) of AAC: as loud as decoders make it, and never a reason to fail. */
import assert from "node:assert/strict";
import { aacLevel } from "../../../src/audio/level/aac_level.ts";
import { decibelsOf, powerOfDecibels } from "../../../src/audio/decibels.ts";
import { codecOf } from "../../../src/audio/codec_of.ts";
import type { AacConfig } from "../../../src/audio/aac/aac_config.ts";
import { adtsStream, audioConfig } from "../../../testing/audio/access_units.ts";
import { encoded, ENCODED_STREAMS, shipped } from "../../../testing/audio/encoded_streams.ts";
import { run } from "../../../testing/audio/ffmpeg.ts";
import { concat } from "../../../testing/bytes.ts";

for (const [kind, make] of Object.entries(ENCODED_STREAMS)) {
  Deno.test(`the level of ${kind} is what FFmpeg decodes, to 1.5 dB`, async () => {
    const { config, frames } = await make();
    const levels = frames.map((frame) => aacLevel(config, frame));
    // Prediction of AAC Main is not known.
    if (levels.includes(undefined)) return assert.equal(config.objectType, 1);
    const known = levels.filter((level) => level !== undefined);
    const estimate = decibelsOf(
      known.reduce((sum, it) => sum + powerOfDecibels(it), 0) / known.length,
    );
    const decoded = await decodedLevel(config, frames);
    assert.ok(Math.abs(estimate - decoded) <= 1.5, `${estimate} dB, decoded ${decoded} dB`);
  });
}

Deno.test("silence is found in every layout of channels", () => {
  for (let channelConfiguration = 1; channelConfiguration <= 7; channelConfiguration++) {
    const config = audioConfig({ channelConfiguration });
    assert.equal(aacLevel(config, codecOf(config).silentFrame(config)), -Infinity);
  }
});

Deno.test("digital silence of HE-AAC is found, whatever SBR and fill elements are beside it", async () => {
  for (const kind of ["he-aac-v1_44100_stereo_64k", "he-aac-v2_44100_stereo_32k"]) {
    const { config, frames } = await shipped(`${kind}_silence.aac`);
    for (const frame of frames) assert.equal(aacLevel(config, frame), -Infinity);
  }
});

Deno.test("data and fill elements before the audio are passed over", async () => {
  const before = {
    "3 bytes of data": [0x80, 3, 1, 2, 3],
    "257 bytes of data": [0x80, 255, 2, ...new Array<number>(257).fill(0xff)],
    "eight fill elements of nothing": [0xc1, 0x83, 0x06, 0x0c, 0x18, 0x30, 0x60],
  };
  for (const kind of ["AAC-LC stereo", "HE-AAC v1 mono, implicit", "HE-AAC v2, implicit"]) {
    const { config, frames } = await ENCODED_STREAMS[kind]?.() ?? assert.fail(kind);
    const frame = frames[9] ?? new Uint8Array();
    assert.notEqual(aacLevel(config, frame), undefined);
    for (const [what, bytes] of Object.entries(before)) {
      const level = aacLevel(config, concat([Uint8Array.from(bytes), frame]));
      assert.equal(level, aacLevel(config, frame), `${what}, ${kind}`);
    }
  }
});

Deno.test("sound on one channel alone is sound", async () => {
  const options = (pan: string) => ({ options: ["-af", `pan=stereo|${pan}`] });
  for (const pan of ["c0=0*c0|c1=c0", "c0=c0|c1=0*c0", "c0=c0|c1=-1*c0"]) {
    const { config, frames } = await encoded(options(pan));
    const level = aacLevel(config, frames[20] ?? new Uint8Array());
    assert.ok(level !== undefined && level > -33, `${pan}: ${level}`);
  }
});

Deno.test("what is damaged, cut off or no audio at all has some level or none, and fails nothing", async () => {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const { config, frames } = await encoded({});
  let unknown = 0;
  for (let i = 0; i < 20_000; i++) {
    const frame = (frames[random(frames.length)] ?? new Uint8Array()).slice();
    if (i % 2 === 0) frame[random(frame.length)] = random(256);
    const end = i % 3 === 0 ? random(frame.length) : frame.length;
    if (i % 5 === 0) crypto.getRandomValues(frame);
    const sampleRate = i % 7 === 0 ? 8000 : config.sampleRate;
    const level = aacLevel({ ...config, sampleRate }, frame.subarray(0, end));
    if (level === undefined) unknown++;
    else assert.ok(level <= 10, `${level} dB`);
  }
  assert.ok(unknown > 5000, `${unknown} are unknown`);
  assert.equal(aacLevel(config, new Uint8Array()), undefined);
  assert.equal(aacLevel(config, new Uint8Array(10_000)), undefined);
  assert.equal(aacLevel({ ...config, sampleRate: 1 }, frames[9] ?? new Uint8Array()), undefined);
});

/** The mean power of what FFmpeg makes of a stream, in dBFS. */
async function decodedLevel(config: AacConfig, frames: readonly Uint8Array[]): Promise<number> {
  const samples = await run(
    "ffmpeg",
    ["-i", "pipe:0", "-f", "f32le", "pipe:1"],
    adtsStream(config, frames),
    "error",
  );
  const values = new Float32Array(samples.buffer, 0, samples.length >> 2);
  return decibelsOf(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
