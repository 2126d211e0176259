/**
 * How a broadcast ends for its listeners: with silence for some seconds after a goodbye, at once by
 * teardown. Either way they hear its last words without a hole.
 */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { assertUnnoticed, Audience, printStalls } from "../../testing/players/audience.ts";
import { until } from "../../testing/until.ts";
import { ask, reason, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

/** How long a DJ who said goodbye may come back. */
const GRACE_MS = 10_000;

scenario("a broadcast ends for its listeners: after a goodbye, at once by teardown", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start();
  const control = `127.0.0.1:${server.controlPort}`;
  const { key, cookie } = await reserve(control, "torn", { protocol: "rtmp" });
  const body = reason(0, "over");
  await using left = new Encoder(clip, server.rtmpUrl("live/left"));
  await using torn = new Encoder(clip, server.rtmpUrl(`torn/${key}`));
  const broadcasts = [
    { name: "left", end: () => left.stop("SIGINT") },
    {
      name: "torn",
      end: () => ask(control, { method: "PUT", path: "teardown", body, headers: cookie }),
    },
  ];
  const [leftMs = 0, tornMs = 0] = await together(broadcasts, async ({ name, end }) => {
    await using follower = new BothFormsFollower(server.playlistUrl(name));
    await until("players start", () => (follower.playlist?.segments.length ?? 0) >= 5);
    await using audience = await Audience.gather(follower.url);
    await together(audience.listeners, (listener) => listener.mark());
    follower.allow("deliberateEnd");
    await end();
    const endedAt = performance.now();
    await until("the playlist says so", () => follower.playlist?.ended);
    const ms = performance.now() - endedAt;
    const impressions = await together(audience.listeners, async (listener) => {
      return { listener, heard: await listener.ended() };
    });
    printStalls(`the end of ${name}`, impressions);
    assertUnnoticed(impressions);
    return ms;
  });
  await torn.end();
  console.log(
    `ended ${Math.round(leftMs)} ms after a goodbye, ${Math.round(tornMs)} ms by teardown`,
  );
  assert.ok(leftMs > GRACE_MS - 500);
  assert.ok(tornMs < GRACE_MS / 2);
});
