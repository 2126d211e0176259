/** The preroll before a show, as a listener hears it, and a preroll that stops the start. */
import assert from "node:assert/strict";
import { isPreroll } from "../../testing/hls_validator/playlist_rules.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { LowFollower } from "../../testing/hls_validator/low_follower.ts";
import { Browser, PLAYER_KINDS } from "../../testing/players/browser.ts";
import { until } from "../../testing/until.ts";
import { EchoServer, runEcho } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

const PREROLL_SECONDS = 5;
/** What is heard of the show. */
const SHOW_SECONDS = 5;

scenario("who is there from the start hears the preroll, and then the show", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const folder = await media.preroll(PREROLL_SECONDS);
  const env = { HLS_PREROLE_DIR: folder, HLS_TARGET_DURATION: "2" };
  await using server = await EchoServer.start({ env });
  await using browser = await Browser.start();
  await using follower = new PlaylistFollower(server.playlistUrl("demo"));
  await using low = new LowFollower(follower.url.replace("playlist", "low"));
  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  const first = await until("it is on air", () => follower.playlist);
  assert.ok(first.segments.length >= 3 && first.segments.every(isPreroll));

  // In low latency a player begins a second before the newest part, if it is not told otherwise.
  const inLowLatency = together([0, undefined], async (from) => {
    const player = await browser.play(low.url, "hls.js", from);
    const heard = await player.played(PREROLL_SECONDS + SHOW_SECONDS);
    return { from, heard, segments: segmentsOf(player.asked) };
  });
  const results = await together(PLAYER_KINDS, async (kind) => {
    const player = await browser.play(follower.url, kind);
    const start = await player.played(0.5);
    assert.ok(start.position < 2, `${kind} begins at ${start.position}`);
    const heard = await player.played(PREROLL_SECONDS + SHOW_SECONDS);
    return { kind, heard, segments: player.asked.filter((path) => path.endsWith(".ts")) };
  });
  for (const { kind, heard, segments } of results) {
    console.log(`${kind}: longest stall ${Math.round(heard.longestStallMs)} ms, ${heard.warnings}`);
    const preroll = first.segments.map(({ uri }) => uri);
    assert.deepEqual(segments.slice(0, preroll.length), preroll, kind);
    assert.match(segments[preroll.length] ?? "", /^\/cast\/demo\/\d+-\d+\.ts$/, kind);
  }
  for (const { from, heard, segments } of await inLowLatency) {
    const { longestStallMs, latency, warnings } = heard;
    const where = from === undefined ? "where it begins by itself" : "from the preroll's start";
    console.log(
      `low latency, ${where}: ${Math.round(longestStallMs)} ms, ${latency} s, ${warnings}`,
    );
    if (from === 0) assert.deepEqual(segments.slice(0, 3), ["live0", "live1", "live2"]);
    const preroll = segments.filter((segment) => segment.startsWith("live"));
    const numbers = segments.slice(preroll.length).map(Number);
    const first = numbers[0] ?? NaN;
    assert.deepEqual(numbers, numbers.map((_, i) => first + i));
  }
  const show = [...follower.segments.values()].map(({ listed }) => listed)
    .filter((segment) => !isPreroll(segment));
  assert.deepEqual(show.map(({ discontinuity }) => discontinuity).slice(0, 2), [true, false]);
});

/** What segments of low latency are called, each once: the preroll's by its file, others by number. */
function segmentsOf(asked: readonly string[]): string[] {
  const names = asked.flatMap((path) => /\/(\w+)-[^/]*\.m4s$/.exec(path)?.[1] ?? []);
  return [...new Set(names)];
}

scenario("a broken preroll stops the start, with what is wrong and where", async () => {
  await using media = await Media.create();
  const folder = await media.preroll(PREROLL_SECONDS);
  await Deno.remove(`${folder}/live0.ts`);
  await Deno.writeTextFile(`${folder}/live1.ts`, "no audio");
  await using echo = runEcho([], { env: { HLS_PREROLE_DIR: folder }, cwd: folder });
  const { code } = await echo.end();
  assert.equal(code, 1);
  const said = echo.lines.filter((line) => line.includes(folder)).join("\n");
  assert.match(
    said,
    /Cannot use the preroll in .*live0\.ts: .*live1\.ts: there is no AAC or MP3 in it/s,
  );
});
