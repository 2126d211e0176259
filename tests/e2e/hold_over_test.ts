/** A DJ who comes back after the hold: the playlist stood still, and goes on. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { Audience, printStalls } from "../../testing/players/audience.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import type { Listener } from "../../testing/players/listener.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

const HOLD_SECONDS = 3;
/** A segment may have been open when the DJ was lost, and one when the hold was over. */
const TOLERANCE_SECONDS = 2;
/** Long enough to say that a player stands still. */
const STILL_MS = 1500;
/** A silent access unit of two channels. */
const SILENCE = "21000000001c";
const FRAME_SECONDS = 1024 / 44_100;

scenario("after the hold the playlist stands still, and a return joins it", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start({ env: { HLS_HOLD: String(HOLD_SECONDS) } });
  await using first = new Encoder(clip, server.rtmpUrl("live/demo"));
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  await until("players start", () => (follower.playlist?.segments.length ?? 0) >= 5);
  await using audience = await Audience.gather(follower.url);
  await using back = new AsyncDisposableStack();

  let last: number | undefined;
  const impressions = await audience.hear(async () => {
    follower.allow("afterHold");
    await first.stop("SIGKILL");
    await until("the hold is over", () => server.log.some((line) => / over: /.test(line)));
    await together(audience.listeners.filter(standsStill), async (listener) => {
      await until(`${listener.kind} stands still`, async () => {
        return (await listener.heard()).longestStallMs > STILL_MS;
      });
    });
    last = follower.playlist?.segments.at(-1)?.sequence;
    back.use(new Encoder(clip, server.rtmpUrl("live/demo")));
    await until("it is back", () => follower.playlist?.segments.at(-1)?.sequence !== last);
    follower.forbid("afterHold");
  });
  printStalls("a hold that ran out", impressions);

  const silent = follower.accessUnits.filter((unit) => unit.toHex() === SILENCE).length;
  const seconds = silent * FRAME_SECONDS;
  assert.ok(Math.abs(seconds - HOLD_SECONDS) < TOLERANCE_SECONDS, `${seconds} s of silence`);
  const joins = [...follower.segments.values()].filter(({ listed }) => listed.discontinuity);
  assert.deepEqual(joins.map(({ listed }) => listed.sequence), [(last ?? 0) + 1]);
});

/** Chromium by itself plays the last segment over and over where that is shorter than a second. */
function standsStill({ kind }: Listener): boolean {
  return kind !== "native";
}
