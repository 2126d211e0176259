/** Webhooks and questions to a real hook server, also while it fails. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { until } from "../../testing/until.ts";
import { ask, reason, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { type Hook, HookReceiver } from "../../testing/hook/hook_receiver.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";

const KEY = "the-key-of-the-dj";
const SECRETS = [KEY, "pa55word", "t0ken", "the-secret-of-the-hooks"];

scenario("a hook server that fails holds up no broadcast, and is told all at last", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using receiver = await HookReceiver.start();
  receiver.mood = "down";
  await using server = await EchoServer.start({ env: receiver.env });
  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));

  await t.step("the broadcast goes on", async () => {
    await using follower = new BothFormsFollower(server.playlistUrl("demo"));
    await until("it was down for an attempt", () => receiver.seen.has("down"));
    await until("the broadcast is heard", () => follower.segments.size >= 1);
    receiver.mood = 500;
    await until("it has failed an attempt", () => receiver.seen.has(500));
    const heard = follower.segments.size;
    receiver.mood = 204;
    await until("it was told that players may start", () => {
      return receiver.types("demo").includes("hls-ready");
    });
    await until("the broadcast goes on", () => follower.segments.size > heard + 1);
    assert.ok([...follower.segments.values()].every(({ listed }) => !listed.discontinuity));
  });
  assert.equal((await server.stop("SIGTERM")).code, 0);

  const types = receiver.types("demo");
  assert.deepEqual(types.slice(0, 2), ["authorize", "create"]);
  const others = ["record-start", "hls-ready", "input-quality", "release"];
  // The last one comes of stopping.
  for (const type of [...others, "record-complete"]) {
    assert.ok(types.includes(type), `${type} is not in ${types}`);
  }
  assert.equal(new Set(receiver.events.map(({ data }) => data.id)).size, 1, "one session");
  const times = receiver.events.map(({ timestamp }) => timestamp);
  assert.deepEqual(times, times.toSorted());
  assert.deepEqual(receiver.forged, []);
  assertNoSecrets(server, receiver.events);
});

scenario("the hook server gets keys as they were typed, by every door", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 30 });
  await using receiver = await HookReceiver.start();
  await using server = await EchoServer.start({ env: { ...receiver.env, ECHO_AUTH: "hook" } });
  await using djs = new AsyncDisposableStack();
  const keys = ["q+Zx8/a+b==", "ab%41c&d=e?f,g:h;100%"];
  const expected: string[] = [];
  for (const [i, key] of keys.entries()) {
    const urls = {
      [`query-${i}`]: server.rtmpUrl(`live/query-${i}?key=${key}`),
      [`own-${i}`]: server.rtmpUrl(`own-${i}/${key}`),
    };
    for (const [name, url] of Object.entries(urls)) {
      djs.use(new Encoder(clip, url));
      expected.push(`${name} ${key}`);
    }
    const streamId = ["-c", "copy", "-srt_streamid", `publish:srt-${i}::${key}`];
    djs.use(new Encoder(clip, sharedUrl(server, "").split("?")[0] ?? "", streamId));
    expected.push(`srt-${i} ${key}`);
  }
  const asked = () =>
    receiver.questions.map(({ data: { name, credentials } }) =>
      `${name} ${Object(credentials).key}`
    ).toSorted();
  await until("all are asked about", () => asked().length >= expected.length);
  assert.deepEqual(asked(), expected.toSorted());
});

scenario("the hook server says who may publish, by every door", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using receiver = await HookReceiver.start();
  receiver.decide = ({ credentials }) => {
    return JSON.stringify(credentials).includes(KEY);
  };
  await using server = await EchoServer.start({ env: { ...receiver.env, ECHO_AUTH: "hook" } });
  const control = `127.0.0.1:${server.controlPort}`;

  await t.step("who it refuses is told so", async () => {
    await using rtmp = new Encoder(clip, server.rtmpUrl("live/rtmp?key=wrong"));
    await using srt = new Encoder(clip, sharedUrl(server, "publish:srt:dj:wrong"));
    await together([rtmp, srt], async (encoder) => {
      assert.notEqual((await encoder.end()).code, 0);
    });
    assert.match(rtmp.output, /you are not allowed to publish it/);
    await until("the log tells it too", () => {
      return server.log.filter((line) => line.includes("you are not allowed to publish it"))
        .length === 2;
    });
    const answer = await ask(control, {
      method: "POST",
      path: "publish/control",
      body: { media: { type: "audio", protocol: "rtmp", format: "flv" }, ...reason(0, "") },
      headers: { Authorization: "Bearer wrong" },
    });
    assert.equal(answer.status, 401);
  });

  await using _rtmp = new Encoder(clip, server.rtmpUrl(`live/rtmp?key=${KEY}`));
  await using _srt = new Encoder(clip, sharedUrl(server, `publish:srt:dj:${KEY}`));
  await t.step("who it lets in is on air", async () => {
    await until("both are on air", () => {
      return ["rtmp", "srt"].every((name) => receiver.types(name).includes("create"));
    });
  });

  await t.step("a key of the control API needs no question", async () => {
    const grant = await reserve(control, "control", {
      protocol: "rtmp",
      authorization: `Bearer ${KEY}`,
    });
    receiver.mood = "down";
    await using refused = new Encoder(clip, server.rtmpUrl(`live/late?key=${KEY}`));
    await using _accepted = new Encoder(clip, server.rtmpUrl(`control/${grant.key}`));
    assert.notEqual((await refused.end()).code, 0);
    assert.match(refused.output, /does not answer/);
    await until("it is on air", () => server.log.some((line) => / control#.*on air/.test(line)));
    receiver.mood = 204;
    assert.ok(!server.log.join("\n").includes(grant.key));
  });

  assert.deepEqual(receiver.forged, []);
  assert.deepEqual(
    receiver.questions.map(({ data: { protocol, name } }) => `${protocol} ${name}`).toSorted(),
    ["http control", "http control", "rtmp rtmp", "rtmp rtmp", "srt srt", "srt srt"],
  );
  assertNoSecrets(server, receiver.events);
});

function assertNoSecrets(server: EchoServer, events: readonly Hook[]): void {
  const told = [...server.log, JSON.stringify(events)].join("\n");
  for (const secret of SECRETS) assert.ok(!told.includes(secret), secret);
}
