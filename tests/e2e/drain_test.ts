/** Draining: shows that are on air go on to their end, and no other begins. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { parseMediaPlaylist } from "../../testing/hls_validator/media_playlist.ts";
import { until } from "../../testing/until.ts";
import { ask, reason } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

/** What a new broadcast is told. */
const REFUSAL = "the server is about to stop and takes no new broadcasts";

scenario("a server that drains serves the shows that are on air, and takes no others", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start({ env: { DRAIN_TIMEOUT: "300" } });
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  await using djs = new AsyncDisposableStack();
  const first = djs.use(new Encoder(clip, server.rtmpUrl("live/demo")));
  const listed = () => follower.playlist?.segments.at(-1)?.sequence ?? -Infinity;
  await until("the show is heard", () => listed() > -Infinity);

  server.kill("SIGTERM");
  await server.line(/drains for up to 300 s: 1 broadcasts are live$/);
  const other = djs.use(new Encoder(clip, server.rtmpUrl("live/other")));
  assert.notEqual((await other.end()).code, 0);
  assert.ok(other.output.includes(REFUSAL), other.output);
  const control = `127.0.0.1:${server.controlPort}`;
  const body = { media: { type: "audio", protocol: "srt", format: "aac" }, ...reason(0, "on air") };
  const refused = await ask(control, { method: "POST", path: "publish/other", body });
  assert.deepEqual(refused, {
    status: 503,
    body: { code: 503, message: `Cannot publish other: ${REFUSAL}` },
  });
  const health = await fetch(`http://127.0.0.1:${server.statPort}/health`);
  assert.deepEqual({ status: health.status, body: await health.text() }, { status: 200, body: "" });

  for (const path of ["fleet", "targets"]) {
    const { status } = await fetch(`http://127.0.0.1:${server.statPort}/stat/1/${path}`);
    assert.equal(status, 404, "a server that is alone has no fleet to tell of");
  }

  await first.stop("SIGKILL");
  await server.line(/ demo#\d+ paused: /);
  djs.use(new Encoder(clip, server.rtmpUrl("live/demo")));
  await server.line(/ demo#\d+ on air again by rtmp: /);
  const before = listed();
  await until("the show goes on", () => listed() > before + 1);

  follower.allow("serverDown");
  const exit = await server.stop("SIGTERM");
  assert.deepEqual({ code: exit.code, signal: exit.signal }, { code: 0, signal: null });
  const file = await Deno.readTextFile(server.hlsFile("demo", "playlist.m3u8"));
  const last = parseMediaPlaylist(file);
  assert.equal(last.ended, false);
  const { size } = await Deno.stat(`${server.folder}/output/record/demo.mp4`);
  assert.ok(size > 0, "the recording is finished");

  await server.startAgain();
  const back = parseMediaPlaylist(await (await fetch(server.playlistUrl("demo"))).text());
  assert.deepEqual(back.segments.slice(0, last.segments.length), last.segments);
  djs.use(new Encoder(clip, server.rtmpUrl("live/other")));
  await server.line(/ other#\d+ on air by rtmp /);
  const { code } = await server.stop("SIGINT");
  assert.equal(code, 0, "a Ctrl-C waits for nobody");
});
