/** SIGHUP: each reloadable variable takes effect, and no broadcast notices; systemd is told. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { ROWS } from "../../src/config.ts";
import { formatAssignment } from "../../src/config/env_file.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { NotifyReceiver } from "../../testing/systemd/notify_receiver.ts";
import { until } from "../../testing/until.ts";
import { ask, reason, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { HookReceiver } from "../../testing/hook/hook_receiver.ts";
import {
  type Change,
  CHANGED_SECRETS,
  CHANGES,
  FILES,
  type Values,
  valuesBefore,
  writeFiles,
} from "../../testing/e2e/reloadable_changes.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { S3Server } from "../../testing/storage/s3_server.ts";

const SECRETS = ["old-token", "new-token", "other-token", "old-stat", "new-stat"];
const REREAD_ERROR = /Cannot reread the configuration/;
/** Recordings are cleaned up every minute. */
const PATIENCE_MS = 120_000;

scenario("a reload changes who may do what, and touches no broadcast", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start({
    env: { ECHO_AUTH: "key" },
    envFile: 'export ECHO_BEARER_TOKEN="old-token"\nexport STAT_TOKEN="old-stat"\n',
    expectedErrors: [REREAD_ERROR],
  });
  const envFile = `${server.folder}/echo.env`;
  const control = `127.0.0.1:${server.controlPort}`;
  const { key } = await reserve(control, "demo", {
    protocol: "rtmp",
    authorization: "Bearer old-token",
  });
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  await using _dj = new Encoder(clip, server.rtmpUrl(`demo/${key}`));
  await until("the show is heard", () => follower.playlist !== undefined);

  const publishOther = async (token: string) => {
    const media = { type: "audio", protocol: "rtmp", format: "flv" };
    const body = { media, ...reason(0, "on air") };
    const headers = { Authorization: `Bearer ${token}` };
    return (await ask(control, { method: "POST", path: "publish/other", body, headers })).status;
  };
  const recordings = async (token: string) => {
    const headers = { Authorization: `Bearer ${token}` };
    const url = `http://127.0.0.1:${server.statPort}/stat/1/recordings`;
    const response = await fetch(url, { headers });
    await response.body?.cancel();
    return response.status;
  };
  /** As it stands after the first reload: the new tokens count, and one broadcast is the limit. */
  const assertChanged = async () => {
    assert.deepEqual([await publishOther("old-token"), await publishOther("other-token")], [
      ...[401, 401],
    ]);
    assert.equal(await publishOther("new-token"), 503);
    assert.deepEqual([await recordings("old-stat"), await recordings("new-stat")], [401, 200]);
  };
  assert.equal(await recordings("old-stat"), 200);

  const changed = [
    'export ECHO_BEARER_TOKEN="new-token"',
    'export STAT_TOKEN="new-stat"',
    'export ECHO_MAX_SESSIONS="1"',
    'export HLS_HOLD="20"',
  ];
  await Deno.writeTextFile(envFile, changed.join("\n"));
  server.kill("SIGHUP");
  const line = await server.line(/the configuration is reread: /);
  assert.match(
    line,
    /: ECHO_BEARER_TOKEN is \*\*\* .*; ECHO_MAX_SESSIONS is 1 \(was 2000\); STAT_/,
  );
  await server.line(/WARN .*HLS_HOLD is 20 \(was 30\): this counts from the next start on$/);
  await assertChanged();

  const wrong = 'export ECHO_BEARER_TOKEN="other-token"\nexport RTMP_MAX_CONNECTIONS="0"\n';
  await Deno.writeTextFile(envFile, wrong);
  server.kill("SIGHUP");
  await server.line(/Cannot reread .*: Cannot parse RTMP_MAX_CONNECTIONS: expected .*, got "0"$/);
  await Deno.remove(envFile);
  server.kill("SIGHUP");
  await server.line(/Cannot reread .*: Cannot read the env file \.\/echo\.env: /);
  await assertChanged();

  const before = follower.playlist?.segments.at(-1)?.sequence ?? Infinity;
  await until("the show goes on", () => {
    return (follower.playlist?.segments.at(-1)?.sequence ?? -Infinity) > before;
  });
  assert.deepEqual(server.log.filter((line) => / (paused|over): /.test(line)), []);
  for (const secret of SECRETS) assert.ok(!server.log.some((line) => line.includes(secret)));
  follower.allow("serverDown");
});

Deno.test("there is a change of each reloadable variable", () => {
  const reloadable = ROWS.filter(({ variable }) => variable.reloadable);
  assert.deepEqual(
    CHANGES.flatMap(({ names }) => names).sort(),
    reloadable.map(({ variable }) => variable.name).sort(),
  );
});

scenario("each reloadable variable has its new value take effect", async () => {
  const soon = CHANGES.filter(({ isLate }) => !isLate);
  const late = CHANGES.filter(({ isLate }) => isLate);
  const half = soon.length >> 1;
  await together([late, soon.slice(0, half), soon.slice(half)], async (changes) => {
    for (const change of changes) await assertTakesEffect(change);
  });
});

async function assertTakesEffect(change: Change): Promise<void> {
  const { names, values, auth = "key", look, was, is, isLate = false } = change;
  await using oldHooks = await HookReceiver.start();
  await using newHooks = await HookReceiver.start();
  await using store = S3Server.start();
  const before = valuesBefore({ oldHooks, newHooks, store });
  await using server = await EchoServer.start({
    env: { ECHO_AUTH: auth },
    envFile: envFile(before),
    files: FILES,
    expectedErrors: [/Cannot use the fallback/],
  });
  await writeFiles(server);
  const scene = { server, oldHooks, newHooks, store };
  assert.deepEqual({ names, seen: await look(scene) }, { names, seen: was });

  await Deno.writeTextFile(`${server.folder}/echo.env`, envFile({ ...before, ...values(scene) }));
  server.kill("SIGHUP");
  const line = await server.line(/the configuration is reread: /);
  for (const name of names) assert.match(line, new RegExp(`[:;] ${name} is .* \\(was `));
  if (isLate) {
    const isSeen = async () => isDeepStrictEqual(await look(scene), is);
    await until(`${names} take effect`, isSeen, PATIENCE_MS);
  }
  assert.deepEqual({ names, seen: await look(scene) }, { names, seen: is });
  for (const secret of CHANGED_SECRETS) {
    assert.ok(!server.log.some((line) => line.includes(secret)), secret);
  }
}

function envFile(values: Values): string {
  return Object.entries(values).flatMap(([name, value]) => {
    return value === undefined ? [] : [formatAssignment(name, value)];
  }).join("\n");
}

Deno.test({
  name: "systemd hears when the server is ready, reloads, lives and stops",
  // Elsewhere there is no systemd.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const name = `@echo-e2e-${crypto.randomUUID()}`;
    using systemd = new NotifyReceiver(name);
    const env = { NOTIFY_SOCKET: name, WATCHDOG_USEC: "2000000", DRAIN_TIMEOUT: "300" };
    await using server = await EchoServer.start({ env });
    const hears = (line: string) => until(line, () => systemd.lines.includes(line));
    await hears("READY=1");
    await hears("STATUS=0 on air, 0 listeners");
    await hears("WATCHDOG=1");
    server.kill("SIGHUP");
    await hears("RELOADING=1");
    await until("it is ready again", () => {
      return systemd.lines.lastIndexOf("READY=1") > systemd.lines.indexOf("RELOADING=1");
    });
    const { code } = await server.stop("SIGTERM");
    assert.equal(code, 0, "nothing is on air, so nothing is waited for");
    assert.ok(systemd.lines.includes("STOPPING=1"));
    assert.ok(systemd.lines.includes("EXTEND_TIMEOUT_USEC=30000000"));
  },
});
