/** An SRT transport that is cut for seconds comes back to its session. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { assertSent, SILENCE, toHex } from "../../testing/e2e/audio_sent.ts";
import { until } from "../../testing/until.ts";
import { ask, reason, reserve, stateOf } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { buildSampleClients, SampleSender, sessionIds } from "../../testing/e2e/srt_senders.ts";

/** That many are some 5 s, which is how long libsrt hopes for a peer. */
const MIN_SILENT = 200;

scenario("a transport that is cut for 5 s comes back to the same session", async () => {
  await buildSampleClients();
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
  await using server = await EchoServer.start();
  const control = `127.0.0.1:${server.controlPort}`;
  const { srtPort = 0, cookie: headers } = await reserve(control, "demo", { protocol: "srt" });
  const state = () => ask(control, { method: "GET", path: "state", headers });
  const announce = async (path: string, body: unknown) => {
    const answer = await ask(control, { method: "PUT", path, body, headers });
    assert.deepEqual(answer, { status: 200, body: { [path]: { name: "demo" } } });
  };
  assert.deepEqual(await state(), stateOf("demo", "ready"));

  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  const heard = () => toHex(follower.accessUnits);
  await using sender = new SampleSender(clip, srtPort);
  await until("it is on air", () => follower.segments.size >= 3);
  assert.deepEqual(await state(), stateOf("demo", "publishing"));
  await announce("pause", reason(7, "a tunnel"));
  assert.deepEqual(await state(), stateOf("demo", "publishing"));

  await sender.stop("SIGKILL");
  await until("it is missed", () => server.log.some((line) => / paused: /.test(line)));
  assert.deepEqual(await state(), stateOf("demo", "paused"));
  await announce("resume", reason(8, "daylight"));
  await using _back = new Encoder(clip, `srt://127.0.0.1:${srtPort}`);
  await until("it is heard again", () => count(heard(), sent[100]) === 2);
  assert.deepEqual(await state(), stateOf("demo", "publishing"));

  assert.equal(sessionIds(server, "demo").length, 1);
  const events = server.log.filter((line) => / echo\.session .*(on air|paused)/.test(line));
  assert.deepEqual(events.map((line) => line.replace(/^.* demo#\d+ /, "")), [
    "on air by srt from 127.0.0.1",
    "paused: a tunnel (7)",
    "on air again by srt: daylight (8)",
  ]);
  const units = heard();
  const back = units.indexOf(sent[0] ?? "", 1);
  const lost = units.findLastIndex((unit, i) => i < back && unit !== SILENCE) + 1;
  assert.ok(back - lost >= MIN_SILENT, `${back - lost} silent access units`);
  assertSent(units.slice(0, lost), sent, "before the cut");
  assertSent(units.slice(back), sent, "after the cut");
  const segments = [...follower.segments.values()];
  assert.ok(segments.every(({ listed }) => !listed.discontinuity));
});

function count(units: readonly string[], which: string | undefined): number {
  return units.filter((unit) => unit === which).length;
}
