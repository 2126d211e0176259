/** Keys at both doors: who is refused, who takes over, and what the log says of it. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { assertSent, toHex } from "../../testing/e2e/audio_sent.ts";
import { until } from "../../testing/until.ts";
import { ask, reason, reserve, stateOf } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { sessionIds, sharedUrl } from "../../testing/e2e/srt_senders.ts";

const TOKEN = "the-token-of-the-studio";
const WRONG_KEY = "not-the-key";

scenario("a key opens both doors, and goes from one to the other on air", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
  await using server = await EchoServer.start({
    env: { ECHO_AUTH: "key", ECHO_BEARER_TOKEN: TOKEN },
  });
  const control = `127.0.0.1:${server.controlPort}`;
  const accessControl = (key: string) => {
    return sharedUrl(server, `#!::r=demo,m=publish,u=dj,s=${key}`);
  };

  await t.step("without the token there is no key", async () => {
    for (const Authorization of ["", "Bearer another-token", "Basic ZGo6c2VjcmV0"]) {
      const media = { type: "audio", protocol: "srt", format: "mp2t" };
      const answer = await ask(control, {
        method: "POST",
        path: "publish/demo",
        body: { media, ...reason(0, "on air") },
        headers: { Authorization },
      });
      assert.deepEqual(answer, { status: 401, body: { code: 401, message: "unauthorized" } });
    }
  });
  const { key, cookie: headers } = await reserve(control, "demo", {
    protocol: "srt",
    authorization: `Bearer ${TOKEN}`,
  });
  const state = () => ask(control, { method: "GET", path: "state", headers });

  await t.step("another key is refused at both doors, with a log line each", async () => {
    const urls = [
      server.rtmpUrl(`demo/${WRONG_KEY}`),
      accessControl(WRONG_KEY),
      sharedUrl(server, `publish:demo:dj:${WRONG_KEY}`),
    ];
    await together(urls, async (url) => {
      await using refused = new Encoder(clip, url);
      assert.notEqual((await refused.end()).code, 0);
    });
    const wrong = () => server.log.filter((line) => line.includes("the key is wrong"));
    await until("all are logged", () => wrong().length >= urls.length);
    assert.deepEqual(wrong().map((line) => / (SRT|RTMP) /i.exec(line)?.[1]).sort(), [
      "RTMP",
      "SRT",
      "SRT",
    ]);
    assert.deepEqual(await state(), stateOf("demo", "ready"));
  });

  await t.step("the key is on air by SRT, and takes over by RTMP", async () => {
    await using follower = new BothFormsFollower(server.playlistUrl("demo"));
    const heard = () => toHex(follower.accessUnits);
    await using first = new Encoder(clip, accessControl(key));
    await until("it is on air", () => follower.segments.size >= 3);
    await using _second = new Encoder(clip, server.rtmpUrl(`demo/${key}`));
    assert.notEqual((await first.end()).code, 0);
    await until("the other is heard", () => {
      return heard().filter((unit) => unit === sent[100]).length === 2;
    });
    assert.deepEqual(await state(), stateOf("demo", "publishing"));

    const units = heard();
    const change = units.indexOf(sent[0] ?? "", 1);
    assertSent(units.slice(0, change), sent, "by SRT");
    assertSent(units.slice(change), sent, "by RTMP");
    const segments = [...follower.segments.values()];
    assert.ok(segments.every(({ listed }) => !listed.discontinuity));
    assert.equal(sessionIds(server, "demo").length, 1);
  });

  const log = server.log.join("\n");
  for (const secret of [TOKEN, WRONG_KEY, key]) assert.ok(!log.includes(secret), secret);
});
