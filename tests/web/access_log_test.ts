/** The access log of the HTTP servers, and how their requests are timed. */
import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { Hono, type MiddlewareHandler } from "hono";
import { AccessLog, accessLog } from "../../src/web/access_log.ts";
import { requestTiming } from "../../src/web/request_timing.ts";
import { withServerHeader } from "../../src/web/web_server.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

/** What is logged while `work` is done. */
async function logged(level: "info" | null, work: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const sink = ({ message }: LogRecord) => lines.push(message.join(""));
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

/** Answers files after 12.5 ms. */
function app(clock: FakeClock): Hono {
  const routes = new Hono();
  routes.get("/cast/:name/:file", (c) => {
    clock.advanceSync(12.5);
    return c.text(c.req.param("file"));
  });
  routes.get("/broken", () => {
    throw new Error("a bug");
  });
  return routes;
}

function log(clock: FakeClock): MiddlewareHandler {
  return accessLog(new AccessLog("echo-hls-web"), clock);
}

function request(app: Hono, path: string, init: RequestInit = {}): Response | Promise<Response> {
  return app.request(path, init, { remoteAddr: { hostname: "::ffff:192.0.2.7" } });
}

Deno.test("a request is logged with client, method, path, status, time and agent, without its query", async () => {
  const clock = new FakeClock();
  const served = withServerHeader(app(clock), ["echo", "hls"], [log(clock)]);
  const lines = await logged("info", async () => {
    const headers = { "User-Agent": "x".repeat(300) };
    await request(served, "/cast/demo/a.ts?key=hush", { headers });
    await request(served, "/none", { method: "HEAD" });
    await request(served, "/broken");
  });
  assert.deepEqual(lines, [
    `192.0.2.7 "GET /cast/demo/a.ts" 200 12.5 "${"x".repeat(256)}"`,
    '192.0.2.7 "HEAD /none" 404 0.0 ""',
    '192.0.2.7 "GET /broken" 500 0.0 ""',
  ]);
});

Deno.test("nothing that a client sends ends what is in quotes", async () => {
  const clock = new FakeClock();
  const served = withServerHeader(app(clock), ["echo", "hls"], [log(clock)]);
  const lines = await logged("info", async () => {
    const headers = { "User-Agent": 'curl" 200 "\\' };
    await request(served, '/a%22%20200%20"b%5C%0D%0A192.0.2.8%20%22GET', { headers });
  });
  assert.deepEqual(lines, [
    '192.0.2.7 "GET /a\\" 200 \\"b\\\\\\x0d\\x0a192.0.2.8 \\"GET" 404 0.0 "curl\\" 200 \\"\\\\"',
  ]);
});

Deno.test("where nobody asked for it, nothing is logged", async () => {
  const clock = new FakeClock();
  const served = withServerHeader(app(clock), ["echo", "hls"], [log(clock)]);
  const lines = await logged(null, async () => {
    assert.equal((await request(served, "/cast/demo/a.ts")).status, 200);
  });
  assert.deepEqual(lines, []);
});

Deno.test("listeners' requests are timed by what they ask for, others by server", async () => {
  const clock = new FakeClock();
  const seen: [string, number, number][] = [];
  const observe = (...answer: [string, number, number]) => seen.push(answer);
  const timing = (server: "hls" | "stat") => [requestTiming(server, clock, observe)];
  const hls = withServerHeader(app(clock), ["echo", "hls"], timing("hls"));
  await request(hls, "/cast/demo/playlist.m3u8");
  await request(hls, "/cast/demo/1-2.ts");
  await request(hls, "/none");
  await request(hls, "/broken");
  const stat = withServerHeader(app(clock), ["echo", "stat"], timing("stat"));
  await request(stat, "/none.ts");
  assert.deepEqual(seen, [
    ["playlist", 200, 12.5],
    ["segment", 200, 12.5],
    ["hls", 404, 0],
    ["hls", 500, 0],
    ["stat", 404, 0],
  ]);
});
