import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { Hono } from "hono";
import { accessLog } from "../../src/web/access_log.ts";
import { requestTiming } from "../../src/web/request_timing.ts";
import { withServerHeader } from "../../src/web/web_server.ts";

/** What is logged while `work` is done, with the milliseconds left out. */
async function logged(level: "info" | null, work: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const sink = ({ message }: LogRecord) => lines.push(message.join("").replace(/ \d+\.\d /, " "));
  await configure({
    reset: true,
    sinks: { sink },
    loggers: [
      { category: ["echo-hls-web"], sinks: ["sink"], lowestLevel: level },
      { category: ["logtape", "meta"], lowestLevel: "fatal" },
    ],
  });
  await work();
  await reset();
  return lines;
}

function app(): Hono {
  const routes = new Hono();
  routes.get("/cast/:name/:file", (c) => c.text(c.req.param("file")));
  routes.get("/broken", () => {
    throw new Error("a bug");
  });
  return routes;
}

function request(app: Hono, path: string, init: RequestInit = {}): Response | Promise<Response> {
  return app.request(path, init, { remoteAddr: { hostname: "::ffff:192.0.2.7" } });
}

Deno.test("a request is logged with client, method, path, status and agent, without its query", async () => {
  const served = withServerHeader(app(), ["echo", "hls"], [accessLog("echo-hls-web")]);
  const lines = await logged("info", async () => {
    const headers = { "User-Agent": "x".repeat(300) };
    await request(served, "/cast/demo/a.ts?key=hush", { headers });
    await request(served, "/none", { method: "HEAD" });
    await request(served, "/broken");
  });
  assert.deepEqual(lines, [
    `192.0.2.7 "GET /cast/demo/a.ts" 200 "${"x".repeat(256)}"`,
    '192.0.2.7 "HEAD /none" 404 ""',
    '192.0.2.7 "GET /broken" 500 ""',
  ]);
});

Deno.test("nothing that a client sends ends what is in quotes", async () => {
  const served = withServerHeader(app(), ["echo", "hls"], [accessLog("echo-hls-web")]);
  const lines = await logged("info", async () => {
    const headers = { "User-Agent": 'curl" 200 "\\' };
    await request(served, '/a%22%20200%20"b%5C%0D%0A192.0.2.8%20%22GET', { headers });
  });
  assert.deepEqual(lines, [
    '192.0.2.7 "GET /a\\" 200 \\"b\\\\\\x0d\\x0a192.0.2.8 \\"GET" 404 "curl\\" 200 \\"\\\\"',
  ]);
});

Deno.test("where nobody asked for it, nothing is logged", async () => {
  const served = withServerHeader(app(), ["echo", "hls"], [accessLog("echo-hls-web")]);
  const lines = await logged(null, async () => {
    assert.equal((await request(served, "/cast/demo/a.ts")).status, 200);
  });
  assert.deepEqual(lines, []);
});

Deno.test("listeners' requests are timed by what they ask for, others by server", async () => {
  const seen: [string, number][] = [];
  const observe = (kind: string, status: number, ms: number) => {
    assert.ok(ms >= 0);
    seen.push([kind, status]);
  };
  const hls = withServerHeader(app(), ["echo", "hls"], [requestTiming("hls", observe)]);
  await request(hls, "/cast/demo/playlist.m3u8");
  await request(hls, "/cast/demo/1-2.ts");
  await request(hls, "/none");
  await request(hls, "/broken");
  const stat = withServerHeader(app(), ["echo", "stat"], [requestTiming("stat", observe)]);
  await request(stat, "/none.ts");
  assert.deepEqual(seen, [
    ["playlist", 200],
    ["segment", 200],
    ["hls", 404],
    ["hls", 500],
    ["stat", 404],
  ]);
});
