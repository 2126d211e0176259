/** A DJ who is lost for some seconds, to listeners in low latency and to the others. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { assertUnnoticed, printStalls } from "../../testing/players/audience.ts";
import { Browser, PLAYER_KINDS } from "../../testing/players/browser.ts";
import { until } from "../../testing/until.ts";

const AWAY_MS = 8000;
/** What listeners in low latency, who have hardly more than a second loaded, may notice. */
const LONGEST_STALL_MS = 1500;
const SECONDS_PAST = 8;
/** Who plays farther behind does not play in low latency. */
const MAX_BEHIND = 2;

scenario("a DJ who is away is hardly noticed in low latency, and not at all else", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 90 });
  await using server = await EchoServer.start({ env: { HLS_TARGET_DURATION: "1" } });
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  const url = server.playlistUrl("demo");
  const lowUrl = url.replace("playlist", "low");
  await until("it is there in low latency", async () => {
    const answer = await fetch(lowUrl);
    await answer.body?.cancel();
    return answer.ok;
  });
  await until("players of MPEG-TS have what they need", async () => {
    return (await (await fetch(url)).text()).split("#EXTINF").length > 6;
  });
  await using browser = await Browser.start();
  const low = await browser.play(lowUrl, "hls.js");
  const others = await together(PLAYER_KINDS, (kind) => browser.play(url, kind));
  const players = [low, ...others];
  await together(players, (player) => player.played(4));
  const latencyOf = async (player = low) => (await player.heard()).latency ?? NaN;
  await until("it plays in low latency", async () => await latencyOf() < MAX_BEHIND);
  console.log(
    `behind: ${await latencyOf()} s in low latency, ${await latencyOf(others[0])} s else`,
  );
  await together(players, (player) => player.mark());

  await encoder.stop("SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
  await using _back = new Encoder(clip, server.rtmpUrl("live/demo"));
  const impressions = await together(players, async (listener) => {
    return { listener, heard: await listener.playedOn(SECONDS_PAST) };
  });
  printStalls("a DJ who was away (the first in low latency)", impressions);
  const [lowImpression, ...otherImpressions] = impressions;
  const { stalls = [], longestStallMs = NaN, errors = [] } = lowImpression?.heard ?? {};
  assert.deepEqual(errors, []);
  assert.ok(stalls.length <= 1, `it stalled ${stalls.length} times`);
  assert.ok(longestStallMs < LONGEST_STALL_MS, `it stalled for ${longestStallMs} ms`);
  assertUnnoticed(otherImpressions);
});
