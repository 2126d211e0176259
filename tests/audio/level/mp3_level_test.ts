/** The level (estimate) of MP3: as loud as decoders make it, and never a reason to fail. */
import assert from "node:assert/strict";
import { decibelsOf, powerOfDecibels } from "../../../src/audio/decibels.ts";
import { Mp3LevelMeter } from "../../../src/audio/level/mp3_level.ts";
import type { Mp3Config } from "../../../src/audio/mp3/mp3_config.ts";
import { silentMp3Frame } from "../../../src/audio/mp3/silence.ts";
import { run } from "../../../testing/audio/ffmpeg.ts";
import { concat } from "../../../testing/bytes.ts";
import { encodeMp3, everyMp3Config, mp3Frames } from "../../../testing/audio/mp3_streams.ts";
import { encodeProgramme, speech } from "../../../testing/audio/programmes.ts";

const RATES = [48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000];

for (const rate of RATES) {
  for (const mode of ["mono", "stereo", "joint"] as const) {
    Deno.test(`the level of MP3 at ${rate} Hz, ${mode}, is what FFmpeg decodes, to 1 dB`, async () => {
      const bitrate = mode === "stereo" ? "v4" : "64k";
      const { config, frames } = mp3Frames(await encodeMp3({ rate, mode, bitrate, seconds: 3 }));
      await assertLevel(config, frames);
    });
  }
}

Deno.test("speech, which has short blocks, is as loud as it is decoded", async () => {
  for (const [rate, bitrate] of [[44100, "128k"], [22050, "48k"], [44100, "320k"]] as const) {
    const output = ["-c:a", "libmp3lame", "-b:a", bitrate, "-write_xing", "0", "-f", "mp3"];
    const show = speech({ rate, seconds: 10, levelDb: -23 });
    const { config, frames } = mp3Frames(
      await encodeProgramme(show, { rate, channels: 2, output }),
    );
    await assertLevel(config, frames);
  }
});

Deno.test("silence is found in every configuration", () => {
  for (const config of everyMp3Config()) {
    const meter = new Mp3LevelMeter(config);
    const frame = silentMp3Frame(config);
    for (let i = 0; i < 10; i++) {
      meter.take(frame);
      assert.equal(meter.level(frame), -Infinity);
    }
  }
});

Deno.test("what points back to frames that never came is not known", async () => {
  const { config, frames } = mp3Frames(await encodeMp3({ seconds: 1 }));
  const meter = new Mp3LevelMeter(config);
  const late = frames.slice(15, 20);
  const levels = late.map((frame) => {
    meter.take(frame);
    return meter.level(frame);
  });
  assert.equal(levels[0], undefined);
  assert.notEqual(levels.at(-1), undefined);
});

Deno.test("what is damaged, cut off or no audio at all has some level or none, and fails nothing", async () => {
  let state = 11;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const { frames } = mp3Frames(await encodeMp3({ seconds: 1 }));
  for (const config of everyMp3Config()) {
    const meter = new Mp3LevelMeter(config);
    for (let i = 0; i < 2000; i++) {
      const frame = (frames[random(frames.length)] ?? new Uint8Array()).slice();
      for (let flips = i % 4; flips > 0; flips--) frame[random(frame.length)] = random(256);
      if (i % 5 === 0) crypto.getRandomValues(frame);
      const part = frame.subarray(0, i % 3 === 0 ? random(frame.length) : frame.length);
      meter.take(part);
      assert.ok((meter.level(part) ?? 0) <= 10);
    }
    for (const frame of [new Uint8Array(), new Uint8Array(10_000).fill(255)]) {
      meter.take(frame);
      assert.equal(meter.level(frame), undefined);
    }
  }
});

async function assertLevel(config: Mp3Config, frames: readonly Uint8Array[]): Promise<void> {
  const meter = new Mp3LevelMeter(config);
  const levels = frames.map((frame) => {
    meter.take(frame);
    return meter.level(frame);
  });
  const known = levels.filter((level) => level !== undefined);
  assert.ok(known.length >= frames.length - 5, `${frames.length - known.length} are not known`);
  const sum = known.reduce((sum, level) => sum + powerOfDecibels(level), 0);
  const estimate = decibelsOf(sum / known.length);
  const decoded = await run(
    "ffmpeg",
    ["-f", "mp3", "-i", "pipe:0", "-f", "f32le", "pipe:1"],
    concat([...frames]),
    "error",
  );
  const samples = new Float32Array(decoded.buffer, 0, decoded.length >> 2);
  const level = decibelsOf(samples.reduce((sum, it) => sum + it * it, 0) / samples.length);
  assert.ok(Math.abs(estimate - level) <= 1, `${estimate} dB, decoded ${level} dB`);
}
