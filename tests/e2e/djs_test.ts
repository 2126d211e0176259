/** A DJ with a key of his own: added, refused, on air by RTMP and SRT, given another key, removed. */
import assert from "node:assert/strict";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { run } from "../../testing/audio/ffmpeg.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { until } from "../../testing/until.ts";
import { ask, reason, reserve } from "../../testing/e2e/control_request.ts";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";
import { EchoServer, runEcho } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";
import { askStat } from "../../testing/e2e/stat_request.ts";

const DJS = { ECHO_AUTH: "dj", ECHO_DJ_FILE: "djs" };

scenario(
  "a DJ is added, publishes by both doors, gets another key on air, and is removed",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 60 });
    await using server = await EchoServer.start({ env: DJS, files: { djs: "" } });

    const rereads = (count: number) => {
      return until(`the DJs are read ${count} times`, () => {
        return server.log.filter((line) => / DJs who may publish: 1;/.test(line)).length === count;
      });
    };

    const added = await server.dj("add", "anna", "morning,evening*");
    const key = keyIn(added);
    assert.match(await server.dj("list"), /^anna {2}sha256 {2}morning,evening\*$/);
    const file = `${server.folder}/djs`;
    assert.equal((await Deno.stat(file)).mode ?? 0 & 0o777, 0o100600);
    assert.ok(!(await Deno.readTextFile(file)).includes(key));
    await rereads(1);

    // As the command printed it.
    const rtmpUrl = /"(rtmp:[^"]+)"/.exec(added)?.[1] ?? "";
    const srtUrl = sharedUrl(server, `#!::r=evening-2,m=publish,u=anna,s=${key}`);
    await using morning = new BothFormsFollower(server.playlistUrl("morning"));
    await using evening = new BothFormsFollower(server.playlistUrl("evening-2"));
    await using byRtmp = new Encoder(clip, rtmpUrl);
    await using bySrt = new Encoder(clip, srtUrl);
    await until("both are on air", () => morning.playlist && evening.playlist);
    const [, ids] = await askStat(server, "/stat/1/sessions");
    for (const id of ids as number[]) {
      const [, info] = await askStat(server, `/stat/1/sessions/${id}`);
      assert.equal((info as { dj?: string }).dj, "anna");
    }

    await assertRefused(new Encoder(clip, server.rtmpUrl("live/morning?user=anna&key=not-hers")), {
      why: /Cannot publish morning: the user or the key is wrong/,
    });
    await assertRefused(new Encoder(clip, server.rtmpUrl(`live/night?user=anna&key=${key}`)), {
      why: /Cannot publish night: anna may not publish this name/,
    });
    await assertRefused(new Encoder(clip, server.rtmpUrl("live/morning")), {
      why: /Cannot publish morning: a DJ's user and key are needed/,
    });
    await assertRefused(new Encoder(clip, sharedUrl(server, "publish:morning:anna:not-hers")), {
      why: /REJECT reported .*: Application-defined rejection reason/,
    });
    await server.line(
      /SRT connection from .* refused: Cannot publish morning: the user or the key is/,
    );

    const other = keyIn(await server.dj("rotate", "anna"));
    assert.notEqual(other, key);
    await rereads(2);
    const goOn = [morning, evening].map((follower) => aNewSegment(follower));
    await Promise.all(goOn);
    await assertRefused(new Encoder(clip, rtmpUrl), { why: /the user or the key is wrong/ });
    await using back = new Encoder(clip, server.rtmpUrl(`morning/anna:${other}`));
    await until("the new key takes over", () => back.sent > 0 && !byRtmp.running);

    for (const follower of [morning, evening]) follower.allow("deliberateEnd");
    await server.dj("remove", "anna");
    await until("both shows are over", () => {
      return [morning, evening].every(({ playlist }) => playlist?.ended);
    });
    await Promise.all([back.end(), bySrt.end()]);
    assert.match(
      server.log.join("\n"),
      /morning#\d+ over: the DJ may not publish it any more \(30000\)/,
    );
    await assertRefused(new Encoder(clip, server.rtmpUrl(`live/morning?user=anna&key=${other}`)), {
      why: /the user or the key is wrong/,
    });
    const recording = `${server.folder}/output/record/morning.mp4`;
    await until("it is recorded", () => exists(recording));
    assert.equal(await tagOf(recording, "dj"), "anna");
    for (const secret of [key, other, "not-hers"]) {
      assert.ok(!server.log.some((line) => line.includes(secret)));
    }
  },
);

scenario("a DJ's credentials get keys from the control API, which go when he goes", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start({
    env: DJS,
    files: { djs: `anna:${hashOfDjKey("annas-key")}:demo\nben:${hashOfDjKey("bens-key")}:demo\n` },
  });
  const control = `127.0.0.1:${server.controlPort}`;
  const statusOf = async (name: string, credentials: string) => {
    const body = { media: { type: "audio", protocol: "rtmp", format: "flv" }, ...reason(0, "go") };
    const headers = { Authorization: `Basic ${btoa(credentials)}` };
    return (await ask(control, { method: "POST", path: `publish/${name}`, body, headers })).status;
  };
  assert.deepEqual(
    [await statusOf("demo", "anna:x"), await statusOf("other", "anna:annas-key")],
    [401, 401],
  );
  const authorization = `Basic ${btoa("anna:annas-key")}`;
  const { key } = await reserve(control, "demo", { protocol: "rtmp", authorization });
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  await using encoder = new Encoder(clip, server.rtmpUrl(`demo/${key}`));
  await until("the show is heard", () => follower.playlist);
  follower.allow("deliberateEnd");
  await server.dj("remove", "anna");
  await until("the show is over", () => follower.playlist?.ended);
  await encoder.end();
  await assertRefused(new Encoder(clip, server.rtmpUrl(`demo/${key}`)), { why: /Cannot publish/ });
  assert.equal(await statusOf("demo", "anna:annas-key"), 401);
  assert.equal(await statusOf("demo", "ben:bens-key"), 200);
});

scenario(
  "after a crash a thousand DJs are let in again at once, none of them too late",
  async () => {
    const users = Array.from({ length: 1000 }, (_, i) => `dj${i}`);
    const lines = users.map((user) => `${user}:${hashOfDjKey(`key-of-${user}`)}:${user}\n`);
    await using server = await EchoServer.start({
      env: { ...DJS, HLS_WEB_THREADS: "0" },
      files: { djs: lines.join("") },
    });
    const options = { hostname: "127.0.0.1", port: server.rtmpPort, app: "live" };
    const publishAll = () => {
      return together(users, async (user) => {
        const publisher = await RtmpPublisher.connect(options);
        await publisher.publish(`${user}?user=${user}&key=key-of-${user}`);
        return publisher;
      });
    };
    const before = await publishAll();
    await server.stop("SIGKILL");
    await server.startAgain();
    // Each has to be in within twice RTMP_CONNECTION_TIMEOUT, which is less than the hold.
    const after = await publishAll();
    await together([...before, ...after], (publisher) => publisher.vanish());
  },
);

scenario("a file of DJs that cannot be used stops the start, but no server that runs", async () => {
  await using server = await EchoServer.start({
    env: DJS,
    files: { djs: `anna:${hashOfDjKey("annas-key")}:demo\n` },
    expectedErrors: [/The DJs stay those of before: Cannot parse .*djs, line 1: expected user/],
  });
  const file = `${server.folder}/djs`;
  const health = async () => {
    const headers = { Accept: "application/json" };
    return await (await fetch(`http://127.0.0.1:${server.statPort}/health`, { headers })).json();
  };
  assert.deepEqual(await health(), { status: "ok", parts: [], problems: [] });
  const before = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, "anna\n");
  await server.line(/The DJs stay those of before/);
  assert.deepEqual(await health(), {
    status: "degraded",
    parts: ["dj"],
    problems: ["Cannot parse djs, line 1: expected user:hash:names, got something else"],
  });
  const control = `127.0.0.1:${server.controlPort}`;
  const authorization = `Basic ${btoa("anna:annas-key")}`;
  await reserve(control, "demo", { protocol: "rtmp", authorization });
  await Deno.writeTextFile(file, before);
  await until("it can be used again", async () => {
    return (await health()).status === "ok";
  });

  const env = { ECHO_AUTH: "dj", ECHO_DJ_FILE: "none" };
  await using wrong = runEcho([], { env, cwd: server.folder });
  await wrong.line(/Cannot read none: .*: echo dj add USER NAMES makes it/);
  assert.notEqual((await wrong.end()).code, 0);
});

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/** What ffprobe finds in a file's metadata. */
async function tagOf(file: string, name: string): Promise<string> {
  const args = ["-of", "default=nw=1:nk=1", "-show_entries", `format_tags=${name}`, file];
  return new TextDecoder().decode(await run("ffprobe", args, undefined, "error")).trim();
}

/** The key that a command printed. */
function keyIn(text: string): string {
  return /^The key of anna is ([0-9a-f]{32})$/m.exec(text)?.[1] ?? assert.fail(text);
}

async function aNewSegment(follower: BothFormsFollower): Promise<void> {
  const last = () => follower.playlist?.segments.at(-1)?.sequence ?? -Infinity;
  const before = last();
  await until("the show goes on", () => last() > before);
}

async function assertRefused(encoder: Encoder, { why }: { why: RegExp }): Promise<void> {
  await using refused = encoder;
  const { code } = await refused.end();
  assert.notEqual(code, 0);
  assert.match(refused.output, why);
}
