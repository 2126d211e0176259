/** SIGTERM ends the server at once, with all that it heard on disk. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { parseMediaPlaylist } from "../../testing/hls_validator/media_playlist.ts";
import { SegmentRules } from "../../testing/hls_validator/segment_rules.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

/** What is on its way when the signal comes. */
const IN_FLIGHT_SECONDS = 0.2;
const HANG_MS = 5000;

scenario("a signal ends the server at once, with all that it heard on disk", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 30 });
  await together(["SIGINT", "SIGTERM"] as const, async (signal) => {
    await using server = await EchoServer.start();
    await using follower = new BothFormsFollower(server.playlistUrl("demo"));
    await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
    await until("much is heard that is not listed", () => {
      const listed = playingTime(follower.playlist?.segments ?? []);
      return listed >= 4 && encoder.sent > listed + 0.5;
    });

    follower.allow("serverDown");
    const { sent } = encoder;
    const exit = await server.stop(signal);
    console.log(`${signal} ended the server within ${Math.round(exit.ms)} ms`);
    assert.deepEqual({ code: exit.code, signal: exit.signal }, { code: 0, signal: null });
    assert.ok(exit.ms < HANG_MS);

    const playlist = parseMediaPlaylist(
      await Deno.readTextFile(server.hlsFile("demo", "playlist.m3u8")),
    );
    assert.equal(playlist.ended, false);
    const duration = playingTime(playlist.segments);
    assert.ok(duration > sent - IN_FLIGHT_SECONDS, `${duration} s of ${sent} s are listed`);
    const breaches: string[] = [];
    const rules = new SegmentRules((breach) => breaches.push(breach));
    for (const segment of playlist.segments) {
      rules.observe(segment, await Deno.readFile(server.hlsFile("demo", segment.uri)));
    }
    assert.deepEqual(breaches, []);
  });
});

/** Seconds. */
function playingTime(segments: readonly { readonly duration: number }[]): number {
  return segments.reduce((sum, segment) => sum + segment.duration, 0);
}
