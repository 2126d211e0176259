/** Recordings of MP3: while they grow, finished, taken up again, after a crash, and clips of them. */
import assert from "node:assert/strict";
import { makeClip } from "../../src/mp4/clip.ts";
import { finishRecording } from "../../src/mp4/finish.ts";
import { continueRecording, continuesRecording, readRecording } from "../../src/mp4/recording.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import {
  encodeMp3,
  everyMp3Config,
  mp3Config,
  type Mp3Encoding,
  mp3Frames,
} from "../../testing/audio/mp3_streams.ts";
import { concat } from "../../testing/bytes.ts";
import { MemoryFile } from "../../testing/mp4/memory_file.ts";
import { readPlainMp4, topLevel } from "../../testing/mp4/plain_mp4.ts";
import {
  ERRORS_ALONE,
  expectedPackets,
  inFile,
  md5,
  readByFfmpeg,
  readByMediabunny,
  samplesOf,
  samplesUntilSame,
  soundOfMp3,
} from "../../testing/mp4/readers.ts";
import { fragments, header } from "../../testing/mp4/recordings.ts";

type Stream = ReturnType<typeof mp3Frames>;

const ENCODINGS: Mp3Encoding[] = [
  { rate: 44100, bitrate: "v2" },
  { rate: 48000, mode: "stereo" },
  { rate: 32000, mode: "mono", bitrate: "64k" },
  { rate: 24000, bitrate: "64k" },
  { rate: 22050, mode: "mono", bitrate: "v5" },
  { rate: 11025, bitrate: "32k" },
];
for (const encoding of ENCODINGS) {
  Deno.test(`players read every frame, live and finished: ${JSON.stringify(encoding)}`, async () => {
    const stream = mp3Frames(await encodeMp3({ ...encoding, seconds: 3 }));
    const { frames, config: { sampleRate, samplesPerFrame } } = stream;
    const sound = await soundOfMp3(concat(frames));
    for (const [state, bytes] of states(stream)) {
      await inFile(bytes, async (path) => {
        const read = await readByFfmpeg(path);
        assert.deepEqual(read.packets, expectedPackets(frames, samplesPerFrame), state);
        assert.equal(read.sound, sound, state);
      });
      const { hashes, ends } = await readByMediabunny(bytes);
      assert.deepEqual(hashes, frames.map(md5), state);
      assert.ok(Math.abs(ends - samplesPerFrame * frames.length / sampleRate) < 1e-6, state);
    }
  });
}

Deno.test("a recording is taken up by a stream like it, and finished again", async () => {
  const { config, frames } = mp3Frames(await encodeMp3({ rate: 22050, bitrate: "64k" }));
  const half = frames.length >> 1;
  const file = finished({ config, frames: frames.slice(0, half) });
  const recording = file.run(readRecording(file.length));
  assert.equal(recording.durationMs, 1000 * half * 576 / 22050);
  assert.ok(continuesRecording(recording, config));
  file.run(continueRecording(recording));
  file.append(...fragments(frames.slice(half), 10, recording.frames, 576));
  file.run(finishRecording(file.length));
  assert.deepEqual(topLevel(file.bytes), ["ftyp", "mdat", "moov"]);
  assert.deepEqual(readPlainMp4(file.bytes, 576), frames);
});

Deno.test("a recording takes up no stream of another codec, version, rate or number of channels", () => {
  const same = mp3Config();
  const recording = (config = same) => {
    const file = new MemoryFile(
      header(config),
      ...fragments([Uint8Array.of(1)], 1, 0, config.samplesPerFrame),
    );
    return file.run(finishRecording(file.length));
  };
  for (const config of everyMp3Config()) {
    const isSame = config.sampleRate === same.sampleRate && config.channels === same.channels;
    assert.equal(continuesRecording(recording(), config), isSame);
    assert.equal(continuesRecording(recording(config), same), isSame);
  }
  assert.equal(continuesRecording(recording(), audioConfig({ sampleRate: 44100 })), false);
});

Deno.test("what a crash leaves is finished up to its last whole fragment", async () => {
  const encoding = { rate: 24000, bitrate: "64k", seconds: 3 };
  const { config, frames } = mp3Frames(await encodeMp3(encoding));
  const parts = recorded({ config, frames });
  const last = parts.pop() ?? new Uint8Array();
  const file = new MemoryFile(...parts, last.subarray(0, last.length - 1));
  const { frames: count } = file.run(finishRecording(file.length));
  assert.equal(count, (parts.length - 1) * 42);
  assert.deepEqual(readPlainMp4(file.bytes, 576), frames.slice(0, count));
});

Deno.test("a clip has the frames that begin within its times", async () => {
  const { config, frames } = mp3Frames(
    await encodeMp3({ rate: 22050, bitrate: "64k", seconds: 4 }),
  );
  for (
    const file of [new MemoryFile(...recorded({ config, frames })), finished({ config, frames })]
  ) {
    const clip = file.run(makeClip(file.length, { from: 1, to: 2.5 }));
    assert.ok(clip !== undefined);
    const bytes = concat([clip.head, file.bytes.subarray(clip.start, clip.end)]);
    const [first, end] = [1, 2.5].map((seconds) => Math.ceil(seconds * 22050 / 576));
    assert.deepEqual(readPlainMp4(bytes, 576), frames.slice(first, end));
    await inFile(bytes, async (path) => {
      const { packets } = await readByFfmpeg(path);
      assert.deepEqual(packets, expectedPackets(frames.slice(first, end), 576));
    });
  }
});

Deno.test("FFmpeg seeks to the sample in a finished recording", async () => {
  const encoding = { rate: 24000, bitrate: "64k", mode: "mono", seconds: 6 } as const;
  const stream = mp3Frames(await encodeMp3(encoding));
  await inFile(finished(stream).bytes, async (path) => {
    const place = { at: 3.2, rate: 24000, channels: 1 };
    const whole = await samplesOf(path, ERRORS_ALONE);
    const differing = await samplesUntilSame(path, whole, place, ERRORS_ALONE);
    // The first frames that are decoded lack bits too, which are in those before.
    assert.ok(differing <= 4 * 576);
  });
});

/** A recording of a second a fragment. */
function recorded({ config, frames }: Stream): Uint8Array[] {
  const perFragment = Math.round(config.sampleRate / config.samplesPerFrame);
  return [header(config), ...fragments(frames, perFragment, 0, config.samplesPerFrame)];
}

function finished(stream: Stream): MemoryFile {
  const file = new MemoryFile(...recorded(stream));
  file.run(finishRecording(file.length));
  return file;
}

function states(stream: Stream): Map<string, Uint8Array<ArrayBuffer>> {
  return new Map([
    ["live", new MemoryFile(...recorded(stream)).bytes],
    ["finished", finished(stream).bytes],
  ]);
}
