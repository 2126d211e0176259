/** A server that is killed while players have parts of a segment that is not whole. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media, PersistentEncoder } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { LowFollower } from "../../testing/hls_validator/low_follower.ts";
import { until } from "../../testing/until.ts";

/** How long a supervisor takes. */
const DOWN_MS = 1500;

scenario("in low latency a killed server goes on where it was, behind silence", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 90 });
  await using server = await EchoServer.start();
  await using _encoder = new PersistentEncoder(clip, server.rtmpUrl("live/demo"));
  await using follower = new LowFollower(server.playlistUrl("demo").replace("playlist", "low"));
  await until("it is there", () => follower.playlist);
  const openPart = () => {
    const open = follower.playlist?.segments.at(-1);
    return open?.whole === undefined && open?.parts.length === 2 ? open : undefined;
  };
  const open = await until("a segment is open", openPart);
  follower.serverIsDown();
  await server.stop("SIGKILL");
  await new Promise((resolve) => setTimeout(resolve, DOWN_MS));
  await server.startAgain();
  follower.serverIsBack();
  const segments = await until("the DJ is back", () => {
    const { segments = [] } = follower.playlist ?? {};
    const at = segments.findIndex(({ sequence }) => sequence === open.sequence);
    const behind = segments.slice(at).filter(({ whole }) => whole !== undefined);
    return at >= 0 && behind.some(({ discontinuity }) => discontinuity) ? behind : undefined;
  });
  assert.deepEqual([segments[0]?.sequence, segments[0]?.discontinuity], [open.sequence, false]);
  assert.equal(segments.filter(({ discontinuity }) => discontinuity).length, 1);
  const since = follower.playlist?.mediaSequence ?? NaN;
  await until("it goes on", () => (follower.playlist?.mediaSequence ?? 0) > since + 3);
});
