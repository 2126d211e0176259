/** What every answer of the HTTP servers tells caches, errors included. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { withServerHeader } from "../../src/web/web_server.ts";
import { controlServer, listenersServer, withStatServer } from "../../testing/web/http_servers.ts";

const NEVER = "no-store";
const ORIGIN = "https://player.example";
const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"];

/** Values that routes' parameters are given, some that are there and some that are not. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  name: ["demo", "nobody", "not.a.name", "broken", "theme.css"],
  file: [
    "player.js",
    "theme.css",
    "playlist.m3u8",
    "index.m3u8",
    "5-1700000000.ts",
    "6-1.ts",
    "jingle.aac",
    "demo.mp4",
  ],
  version: ["0", "4", "9"],
  call: ["state", "publish"],
  id: ["1", "x"],
};

/** What requests may carry besides. */
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { Range: "bytes=0-1" },
  { Range: "bytes=99999999-" },
  { "If-None-Match": "*" },
  { "Origin": ORIGIN, "Access-Control-Request-Method": "GET" },
];

/** Every path that a server has a route for. */
function pathsOf(app: Hono): string[] {
  const patterns = new Set(app.routes.map(({ path }) => path));
  return [...patterns].flatMap((pattern) => fill(pattern.replaceAll("*", "else")));
}

function fill(pattern: string): string[] {
  const [, before = "", parameter = "", after = ""] = /^(.*?):(\w+)(.*)$/.exec(pattern) ?? [];
  if (parameter === "") return [pattern];
  const values = VALUES[parameter];
  assert.ok(values !== undefined, `no value is known for ${pattern}`);
  return values.flatMap((value) => fill(`${before}${value}${after}`));
}

/**
 * Asks for everything that a server has, in every way, and for what it does not have.
 * @param own headers of every request
 * @returns the statuses of all answers
 */
async function assertAllSayHowLongTheyAreTrue(
  app: Hono,
  own: Readonly<Record<string, string>> = {},
): Promise<number[]> {
  const seen = new Set<number>();
  const ask = async (method: string, path: string, headers: Record<string, string>) => {
    const answer = await app.request(path, { method, headers: { ...own, ...headers } });
    await answer.body?.cancel();
    seen.add(answer.status);
    assertSaysHowLongItIsTrue(`${method} ${path} ${JSON.stringify(headers)}`, method, answer);
    return answer;
  };
  for (const path of [...pathsOf(app), "/none", "/cast/demo/none/at/all"]) {
    for (const method of METHODS) {
      for (const headers of HEADERS) await ask(method, path, headers);
    }
    const first = await ask("GET", path, {});
    const again = await ask("GET", path, { "If-None-Match": first.headers.get("ETag") ?? '""' });
    if (again.status === 304) assertSaysTheSame(path, first, again);
  }
  return [...seen].sort((a, b) => a - b);
}

function assertSaysHowLongItIsTrue(what: string, method: string, { status, headers }: Response) {
  const said = headers.get("Cache-Control");
  assert.ok(said !== null, `${what}: ${status} without Cache-Control`);
  if (/no-store|private/.test(said)) return;
  assert.ok(["GET", "HEAD"].includes(method), `${what} may be kept: ${said}`);
  // What depends on more than the URL would be given to others too.
  assert.ok([200, 206, 301, 304, 404].includes(status), `${what}: ${status} may be kept: ${said}`);
  if (status === 404) assert.equal(said, "max-age=1", what);
  assert.equal(headers.get("Set-Cookie"), null, what);
}

/** RFC 9110 15.4.5. */
function assertSaysTheSame(path: string, first: Response, again: Response) {
  for (const name of ["Cache-Control", "ETag", "Vary"]) {
    assert.equal(again.headers.get(name), first.headers.get(name), `${name} of ${path}`);
  }
}

/** A request, and what is said of its answer. */
type Row = readonly [request: string, status: number, said: string, RequestInit?];

async function assertTable(app: Hono, rows: readonly Row[]) {
  const got: [string, number, string | null][] = [];
  for (const [request, , , init = {}] of rows) {
    const [method = "", path = ""] = request.split(" ");
    const answer = await app.request(path, { ...init, method });
    await answer.body?.cancel();
    got.push([request, answer.status, answer.headers.get("Cache-Control")]);
  }
  assert.deepEqual(got, rows.map(([request, status, said]) => [request, status, said]));
}

const range = (value: string) => ({ headers: { Range: value } });
const known = (tag: string) => ({ headers: { "If-None-Match": tag } });

Deno.test("whatever listeners' server answers says how long it is true", async () => {
  const seen = await assertAllSayHowLongTheyAreTrue(listenersServer());
  assert.deepEqual(seen, [200, 204, 206, 301, 304, 404, 416, 500]);
});

Deno.test("whatever the control API answers says how long it is true", async () => {
  const { app, cookie } = await controlServer();
  const seen = await assertAllSayHowLongTheyAreTrue(app, { Cookie: cookie });
  assert.deepEqual(seen, [200, 204, 400, 403, 404]);
});

Deno.test("whatever the statistics' server answers says how long it is true", async () => {
  await withStatServer(async (app, token) => {
    const stranger = await assertAllSayHowLongTheyAreTrue(app);
    assert.deepEqual(stranger, [200, 303, 304, 401, 403, 404]);
    const headers = { Authorization: `Bearer ${token}` };
    const seen = await assertAllSayHowLongTheyAreTrue(app, headers);
    assert.deepEqual(seen, [200, 204, 206, 303, 304, 400, 401, 403, 404, 416]);
  });
});

Deno.test("a route that fails has said nothing of its error", async () => {
  const routes = new Hono();
  routes.get("/", (c) => {
    c.header("Cache-Control", "max-age=600");
    throw new Error("a bug");
  });
  const app = withServerHeader(routes, ["echo", "hls"]);
  await assertTable(app, [["GET /", 500, NEVER]]);
});

Deno.test("listeners' caches keep what is there, and for a second what is not there yet", async () => {
  const app = listenersServer();
  const body = { body: "x" };
  await assertTable(app, [
    ["GET /cast/demo/playlist.m3u8", 200, "max-age=1"],
    ["HEAD /cast/demo/playlist.m3u8", 200, "max-age=1"],
    ["GET /cast/demo/playlist.m3u8", 304, "max-age=1", known('"5-1"')],
    ["GET /cast/demo/index.m3u8", 200, "max-age=1"],
    ["GET /cast/demo/index.m3u8", 304, "max-age=1", known("*")],
    ["GET /cast/demo/5-1700000000.ts", 200, "max-age=600"],
    ["HEAD /cast/demo/5-1700000000.ts", 200, "max-age=600"],
    ["GET /cast/demo/5-1700000000.ts", 206, "max-age=600", range("bytes=0-9")],
    ["GET /cast/demo/5-1700000000.ts", 304, "max-age=600", known('"5-1700000000.ts"')],
    ["GET /cast/demo/5-1700000000.ts", 416, NEVER, range("bytes=376-")],
    ["GET /prerole/jingle.aac", 200, "max-age=600"],
    ["GET /cast/nobody/playlist.m3u8", 404, "max-age=1"],
    ["HEAD /cast/nobody/playlist.m3u8", 404, "max-age=1"],
    ["GET /cast/nobody/playlist.m3u8", 404, "max-age=1", known("*")],
    ["GET /cast/nobody/index.m3u8", 404, "max-age=1"],
    ["GET /cast/nobody/low.m3u8", 404, "max-age=1"],
    ["GET /cast/demo/6-1700000000.ts", 404, "max-age=1"],
    ["GET /cast/not.a.name/playlist.m3u8", 404, "max-age=1"],
    ["GET /prerole/other.aac", 404, "max-age=1"],
    ["GET /cast/demo/9-1700000000.ts", 503, NEVER],
    ["GET /cast/broken/playlist.m3u8", 500, NEVER],
    ["POST /cast/demo/playlist.m3u8", 404, NEVER, body],
    ["OPTIONS /cast/demo/playlist.m3u8", 204, NEVER],
    ["GET /else", 404, NEVER],
    ["GET /cast/demo", 301, "max-age=600"],
    ["GET /cast/demo/", 200, "max-age=1"],
    ["GET /cast/demo/status.json", 200, "max-age=1"],
    ["OPTIONS /cast/demo/status.json", 204, NEVER],
    ["GET /cast/not.a.name/status.json", 404, NEVER],
    ["GET /index.json", 200, "max-age=1"],
    ["GET /cast/~assets/0123456789ab/player.js", 200, "no-cache"],
    ["GET /cast/~assets/0123456789ab/none.js", 404, NEVER],
  ]);
});

Deno.test("what the control API answers is for who asked, at that moment", async () => {
  const { app, cookie } = await controlServer();
  const headers = { Cookie: cookie };
  const body = JSON.stringify({ reason: { code: 1, message: "phone call" } });
  const publish = JSON.stringify({
    media: { type: "audio", protocol: "rtmp", format: "flv" },
    reason: { code: 1, message: "start" },
  });
  const full = await controlServer({ maxSessions: 1 });
  await assertTable(app, [
    ["GET /echo/option", 200, NEVER],
    ["HEAD /echo/option", 200, NEVER],
    ["OPTIONS /echo/4/pause", 204, NEVER],
    ["POST /echo/4/publish/demo", 200, NEVER, { body: publish }],
    ["POST /echo/0/publish/demo", 200, NEVER, { body: publish }],
    ["GET /echo/4/state", 200, NEVER, { headers }],
    ["PUT /echo/4/pause", 200, NEVER, { headers, body }],
    ["PUT /echo/4/pause", 400, NEVER, { headers }],
    ["GET /echo/4/state", 400, NEVER],
    ["GET /echo/9/state", 400, NEVER],
    ["PUT /echo/4/pause", 413, NEVER, { headers, body: "x".repeat(5000) }],
    ["PUT /echo/4/teardown", 200, NEVER, { headers, body }],
    ["GET /echo/4/state", 404, NEVER, { headers }],
    ["GET /none", 404, NEVER],
    ["GET /echo/4/publish/demo", 404, NEVER],
  ]);
  await assertTable(full.app, [["POST /echo/4/publish/more", 503, NEVER, { body: publish }]]);
  const { app: locked } = await controlServer({ auth: "key" });
  await assertTable(locked, [["POST /echo/4/publish/demo", 401, NEVER, { body: publish }]]);
});

Deno.test("statistics are true at that moment, and recordings are for who may see them", async () => {
  await withStatServer(async (app, token) => {
    const headers = { Authorization: `Bearer ${token}` };
    const file = "/stat/1/recordings/demo.mp4";
    await assertTable(app, [
      ["GET /health", 200, NEVER],
      ["HEAD /health", 200, NEVER],
      ["OPTIONS /health", 404, NEVER],
      ["POST /health", 404, NEVER],
      ["GET /metrics", 200, NEVER],
      ["GET /stat/1/sysusage", 200, NEVER],
      ["GET /stat/1/sessions", 200, NEVER],
      ["GET /stat/1/sessions/count", 200, NEVER],
      ["GET /stat/1/sessions/count/input", 200, NEVER],
      ["GET /stat/1/sessions/17", 404, NEVER],
      ["DELETE /stat/1/sessions/17", 404, NEVER, { headers }],
      ["GET /stat/1/listeners", 401, NEVER],
      ["GET /stat/1/listeners", 200, NEVER, { headers }],
      ["GET /stat/1/events", 200, NEVER, { headers }],
      ["HEAD /stat/1/events", 200, NEVER, { headers }],
      ["GET /stat/1/recordings", 200, NEVER, { headers }],
      [`GET ${file}`, 401, NEVER],
      [`GET ${file}`, 200, "private, no-cache", { headers }],
      [`HEAD ${file}`, 200, "private, no-cache", { headers }],
      [`GET ${file}`, 206, "private, no-cache", { headers: { ...headers, Range: "bytes=0-9" } }],
      [`GET ${file}`, 416, NEVER, { headers: { ...headers, Range: "bytes=9999999-" } }],
      ["GET /stat/1/recordings/none.mp4", 404, NEVER, { headers }],
      [`DELETE ${file}`, 204, NEVER, { headers }],
      ["GET /", 401, NEVER],
      ["GET /", 200, NEVER, { headers }],
      ["GET /sign-in", 303, NEVER],
      ["POST /sign-in", 303, NEVER, { body: new URLSearchParams({ token }) }],
      ["POST /sign-in", 413, NEVER, { body: "x".repeat(11_000) }],
      ["GET /none", 404, NEVER],
    ]);
  });
});
