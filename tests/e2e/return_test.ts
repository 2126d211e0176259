/** A DJ who returns after a goodbye joins the playlist that is still there. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { Browser, PLAYER_KINDS } from "../../testing/players/browser.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

/** More than a player has buffered, so that it has played past the return. */
const SECONDS_AFTER = 12;

scenario("a DJ who said goodbye and returns joins the playlist; another's goes on", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start();
  await using one = new BothFormsFollower(server.playlistUrl("one"));
  await using two = new BothFormsFollower(server.playlistUrl("two"));
  await using _two = new Encoder(clip, server.rtmpUrl("live/two"));

  await using first = new Encoder(clip, server.rtmpUrl("live/one"));
  await until("both are on air", () => one.segments.size >= 3 && two.segments.size >= 3);
  await using browser = await Browser.start();
  const players = await together(PLAYER_KINDS, (kind) => browser.play(one.url, kind));
  const before = await together(players, (player) => player.played(2));

  one.allow("deliberateEnd");
  await first.stop("SIGINT");
  await using _second = new Encoder(clip, server.rtmpUrl("live/one"));
  const returned = await until("one is back", () => {
    return one.playlist?.segments.find((segment) => segment.discontinuity);
  });
  one.forbid("deliberateEnd");
  await until("both go on", () => {
    return one.segments.has(returned.sequence + 3) && two.segments.size >= 8;
  });
  const after = await together(
    players.entries(),
    ([i, player]) => player.played((before[i]?.played ?? 0) + SECONDS_AFTER),
  );
  const stalls = after.map(({ longestStallMs }) => Math.round(longestStallMs));
  console.log(`longest stalls of ${PLAYER_KINDS} over a return: ${stalls} ms`);

  const tags = (follower: BothFormsFollower) => {
    return [...follower.segments.values()].filter(({ listed }) => listed.discontinuity).length;
  };
  assert.deepEqual([tags(one), tags(two)], [1, 0]);
  assert.equal(one.playlist?.ended, false);
});
