/** Which pages of other sites may use which of the HTTP servers (CORS). */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { controlServer, listenersServer, withStatServer } from "../../testing/web/http_servers.ts";

const ORIGIN = "https://player.example";

/** Headers that pages' players and apps are known to send. */
const REQUESTED = [
  "cmcd-object,cmcd-request,cmcd-session,cmcd-status",
  "authorization",
  "authorization,content-type",
  "x-app-version,x-session-token",
  "content-type,accept-encoding,range",
  "cache-control,pragma",
  "if-none-match,if-range,range",
];

interface Preflight {
  readonly path: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function preflight(app: Hono, { path, method, headers }: Preflight): Promise<Response> {
  return await app.request(path, {
    method: "OPTIONS",
    headers: { "Origin": ORIGIN, "Access-Control-Request-Method": method, ...headers },
  });
}

const LISTENERS_PATHS = [
  "/cast/demo/playlist.m3u8",
  "/cast/nobody/playlist.m3u8",
  "/cast/demo/5-1700000000.ts",
  "/cast/demo/status.json",
  "/index.json",
  "/prerole/jingle.aac",
];
const CONTROL_PATHS = ["/echo/option", "/echo/4/publish/demo", "/echo/4/pause", "/echo/0/state"];

async function assertTakesAnyHeader(app: Hono, path: string, method: string) {
  for (const requested of REQUESTED) {
    const answer = await preflight(app, {
      path,
      method,
      headers: { "Access-Control-Request-Headers": requested },
    });
    const what = `${path} with ${requested}`;
    assert.equal(answer.status, 204, what);
    assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*", what);
    assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), null, what);
    assert.equal(answer.headers.get("Access-Control-Allow-Headers"), requested, what);
    assert.equal(answer.headers.get("Access-Control-Max-Age"), "7200", what);
    const methods = answer.headers.get("Access-Control-Allow-Methods")?.split(",") ?? [];
    assert.ok(methods.includes(method), what);
  }
}

Deno.test("players on other sites may send whatever headers they like", async () => {
  for (const path of LISTENERS_PATHS) await assertTakesAnyHeader(listenersServer(), path, "GET");
});

Deno.test("clients of the control API in pages may send whatever headers they like", async () => {
  const { app } = await controlServer();
  for (const path of CONTROL_PATHS) await assertTakesAnyHeader(app, path, "PUT");
});

Deno.test("what a preflight is answered by is in Vary", async () => {
  const network = { "Access-Control-Request-Private-Network": "true" };
  const headers = { "Access-Control-Request-Headers": "authorization", ...network };
  const vary = async (app: Hono, path: string) =>
    (await preflight(app, { path, method: "GET", headers })).headers.get("Vary");
  const { app: control } = await controlServer();
  for (const path of LISTENERS_PATHS) {
    assert.equal(
      await vary(listenersServer(), path),
      "Access-Control-Request-Private-Network, Access-Control-Request-Headers",
    );
  }
  assert.equal(await vary(control, "/echo/4/pause"), "Access-Control-Request-Headers");
});

Deno.test("pages of the internet may listen on a private network, but not control", async () => {
  const headers = { "Access-Control-Request-Private-Network": "true" };
  const allowed = async (app: Hono, path: string, headers = {}) => {
    const answer = await preflight(app, { path, method: "GET", headers });
    return answer.headers.get("Access-Control-Allow-Private-Network");
  };
  const { app: control } = await controlServer();
  for (const path of LISTENERS_PATHS) {
    assert.equal(await allowed(listenersServer(), path, headers), "true", path);
    assert.equal(await allowed(listenersServer(), path), null, path);
  }
  for (const path of CONTROL_PATHS) assert.equal(await allowed(control, path, headers), null, path);
});

Deno.test("pages may read errors as they may read successes", async () => {
  const app = listenersServer();
  const segment = "/cast/demo/5-1700000000.ts";
  const requests: readonly [path: string, status: number, Record<string, string>?][] = [
    ["/cast/demo/playlist.m3u8", 200],
    ["/cast/demo/playlist.m3u8", 304, { "If-None-Match": "*" }],
    ["/cast/nobody/playlist.m3u8", 404],
    ["/cast/broken/playlist.m3u8", 500],
    [segment, 206, { Range: "bytes=0-9" }],
    [segment, 416, { Range: "bytes=376-" }],
    ["/cast/demo/9-1700000000.ts", 503],
    ["/else", 404],
  ];
  for (const [path, status, headers = {}] of requests) {
    const answer = await app.request(path, { headers: { Origin: ORIGIN, ...headers } });
    await answer.body?.cancel();
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*", path);
    assert.equal(
      answer.headers.get("Access-Control-Expose-Headers"),
      "Age,Content-Length,Content-Range,ETag",
      path,
    );
  }
  for (const path of ["/cast/demo/status.json", "/cast/not.a.name/status.json", "/index.json"]) {
    const { headers } = await app.request(path, { headers: { Origin: ORIGIN } });
    assert.equal(headers.get("Access-Control-Allow-Origin"), "*", path);
  }
});

Deno.test("no page of another site may read statistics or recordings", async () => {
  await withStatServer(async (app) => {
    for (const path of ["/health", "/stat/1/sessions", "/stat/1/recordings", "/metrics", "/"]) {
      for (const method of ["GET", "OPTIONS"]) {
        const { headers } = await app.request(path, { method, headers: { Origin: ORIGIN } });
        assert.equal(headers.get("Access-Control-Allow-Origin"), null, path);
      }
    }
  });
});
