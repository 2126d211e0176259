/** MP3 in RTMP: however frames lie in messages, and where AAC and MP3 follow each other. */
import assert from "node:assert/strict";
import { MessageType } from "../../src/rtmp/message_type.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { mp3Config, mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { concat } from "../../testing/bytes.ts";
import { ASC, SessionHarness } from "../../testing/rtmp/session_harness.ts";

const media = new URL("../../testing/media/mp3_44100_joint_v4.mp3", import.meta.url);
const { frames: FRAMES } = mp3Frames(await Deno.readFile(media));
const FRAME_MS = 1152_000 / 44_100;
const LEGACY = [0x2f];
const ENHANCED = [0x91, ...new TextEncoder().encode(".mp3")];

/** A publish of which nothing has come yet. */
class Published {
  readonly harness = SessionHarness.shaken();

  constructor() {
    const { encoder } = this.harness;
    this.harness.feed(encoder.connect("demo"), encoder.createStream(), encoder.publish("sesame"));
  }

  /** A message of audio. */
  send(head: readonly number[], data: Uint8Array, timestamp: number): void {
    const payload = Uint8Array.of(...head, ...data);
    const { encoder } = this.harness;
    this.harness.feed(encoder.message(4, MessageType.Audio, payload, { timestamp, streamId: 1 }));
  }

  get ingest() {
    return this.harness.ingest;
  }

  get frames(): Uint8Array[] {
    return this.ingest.frames.map(({ data }) => data);
  }

  get times(): number[] {
    return this.ingest.frames.map(({ timeMs = NaN }) => Math.round(timeMs));
  }
}

for (
  const [form, head] of [["legacy", LEGACY], ["8 kHz", [0xe2]], ["enhanced", ENHANCED]] as const
) {
  Deno.test(`a frame in each message is heard at its time: ${form}`, () => {
    const published = new Published();
    for (const [i, frame] of FRAMES.entries()) {
      published.send(
        head,
        frame,
        Math.round(i * FRAME_MS),
      );
    }
    assert.deepEqual(published.frames, FRAMES);
    assert.deepEqual(published.times, FRAMES.map((_, i) => Math.round(i * FRAME_MS)));
    assert.deepEqual(published.ingest.configs, [mp3Config()]);
    assert.equal(published.ingest.badCount, 0);
  });
}

Deno.test("several frames in a message follow each other", () => {
  const published = new Published();
  for (let i = 0; i < FRAMES.length; i += 4) {
    published.send(LEGACY, concat(FRAMES.slice(i, i + 4)), Math.round(i * FRAME_MS));
  }
  assert.deepEqual(published.frames, FRAMES);
  for (const [i, timeMs] of published.times.entries()) {
    assert.ok(Math.abs(timeMs - i * FRAME_MS) <= 1);
  }
});

Deno.test("frames that messages cut anywhere come out whole, each at the time where it begins", () => {
  const stream = concat(FRAMES);
  for (const size of [100, 333, 1000]) {
    const published = new Published();
    const begins = FRAMES.map((_, i) => concat(FRAMES.slice(0, i)).length);
    const timeAt = (byte: number) => {
      const at = begins.findIndex((start) => start >= byte);
      return at < 0 ? FRAMES.length * FRAME_MS : at * FRAME_MS;
    };
    for (let at = 0; at < stream.length; at += size) {
      published.send(LEGACY, stream.subarray(at, at + size), Math.round(timeAt(at)));
    }
    assert.deepEqual(published.frames, FRAMES, `${size}`);
    for (const [i, timeMs] of published.times.entries()) {
      assert.ok(Math.abs(timeMs - i * FRAME_MS) <= 1, `${size}: ${timeMs} for frame ${i}`);
    }
    assert.equal(published.ingest.badCount, 0);
  }
});

Deno.test("AAC and MP3 may follow each other, each with its configuration", () => {
  const published = new Published();
  const aac = (n: number) => new Uint8Array(50).fill(n);
  published.send([0xaf, 0], ASC, 0);
  published.send([0xaf, 1], aac(1), 0);
  published.send(LEGACY, FRAMES[0] ?? aac(0), 21);
  published.send([0xaf, 0], ASC, 47);
  published.send([0xaf, 1], aac(2), 47);
  published.send(LEGACY, FRAMES[1] ?? aac(0), 68);
  assert.deepEqual(published.frames, [aac(1), FRAMES[0], aac(2), FRAMES[1]]);
  const { configs } = published.ingest;
  assert.deepEqual(configs, [audioConfig(), mp3Config(), audioConfig(), mp3Config()]);
});

Deno.test("AAC behind MP3 is not heard before its configuration", () => {
  const published = new Published();
  published.send(LEGACY, FRAMES[0] ?? new Uint8Array(), 0);
  published.send([0xaf, 1], new Uint8Array(50).fill(1), 26);
  assert.deepEqual(published.frames, [FRAMES[0]]);
  assert.equal(published.ingest.badCount, 1);
  assert.match(published.harness.session.seen, /^AAC without its configuration/);
});

Deno.test("a message without a frame is nothing", () => {
  const published = new Published();
  published.send(LEGACY, new Uint8Array(), 0);
  published.send([0x90, ...ENHANCED.slice(1)], Uint8Array.of(1, 2), 0);
  assert.deepEqual([published.frames, published.ingest.badCount], [[], 0]);
});
