/** A box and the Redis of its fleet: what the box does while that is not there, and over TLS. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";
import { RedisServer } from "../../testing/fleet/redis_server.ts";
import { freePort } from "../../testing/free_ports.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { TestAuthority } from "../../testing/tls/test_authority.ts";
import { until } from "../../testing/until.ts";

scenario("a box starts without its Redis, says so, and joins when that is there", async () => {
  await using redis = await RedisServer.start();
  await redis.stop();
  await using echo = await EchoServer.start({ env: fleetEnv(redis.url) });
  const { parts, problems } = await healthOf(echo);
  assert.deepEqual(parts, ["fleet"]);
  assert.match(problems?.join() ?? "", /has not answered a beat for \d+ s: .*ECONNREFUSED/);
  assert.match(await metricsOf(echo), /^echo_fleet_joined 0$/m);
  await redis.startAgain();
  await until("nothing is wrong", async () => await isWell(echo));
  assert.match(await metricsOf(echo), /^echo_fleet_joined 1$/m);
  assert.equal(await redis.ask("SMEMBERS", "{echo}:boxes"), "a");
  assert.equal((await echo.stop("SIGTERM")).code, 0);
  assert.equal(await redis.ask("SMEMBERS", "{echo}:boxes"), "", "it has left");
});

scenario("a box that stops does not wait for a Redis that stands still", async () => {
  await using redis = await RedisServer.start();
  await using echo = await EchoServer.start({ env: fleetEnv(redis.url) });
  await until("nothing is wrong", async () => await isWell(echo));
  Deno.kill(redis.pid, "SIGSTOP");
  try {
    assert.equal((await echo.stop("SIGTERM")).code, 0);
  } finally {
    Deno.kill(redis.pid, "SIGCONT");
  }
});

scenario("a box with another key and target duration does not join, and says so", async () => {
  await using redis = await RedisServer.start();
  await using first = await EchoServer.start({ env: fleetEnv(redis.url) });
  await until("nothing is wrong", async () => await isWell(first));
  await using second = await EchoServer.start({
    env: {
      ...fleetEnv(redis.url),
      ECHO_BOX: "b",
      ECHO_PRIV_KEY: "another key of thirty-two chars!",
      HLS_TARGET_DURATION: "2",
    },
    expectedErrors: [/This box does not join the fleet/],
  });
  assert.deepEqual((await healthOf(second)).problems, [
    "This box does not join the fleet: box a has another ECHO_PRIV_KEY and HLS_TARGET_DURATION",
  ]);
  assert.equal(await redis.ask("SMEMBERS", "{echo}:boxes"), "a");
  assert.ok(await isWell(first));
});

scenario("a Redis is asked over TLS, with an authority of one's own", async () => {
  await using authority = await TestAuthority.create();
  const { cert, key } = await authority.issue();
  await withFolder(async (folder) => {
    const [certFile, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    await Deno.writeTextFile(certFile, cert);
    await Deno.writeTextFile(keyFile, key);
    const port = freePort();
    await using redis = await RedisServer.start(
      ...["--tls-port", `${port}`, "--tls-cert-file", certFile, "--tls-key-file", keyFile],
      ...["--tls-ca-cert-file", authority.rootFile, "--tls-auth-clients", "no"],
    );
    const url = `rediss://localhost:${port}`;
    await using trusting = await EchoServer.start({
      env: { ...fleetEnv(url), DENO_CERT: authority.rootFile },
    });
    await until("nothing is wrong", async () => await isWell(trusting));
    assert.equal(await redis.ask("SMEMBERS", "{echo}:boxes"), "a");
    await using other = await EchoServer.start({ env: { ...fleetEnv(url), ECHO_BOX: "b" } });
    assert.deepEqual((await healthOf(other)).parts, ["fleet"]);
    assert.equal(await redis.ask("SMEMBERS", "{echo}:boxes"), "a");
  });
});

function fleetEnv(url: string): Record<string, string> {
  return {
    ECHO_REDIS_URL: url,
    ECHO_BOX: "a",
    ECHO_PRIV_KEY: "0123456789abcdefghijklmnopqrstuv",
    ECHO_FLEET_ADDR: `127.0.0.1:${freePort()}`,
  };
}

async function isWell(echo: EchoServer): Promise<boolean> {
  return (await healthOf(echo)).status === "ok";
}

interface Told {
  readonly status: string;
  readonly parts: readonly string[];
  readonly problems?: readonly string[];
}

async function healthOf(echo: EchoServer): Promise<Told> {
  const answer = await fetch(`http://127.0.0.1:${echo.statPort}/health`, {
    headers: { Accept: "application/json" },
  });
  assert.equal(answer.status, 200);
  return await answer.json();
}
