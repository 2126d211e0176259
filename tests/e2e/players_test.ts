/** Chromium plays a broadcast without a stall, by hls.js and by itself. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { Browser, PLAYER_KINDS } from "../../testing/players/browser.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

const SECONDS = 12;
/** What a listener would hear as a stop; a busy machine's hiccups are shorter. */
const STALL_MS = 1000;

scenario("Chromium plays without a stall, by hls.js and by itself", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start();
  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  await until("players start", () => (follower.playlist?.segments.length ?? 0) >= 6);

  await using browser = await Browser.start();
  await together(PLAYER_KINDS, async (kind) => {
    const player = await browser.play(follower.url, kind);
    const { longestStallMs, warnings } = await player.played(SECONDS);
    console.log(`${kind}: longest stall ${Math.round(longestStallMs)} ms, ${warnings}`);
    assert.ok(longestStallMs < STALL_MS, `${kind} stood still for ${longestStallMs} ms`);
  });
});
