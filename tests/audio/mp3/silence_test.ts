/** Silence in MP3: decodes to nothing, wherever it stands among the frames of an encoder. */
import assert from "node:assert/strict";
import { codecOf } from "../../../src/audio/codec_of.ts";
import { run } from "../../../testing/audio/ffmpeg.ts";
import { encodeMp3, everyMp3Config, mp3Frames } from "../../../testing/audio/mp3_streams.ts";
import { concat } from "../../../testing/bytes.ts";

/** The samples of one channel. */
async function decode(frames: readonly Uint8Array[]): Promise<Float32Array> {
  const args = ["-f", "mp3", "-i", "pipe:0", "-ac", "1", "-f", "f32le", "pipe:1"];
  const { buffer, byteOffset, length } = await run("ffmpeg", args, concat(frames), "error");
  return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
}

const peak = (samples: Float32Array) =>
  samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

for (const config of everyMp3Config()) {
  const { sampleRate, channels, samplesPerFrame } = config;
  Deno.test(`silence at ${sampleRate} Hz, ${channels} channels, is a stream like the source's`, async () => {
    const silent = Array.from({ length: 10 }, () => codecOf(config).silentFrame(config));
    assert.deepEqual(mp3Frames(concat(silent)).config, config);
    const samples = await decode(silent);
    assert.equal(samples.length, 10 * samplesPerFrame);
    assert.equal(peak(samples), 0);
  });
}

for (const encoding of [{ bitrate: "v2" }, { rate: 24000, bitrate: "v4" }, { bitrate: "128k" }]) {
  Deno.test(`audio behind silence is not louder than it was: ${JSON.stringify(encoding)}`, async () => {
    const { config, frames } = mp3Frames(await encodeMp3({ ...encoding, seconds: 4 }));
    const loudest = peak(await decode(frames));
    const silence = Array.from({ length: 12 }, () => codecOf(config).silentFrame(config));
    for (let at = 20; at < frames.length - 10; at += 13) {
      const spliced = [...frames.slice(at - 10, at - 5), ...silence, ...frames.slice(at, at + 10)];
      const samples = await decode(spliced);
      assert.equal(samples.length, spliced.length * config.samplesPerFrame);
      const around = samples.subarray(16 * config.samplesPerFrame, 20 * config.samplesPerFrame);
      assert.ok(peak(around) <= 1.3 * loudest, `${peak(around)} at ${at}, of ${loudest}`);
    }
  });
}
