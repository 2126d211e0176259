/**
 * Players of MP3: they do not drift from the stream's own time, and go on where a show changes between
 * AAC and MP3. `MP3_MINUTES` says for how long the time is watched, at every rate then.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { Browser, PLAYER_KINDS } from "../../testing/players/browser.ts";
import type { EngineKind } from "../../testing/players/engines/engine.ts";
import { ENGINE_KINDS, startEngine } from "../../testing/players/engines/engines.ts";
import { PageListener } from "../../testing/players/page_listener.ts";
import { driftOf, driftText, sweep } from "../../testing/players/stream_time.ts";
import { until } from "../../testing/until.ts";

/** A short while for the gate; `deno task test:mp3` has ten minutes. */
const MINUTES = Number(Deno.env.get("MP3_MINUTES") ?? 0);
const IS_MEASURED = MINUTES > 0;
const SECONDS = IS_MEASURED ? 60 * MINUTES : 15;
/** Frames have 1152 samples at the first, 576 at the second. */
const RATES = IS_MEASURED ? [44_100, 48_000, 32_000, 24_000, 22_050] : [44_100, 24_000];
/** In the gate the others only cost time. */
const PAGES: readonly EngineKind[] = IS_MEASURED ? ENGINE_KINDS : ["chromium"];
/** What a listener to two speakers would not notice; a frame is 24 ms and more. */
const MAX_DRIFT_MS = 10;

/** Segments of 4 s wait a second for what is late, on a machine that is busy. */
const PATIENT = IS_MEASURED ? { HLS_TARGET_DURATION: "4" } : {};

scenario("hls.js and Chromium by itself keep the stream's own time", async () => {
  await using media = await Media.create();
  await using server = await EchoServer.start({ env: PATIENT });
  await using stack = new AsyncDisposableStack();
  const browser = stack.use(await Browser.start());
  await together(RATES, async (rate) => {
    const name = `rate-${rate}`;
    const input = sweep({ rate, seconds: SECONDS + 120 });
    const file = await media.encodeMp3(name, input, { bitrate: rate > 30_000 ? "v4" : "64k" });
    stack.use(new Encoder(file, sharedUrl(server, name)));
    const follower = stack.use(new PlaylistFollower(server.playlistUrl(name)));
    await until("players start", () => follower.segments.size >= 6);
    const sent = new Set(mp3Frames(await Deno.readFile(file)).frames.map((frame) => frame.toHex()));
    await together(PLAYER_KINDS, async (kind) => {
      const player = await browser.play(follower.url, kind);
      await player.played(1);
      await player.listen();
      await player.mark();
      await pause(1000 * SECONDS);
      const heard = await player.heard();
      assert.deepEqual(heard.errors, []);
      const drift = await driftOf(player);
      console.log(`${rate} Hz, ${kind}: ${driftText(drift, heard)}`);
      assert.ok(drift.times > SECONDS, "it was heard all the time");
      const silent = follower.accessUnits.filter((frame) => !sent.has(frame.toHex())).length;
      if (silent > 0) {
        // The stream itself is no longer the encoder's, so nothing can be said of the player.
        console.log(`${rate} Hz: the machine is too busy: ${silent} silent frames were put in`);
        assert.ok(!IS_MEASURED, "nothing was put in");
        return;
      }
      assert.ok(Math.abs(drift.driftMs) < MAX_DRIFT_MS, `${kind} at ${rate} Hz drifts`);
      if (!IS_MEASURED) return;
      assert.deepEqual(heard.stalls, []);
      assert.ok(heard.skipped < 0.5);
    });
  });
});

scenario("the page goes on where a show changes from AAC to MP3 and back", async () => {
  await using media = await Media.create();
  const aac = await media.encode("clip", { seconds: 120 });
  const tones = sweep({ rate: 44_100, seconds: 120 });
  const mp3 = await media.encodeMp3("clip", tones, { rate: 44_100, bitrate: "128k" });
  await using server = await EchoServer.start();
  const publish = (file: string) => new Encoder(file, server.rtmpUrl("live/demo"));
  await using stack = new AsyncDisposableStack();
  let encoder = stack.use(publish(aac));
  const follower = stack.use(new PlaylistFollower(server.playlistUrl("demo")));
  await until("players start", () => follower.segments.size >= 8);

  const origin = `http://127.0.0.1:${server.hlsPort}`;
  const listeners = await together(PAGES, async (kind) => {
    const engine = stack.use(await startEngine(kind, { motion: IS_MEASURED ? "moving" : "still" }));
    return await PageListener.sit(engine, `${origin}/cast/demo/`);
  });
  for (const [codec, file, low] of [["MP3", mp3, 404], ["AAC", aac, 200]] as const) {
    follower.allow("deliberateEnd");
    await together(listeners, (listener) => listener.mark());
    await encoder.stop("SIGINT");
    encoder = stack.use(publish(file));
    await until(`low latency answers ${low}`, async () => {
      const response = await fetch(`${origin}/cast/demo/low.m3u8`);
      await response.body?.cancel();
      return response.status === low;
    });
    follower.forbid("deliberateEnd");
    await together(listeners, async (listener) => {
      await listener.listenAnew();
      await listener.hears(SECONDS_LOADED);
      const { silentMs } = await listener.heard();
      console.log(`${codec}: ${listener.engine.kind} was silent for ${Math.round(silentMs)} ms`);
    });
  }
  const codecs = [...follower.segments.values()]
    .filter(({ listed }) => listed.discontinuity)
    .map(({ frames }) => frames[0]?.samples);
  assert.deepEqual(codecs, [1152, 1024], "a discontinuity at each change, and no other");
});

/** More than any player has loaded, so that what is heard after so long has come meanwhile. */
const SECONDS_LOADED = 10;
