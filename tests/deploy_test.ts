/** What is in `deploy/` and the Dockerfile: it fits together, and gives the server few rights. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { Network } from "../src/http/addresses.ts";

const COMPOSE = ["deploy/compose.caddy.yml", "deploy/compose.nginx.yml"];
const ALL_COMPOSE = [...COMPOSE, "deploy/fleet.compose.yaml"];
/** "on-failure" leaves what ended well when the machine went down. */
const COMES_BACK = ["always", "unless-stopped"];

for (const file of COMPOSE) {
  Deno.test(`${file} gives Echo few rights, its ports, and room for its connections`, async () => {
    const { services: { echo } } = parse(await read(file));
    assert.equal(echo.read_only, true);
    assert.deepEqual(echo.cap_drop, ["ALL"]);
    assert.deepEqual(echo.security_opt, ["no-new-privileges:true"]);
    const { ECHO_SRT_MIN_PORT: min, ECHO_SRT_MAX_PORT: max } = echo.environment;
    const range = `${min}-${max}`;
    assert.deepEqual(echo.ports, ["1935:1935", "9000:9000/udp", `${range}:${range}/udp`]);
    // As the service of systemd.
    const unit = await read("scripts/echo.service");
    assert.ok(unit.includes(`LimitNOFILE=${echo.ulimits.nofile}`));
    assert.ok(unit.includes(`TasksMax=${echo.pids_limit}`));
  });

  Deno.test(`${file} has Echo believe its proxy, and nobody else`, async () => {
    const { services: { echo }, networks } = parse(await read(file));
    const { TRUSTED_PROXIES: trusted } = echo.environment;
    assert.ok(Network.parse(trusted) !== undefined);
    assert.equal(networks.default.ipam.config[0].subnet, trusted);
  });

  Deno.test(`${file} names files that there are`, async () => {
    const { services } = parse(await read(file));
    const mounted: string[] = Object.values(services).flatMap((service) => {
      return (service as { volumes: string[] }).volumes.filter((volume) => volume.startsWith("./"));
    });
    for (const volume of mounted) {
      const [path = ""] = volume.split(":");
      if (path !== "./echo.env") await Deno.stat(new URL(`../deploy/${path}`, import.meta.url));
    }
    assert.ok(mounted.length >= 2);
  });
}

for (const file of ALL_COMPOSE) {
  Deno.test(`what ${file} starts is there again after a restart of the machine`, async () => {
    const { services } = parse(await read(file), { merge: true });
    for (const [name, { restart }] of Object.entries<{ restart?: string }>(services)) {
      if (name !== "bucket") assert.ok(COMES_BACK.includes(restart ?? ""), `${name}: ${restart}`);
    }
  });
}

Deno.test("the image runs as a user without rights, and is built of what is in the project", async () => {
  const text = await read("Dockerfile");
  const [, user] = /^USER (\d+):\1$/m.exec(text) ?? [];
  assert.ok(user !== undefined && text.includes(`useradd --uid ${user} `));
  const sources = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = ""]) => {
    return names.split(" ");
  });
  const passed = (await read(".dockerignore")).split("\n").filter((line) => line.startsWith("!"));
  for (const source of sources.filter((source) => source !== ".")) {
    await Deno.stat(new URL(`../${source}`, import.meta.url));
    assert.ok(passed.includes(`!${source}`), `.dockerignore keeps ${source} out`);
  }
});

Deno.test("the health check of the image is about whether /health answers with 200", async () => {
  for (const [status, healthy] of [[200, true], [503, false]] as const) {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => new Response(null, { status: request.url.endsWith("/health") ? status : 404 }),
    );
    assert.equal(await isHealthy(`0.0.0.0:${server.addr.port}`), healthy);
    await server.shutdown();
    assert.equal(await isHealthy(`[::]:${server.addr.port}`), false);
  }
});

async function isHealthy(address: string): Promise<boolean> {
  const { success } = await new Deno.Command("bash", {
    args: [new URL("../deploy/health.sh", import.meta.url).pathname],
    env: { STAT_WEB_ADDR: address },
    stderr: "null",
  }).output();
  return success;
}

async function read(file: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../${file}`, import.meta.url));
}
