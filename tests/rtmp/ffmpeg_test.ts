/** FFmpeg publishes to a real RTMP server; its frames arrive byte for byte. */
import assert from "node:assert/strict";
import { RtmpServer } from "../../src/rtmp/server.ts";
import { systemClock } from "../../src/session/clock.ts";
import { accessUnits } from "../../testing/audio/access_units.ts";
import { encode, source } from "../../testing/audio/ffmpeg.ts";
import { mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { Child } from "../../testing/child.ts";
import { Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { RecordingDoorkeeper } from "../../testing/session/recording_doorkeeper.ts";

const tone = ["-f", "lavfi", "-i", "sine=sample_rate=48000:duration=1"];
const picture = ["-f", "lavfi", "-i", "testsrc=size=640x480:rate=25:duration=1"];

/** A server on loopback, and where it listens. */
class Fixture implements AsyncDisposable {
  readonly doorkeeper = new RecordingDoorkeeper();
  readonly #server = new RtmpServer({
    addr: { hostname: "127.0.0.1", port: 0 },
    connectionTimeoutMs: 10_000,
    maxConnections: 10,
    clock: systemClock,
    doorkeeper: this.doorkeeper,
  });

  constructor() {
    this.#server.start();
  }

  get url(): string {
    return `rtmp://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Publishes by FFmpeg; returns what it says, and how it exits. */
  async ffmpeg(path: string, ...args: string[]): Promise<{ code: number; said: string }> {
    const target = ["-flvflags", "no_duration_filesize", "-f", "flv", `${this.url}/${path}`];
    await using child = new Child("ffmpeg", ["-v", "error", "-nostdin", ...args, ...target]);
    const { code } = await child.end();
    return { code, said: child.output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }
}

const paths = { "demo/sesame": "sesame", "live/demo?key=sesame": "sesame", "demo": undefined };
for (const [path, key] of Object.entries(paths)) {
  Deno.test(`FFmpeg's access units arrive byte for byte by ${path}`, async () => {
    const adts = await encode({ seconds: 3 });
    const file = await Deno.makeTempFile({ suffix: ".aac" });
    try {
      await Deno.writeFile(file, adts);
      await using fixture = new Fixture();
      const { code, said } = await fixture.ffmpeg(path, "-i", file, "-c", "copy");
      assert.deepEqual({ code, said }, { code: 0, said: "" });
      const ingest = await fixture.doorkeeper.ingest();
      await ingest.until(() => ingest.ends.length > 0);
      const sent = accessUnits(adts);
      assert.deepEqual(ingest.frames.map(({ data }) => data), sent.frames);
      assert.deepEqual([ingest.request.name, ingest.request.key], ["demo", key]);
      assert.equal(ingest.configs.length, 1);
      assert.equal(ingest.configs[0]?.sampleRate, 48000);
      assert.deepEqual(ingest.ends, ["finished"]);
      assert.equal(ingest.badCount, 0);
    } finally {
      await Deno.remove(file);
    }
  });
}

for (const rate of [48_000, 44_100, 22_050, 11_025]) {
  Deno.test(`FFmpeg's MP3 at ${rate} Hz arrives byte for byte`, async () => {
    await using fixture = new Fixture();
    await using media = await Media.create();
    const tone = source({ rate, seconds: 3 });
    const file = await media.encodeMp3("tone", tone, { rate, bitrate: "v4" });
    const { code, said } = await fixture.ffmpeg("demo", "-i", file, "-c", "copy");
    assert.deepEqual({ code, said }, { code: 0, said: "" });
    const ingest = await fixture.doorkeeper.ingest();
    await ingest.until(() => ingest.ends.length > 0);
    const sent = mp3Frames(await Deno.readFile(file));
    assert.deepEqual(ingest.frames.map(({ data }) => data), sent.frames);
    assert.deepEqual(ingest.configs, [sent.config]);
    assert.equal(ingest.badCount, 0);
  });
}

Deno.test("the audio of a broadcast with video arrives whole", async () => {
  await using fixture = new Fixture();
  const coders = ["-c:v", "flv1", "-b:v", "4M", "-c:a", "aac"];
  const { code, said } = await fixture.ffmpeg("live/demo", ...picture, ...tone, ...coders);
  assert.deepEqual({ code, said }, { code: 0, said: "" });
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.ends.length > 0);
  assert.equal(ingest.frames.length, 48);
  assert.equal(ingest.recordedFacts[0]?.width, 640);
});

Deno.test("a layout that needs a program_config_element keeps it", async () => {
  await using fixture = new Fixture();
  const quad = ["-af", "pan=quad|c0=c0|c1=c0|c2=c0|c3=c0"];
  const { code } = await fixture.ffmpeg("live/demo", ...tone, ...quad, "-c:a", "aac");
  assert.equal(code, 0);
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.ends.length > 0);
  const [config] = ingest.configs;
  assert.ok(config?.codec === "aac" && config.channelConfiguration === 0);
  assert.ok((config.programConfig?.length ?? 0) > 5);
  assert.equal(ingest.badCount, 0);
});

Deno.test("FFmpeg shows its user why a publish is refused", async () => {
  await using fixture = new Fixture();
  fixture.doorkeeper.refusal = "key-expired";
  const { code, said } = await fixture.ffmpeg("demo/sesame", ...tone, "-c:a", "aac");
  assert.notEqual(code, 0);
  assert.match(said, /Server error: Not today\./);
});

Deno.test("FFmpeg shows its user that a codec is not taken", async () => {
  await using fixture = new Fixture();
  const coder = ["-ar", "22050", "-ac", "1", "-c:a", "nellymoser"];
  const { code, said } = await fixture.ffmpeg("live/demo", "-re", ...tone, ...coder);
  assert.notEqual(code, 0);
  assert.match(said, /Server error: unsupported audio: Nellymoser/);
  assert.deepEqual(fixture.doorkeeper.ingests[0]?.ends, ["lost"]);
});
