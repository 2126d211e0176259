/** Silence in MP3: decodes to nothing, wherever it stands among the frames of an encoder. */
import assert from "node:assert/strict";
import { codecOf } from "../../../src/audio/codec_of.ts";
import { run } from "../../../testing/audio/ffmpeg.ts";
import { encodeMp3, everyMp3Config, mp3Frames } from "../../../testing/audio/mp3_streams.ts";
import { decodeWithMpg123 } from "../../../testing/audio/mpg123.ts";
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

Deno.test("a silent frame has as many bits for the next one as that may take of earlier ones", () => {
  for (const config of everyMp3Config()) {
    const silent = codecOf(config).silentFrame(config);
    const most = config.version === 1 ? 511 : 255;
    assert.ok(silent.subarray(-most).every((byte) => byte === 0xff));
  }
});

for (const encoding of [{ bitrate: "v2" }, { rate: 24000, bitrate: "v4" }, { bitrate: "128k" }]) {
  Deno.test(`audio behind silence is not louder than it was: ${JSON.stringify(encoding)}`, async () => {
    const { config, frames } = mp3Frames(await encodeMp3({ ...encoding, seconds: 4 }));
    const loudest = peak(await decode(frames));
    const silentFrames = Array.from({ length: 12 }, () => codecOf(config).silentFrame(config));
    for (const silence of [silentFrames, silentFrames.slice(0, 1)]) {
      for (let at = 20; at < frames.length - 10; at += 13) {
        const before = frames.slice(at - 10, at - 5);
        const audio = [...silentFrames, ...before, ...silence, ...frames.slice(at, at + 10)];
        const { samples, complaints } = await decodeWithMpg123(concat(audio));
        assert.deepEqual(complaints, []);
        for (const decoded of [samples, await decode(audio)]) {
          assert.equal(decoded.length, audio.length * config.samplesPerFrame);
          const behind = decoded.length - 10 * config.samplesPerFrame;
          const loud = peak(decoded.subarray(behind, behind + 3 * config.samplesPerFrame));
          assert.ok(loud <= 1.3 * loudest, `${loud} at ${at}, of ${loudest}`);
        }
      }
    }
  });
}
