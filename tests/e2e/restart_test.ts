/** A server that is killed goes on where it was, for DJs and for listeners. */
import assert from "node:assert/strict";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import {
  type MediaPlaylist,
  parseMediaPlaylist,
} from "../../testing/hls_validator/media_playlist.ts";
import { Audience, printStalls } from "../../testing/players/audience.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media, PersistentEncoder } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

/** How long a supervisor takes; hls.js gives up after some 3 s without a playlist. */
const DOWN_MS = 1500;
/** How soon after the first audio frame playback goes on: target durations, and seconds besides. */
const TARGETS_AFTER = 3;
const SECONDS_AFTER = 2;

scenario("a server that is killed goes on where it was, and so do its listeners", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 90 });
  await using server = await EchoServer.start();
  await using _encoder = new PersistentEncoder(clip, server.rtmpUrl("live/demo"));
  // Nobody listens in low latency, for whom silence would continue what was shown of a segment.
  await using follower = new PlaylistFollower(server.playlistUrl("demo"));
  await until("players start", () => (follower.playlist?.segments.length ?? 0) >= 5);
  // FFmpeg ends when it cannot connect.
  await using audience = await Audience.gather(follower.url, { ffmpeg: false });

  let before: MediaPlaylist | undefined;
  let backAt = 0;
  const impressions = await audience.hear(async () => {
    follower.allow("serverDown");
    await server.stop("SIGKILL");
    before = parseMediaPlaylist(
      await Deno.readTextFile(server.hlsFile("demo", "playlist.m3u8")),
    );
    await new Promise((resolve) => setTimeout(resolve, DOWN_MS));
    await server.startAgain();
    await assertServed(follower.url, before);
    backAt = await until("the encoder is back", () => {
      const line = server.log.filter((line) => / on air by rtmp/.test(line))[1];
      return line === undefined ? undefined : Date.parse(line.split(" ")[0] ?? "");
    });
    follower.forbid("serverDown");
  });
  printStalls("a killed server", impressions);
  const targetMs = (follower.playlist?.targetDuration ?? 0) * 1000;
  for (const { listener: { kind }, heard } of impressions) {
    // One that begins when there is new audio to play has another cause.
    const stall = heard.stalls.findLast(({ since }) => since < backAt + 1.5 * targetMs);
    const afterMs = Math.max(0, (stall?.until ?? 0) - backAt);
    console.log(`${kind} plays ${Math.round(afterMs)} ms after the first audio frame`);
    assert.ok(afterMs <= TARGETS_AFTER * targetMs + SECONDS_AFTER * 1000, `${kind} is late`);
  }

  const old = before?.segments ?? [];
  const joined = [...follower.segments.values()].map(({ listed }) => listed)
    .filter(({ sequence }) => sequence > (old[old.length - 1]?.sequence ?? Infinity));
  assert.deepEqual(joined.map(({ discontinuity }) => discontinuity).slice(0, 2), [true, false]);
});

/** All that was listed is there, before anything else is. */
async function assertServed(url: string, before: MediaPlaylist): Promise<void> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  const after = parseMediaPlaylist(await response.text());
  assert.deepEqual(after.segments.slice(0, before.segments.length), before.segments);
  assert.equal(after.discontinuitySequence, before.discontinuitySequence);
  for (const { uri } of before.segments) {
    const segment = await fetch(new URL(uri, url));
    assert.equal(segment.status, 200, uri);
    await segment.body?.cancel();
  }
}
