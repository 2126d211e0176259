/** How the routes of several rooms stand side by side in the server of listeners. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { hlsRoutes } from "../../src/hls/routes.ts";
import { STREAM_FILES } from "../../src/hls/progressive/stream_form.ts";
import { streamRoutes } from "../../src/hls/progressive/stream_routes.ts";
import { loadAssets, PAGE_FILES, showRoutes } from "../../src/pages/listener/routes.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { originOf, servedStream } from "../../testing/hls/served_stream.ts";
import { OFF_AIR } from "../../testing/pages/listener/broadcasts.ts";
import { listenersServer } from "../../testing/web/http_servers.ts";

/** The routes that have a prefix in common, in an order in which they may be mounted. */
function mounted(order: readonly ("files" | "pages" | "streams")[]): Hono {
  const playlist = { text: new TextEncoder().encode("#EXTM3U\n"), etag: '"5-1"' };
  const segment = () => new Uint8Array(188);
  const stream = servedStream({ playlist, files: ["1-1.ts"], segment });
  const origin = originOf({ demo: () => stream });
  const join = () => Promise.resolve(undefined);
  const shows = { status: (name: string) => ({ ...OFF_AIR, name }) };
  const routes = {
    files: hlsRoutes({ origin, others: [...PAGE_FILES, ...STREAM_FILES] }),
    streams: streamRoutes({ clock: new FakeClock(), streams: { fileOf: () => undefined, join } }),
    pages: showRoutes({ shows, assets: loadAssets(), path: "cast", index: false }),
  };
  const app = new Hono();
  for (const room of order) app.route("/cast", routes[room]);
  return app;
}

/** All that is seen of an answer. */
async function seen(app: Hono, method: string, path: string): Promise<unknown> {
  const headers = {
    "Origin": "https://player.example",
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Private-Network": "true",
  };
  const answer = await app.request(path, { method, headers });
  return [answer.status, [...answer.headers], await answer.text()];
}

Deno.test("rooms that share a prefix answer the same in whatever order they are mounted", async () => {
  const [one, other] = [
    mounted(["files", "pages", "streams"]),
    mounted(["streams", "pages", "files"]),
  ];
  for (const name of ["demo", "not.a.name", "~assets"]) {
    for (
      const rest of [
        "",
        "/",
        "/status.json",
        "/stream.m3u",
        "/stream.aac",
        "/stream",
        "/playlist.m3u8",
        "/1-1.ts",
        "/none",
        "/a/b.js",
      ]
    ) {
      for (const method of ["GET", "HEAD", "OPTIONS", "POST"]) {
        const path = `/cast/${name}${rest}`;
        const answers = [await seen(one, method, path), await seen(other, method, path)];
        assert.deepEqual(answers[0], answers[1], `${method} ${path}`);
      }
    }
  }
});

Deno.test("a broadcast's page, its status and its files are each answered by their room", async () => {
  const app = listenersServer();
  const typeOf = async (path: string) => {
    const answer = await app.request(path);
    await answer.body?.cancel();
    return [answer.status, answer.headers.get("Content-Type")?.split(";")[0]];
  };
  assert.deepEqual(await typeOf("/"), [200, "text/html"]);
  assert.deepEqual(await typeOf("/index.json"), [200, "application/json"]);
  assert.deepEqual(await typeOf("/cast/demo/"), [200, "text/html"]);
  assert.deepEqual(await typeOf("/cast/demo/status.json"), [200, "application/json"]);
  assert.deepEqual(await typeOf("/cast/demo/stream.m3u"), [200, "audio/x-mpegurl"]);
  // Endless streams are off here.
  assert.deepEqual(await typeOf("/cast/demo/stream.aac"), [404, "application/json"]);
  assert.deepEqual(await typeOf("/cast/demo/playlist.m3u8"), [
    200,
    "application/vnd.apple.mpegurl",
  ]);
  assert.deepEqual(await typeOf("/cast/demo/5-1700000000.ts"), [200, "video/mp2t"]);
  assert.deepEqual(await typeOf("/prerole/jingle.aac"), [200, "audio/aac"]);
});

Deno.test("pages are for nobody else's scripts, playlists and segments are", async () => {
  const app = listenersServer();
  const openTo = async (path: string) => {
    const answer = await app.request(path, { headers: { Origin: "https://player.example" } });
    await answer.body?.cancel();
    return answer.headers.get("Access-Control-Allow-Origin");
  };
  for (const path of ["/", "/cast/demo", "/cast/demo/"]) assert.equal(await openTo(path), null);
  for (const path of ["/cast/demo/playlist.m3u8", "/prerole/jingle.aac", "/else"]) {
    assert.equal(await openTo(path), "*");
  }
});

Deno.test("a browser that goes to a file that is not there gets a page, a player does not", async () => {
  const app = listenersServer();
  for (const path of ["/cast/demo/none.m3u8", "/cast/demo/1-1.ts", "/prerole/none", "/else"]) {
    const typeFor = async (Accept: string) => {
      const answer = await app.request(path, { headers: { Accept } });
      await answer.body?.cancel();
      return [answer.status, answer.headers.get("Content-Type")?.split(";")[0]];
    };
    assert.deepEqual(await typeFor("text/html,*/*;q=0.8"), [404, "text/html"], path);
    assert.deepEqual(await typeFor("*/*"), [404, "application/json"], path);
  }
});
