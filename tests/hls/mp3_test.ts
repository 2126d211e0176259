/** MP3 over HLS: in MPEG-TS alone, also where a show changes its codec while it is on air. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { codecOf } from "../../src/audio/codec_of.ts";
import type { Preroll } from "../../src/hls/preroll.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { encode } from "../../testing/audio/ffmpeg.ts";
import { encodeMp3, everyMp3Config, mp3Config } from "../../testing/audio/mp3_streams.ts";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { LowListener } from "../../testing/hls/low_listener.ts";
import { prerollOf } from "../../testing/hls/preroll_folder.ts";
import { demux } from "../../testing/mpegts/timed_collector.ts";

const LOW_FILES = ["low.m3u8", "low-media.m3u8"];

/** A broadcast, and who asks for its files. */
class OnAir {
  readonly broadcast: Broadcast;
  readonly listener: LowListener;
  readonly #ingest: Ingest;
  #timeMs = 0;

  private constructor(broadcast: Broadcast) {
    this.broadcast = broadcast;
    this.listener = new LowListener(broadcast);
    this.#ingest = broadcast.connect();
  }

  static async start(preroll?: Preroll): Promise<OnAir> {
    return new OnAir(await Broadcast.start(preroll && { preroll }));
  }

  /** Frames in real time: silent ones, of the source. */
  async play(config: AudioConfig, seconds: number): Promise<void> {
    this.#ingest.configure(config);
    const data = codecOf(config).silentFrame(config);
    const frameMs = 1000 * config.samplesPerFrame / config.sampleRate;
    for (let ms = 0; ms < 1000 * seconds; ms += frameMs) {
      this.#ingest.write(data, this.#timeMs);
      this.#timeMs += frameMs;
      await this.broadcast.clock.advance(frameMs);
      await this.listener.look();
    }
  }

  async status(file: string): Promise<number> {
    const { status, body } = await this.listener.get(file);
    await body?.cancel();
    return status;
  }

  async master(): Promise<string> {
    return await (await this.listener.get("index.m3u8")).text();
  }

  /** The segments that are listed, each with its configuration and its frames. */
  segments() {
    const { files } = this.broadcast.folder.stream("demo");
    return this.broadcast.playlist().segments.map(({ uri, durationUs, discontinuity }) => {
      const { found } = demux(files.get(uri) ?? new Uint8Array());
      assert.equal(found.badCount, 0);
      const [config, ...others] = found.configs;
      assert.ok(config !== undefined && others.length === 0);
      return { config, found, durationUs, discontinuity };
    });
  }

  async stop(): Promise<void> {
    this.listener.origin.close();
    await this.broadcast.stop();
  }
}

for (const config of everyMp3Config().filter(({ channels }) => channels === 2)) {
  Deno.test(`MP3 at ${config.sampleRate} Hz is listed to the sample, with its times`, async () => {
    const show = await OnAir.start();
    await show.play(config, 6);
    const segments = show.segments();
    assert.ok(segments.length >= 4);
    const frameMs = 1000 * config.samplesPerFrame / config.sampleRate;
    let end: number | undefined;
    for (const segment of segments) {
      assert.deepEqual(segment.config, config);
      const { frames, times } = segment.found;
      assert.ok(Math.abs(segment.durationUs - 1000 * frames.length * frameMs) <= 1);
      const [first = NaN] = times;
      assert.ok(
        end === undefined || Math.abs((first ?? NaN) - end) < 0.1,
        `${first} behind ${end}`,
      );
      end = (first ?? NaN) + frames.length * frameMs;
    }
    assert.match(await show.master(), /CODECS="mp4a\.40\.34"\nplaylist\.m3u8\n$/);
    for (const file of LOW_FILES) assert.equal(await show.status(file), 404, file);
    await show.stop();
  });
}

Deno.test("a show that goes from AAC to MP3 and back is in low latency while it is AAC", async () => {
  const show = await OnAir.start();
  const { listener } = show;
  const [aac, mp3] = [audioConfig(), mp3Config()];
  await show.play(aac, 6);
  assert.match(await show.master(), /CODECS="mp4a\.40\.2"/);
  assert.equal(await show.status("low.m3u8"), 200);
  const low = () => show.broadcast.hls.find("demo")?.low.isOffered;
  assert.ok(listener.versions.length > 0 && low(), "listeners are told that there is low latency");

  await show.play(mp3, 6);
  assert.match(await show.master(), /CODECS="mp4a\.40\.34"/);
  for (const file of LOW_FILES) assert.equal(await show.status(file), 404, file);
  assert.equal(low(), false);
  const before = listener.versions.length;
  await show.play(mp3, 6);
  assert.equal(listener.versions.length, before, "no version of it is MP3");
  const changed = show.segments();
  const kinds = changed.map(({ config, discontinuity }) => `${config.codec} ${discontinuity}`);
  const at = kinds.indexOf("mp3 true");
  assert.ok(at > 0 && at === kinds.findLastIndex((kind) => kind.endsWith("true")), `${kinds}`);
  assert.ok(kinds.slice(0, at).every((kind) => kind === "aac false"));

  await show.play(aac, 8);
  assert.match(await show.master(), /CODECS="mp4a\.40\.2"/);
  assert.equal(await show.status("low.m3u8"), 200);
  assert.ok(listener.versions.length > before && low(), "it is there again");
  assert.equal(new Set(listener.playlist.segments.map(({ map }) => map)).size, 1);
  await show.stop();
});

const AAC_SPOT = {
  "live.m3u8": "#EXTM3U\n#EXTINF:1.0,\na.aac\n",
  "a.aac": await encode({ rate: 44_100 }),
};
const MP3_SPOT = {
  "live.m3u8": "#EXTM3U\n#EXTINF:1.0,\na.ts\n",
  "a.ts": await encodeMp3({ output: ["-f", "mpegts"] }),
};

Deno.test("a preroll and a show of different codecs have a discontinuity between them", async () => {
  for (const [spot, config] of [[AAC_SPOT, mp3Config()], [MP3_SPOT, audioConfig()]] as const) {
    const show = await OnAir.start(await prerollOf(spot));
    await show.play(config, 5);
    const [preroll, first, ...others] = show.broadcast.playlist().segments;
    assert.equal(preroll?.wallMs, undefined);
    assert.ok(first?.discontinuity && others.every(({ discontinuity }) => !discontinuity));
    const { codec } = config;
    assert.match(await show.master(), codec === "mp3" ? /"mp4a\.40\.34"/ : /"mp4a\.40\.2"/);
    // What of the preroll cannot be had in low latency is left out there.
    assert.equal(await show.status("low.m3u8"), codec === "mp3" ? 404 : 200);
    await show.stop();
  }
});

Deno.test("what waits for a part of AAC is let go where MP3 follows", async () => {
  const show = await OnAir.start();
  await show.play(audioConfig(), 6);
  const { hint = "" } = show.listener.playlist;
  const asked = show.listener.ask(hint);
  const [, sequence, part] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(hint) ?? [];
  const reload = show.listener.ask(
    `low-media.m3u8?_HLS_msn=${sequence}&_HLS_part=${Number(part) + 9}`,
  );
  await show.play(mp3Config(), 3);
  for (const { answer } of [asked, reload]) {
    assert.ok(answer !== undefined && [200, 404].includes(answer.status), `${answer?.status}`);
    await answer.body?.cancel();
  }
  await show.stop();
});
