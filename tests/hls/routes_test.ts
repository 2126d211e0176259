/** What players get over HTTP. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { NoPlace, type Origin } from "../../src/hls/origin.ts";
import { hlsRoutes, prerollRoutes } from "../../src/hls/routes.ts";
import { HlsFolder } from "../../src/hls/stream_files.ts";
import { withServerHeader } from "../../src/web/web_server.ts";
import { originOf, servedStream } from "../../testing/hls/served_stream.ts";

const SEGMENT = new Uint8Array(376).map((_, i) => i);
const OLD = new Uint8Array(188).fill(9);

function app(): Hono {
  const demo = servedStream({
    playlist: { text: new TextEncoder().encode("#EXTM3U\n"), etag: '"5-1"' },
    masterPlaylist: "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nplaylist.m3u8\n",
    files: ["5-1700000000.ts"],
    segment: (file: string) => file === "5-1700000000.ts" ? SEGMENT : undefined,
  });
  const readFile = (_: string, file: string) =>
    Promise.resolve(file === "4-1700000000.ts" ? OLD : undefined);
  return serve(originOf({ demo: () => demo }, readFile));
}

function serve(origin: Origin): Hono {
  const jingle = { bytes: OLD, type: "audio/aac", etag: '"jingle"' };
  const routes = new Hono()
    .route("/cast", hlsRoutes({ origin, others: [] }))
    .route("/prerole", prerollRoutes(new Map([["jingle.aac", jingle]])));
  return withServerHeader(routes, ["echo", "hls"]);
}

async function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await app().request(path, { method, headers });
  return { response, body: new Uint8Array(await response.arrayBuffer()) };
}

Deno.test("a playlist comes with its type, a second of life and an entity tag", async () => {
  const { response, body } = await get("/cast/demo/playlist.m3u8");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/vnd.apple.mpegurl");
  assert.equal(response.headers.get("cache-control"), "max-age=1");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.match(response.headers.get("server") ?? "", /^Echo\/\d/);
  assert.equal(new TextDecoder().decode(body), "#EXTM3U\n");
  const again = await get("/cast/demo/playlist.m3u8", {
    "If-None-Match": response.headers.get("etag") ?? "",
  });
  assert.equal(again.response.status, 304);
  assert.equal(again.response.headers.get("access-control-allow-origin"), "*");
});

Deno.test("who asks for what cannot be had now, and may be soon, is to ask again", async () => {
  const fail = () => {
    throw new NoPlace("Cannot serve demo: its box is gone");
  };
  const nothing = originOf({}, () => Promise.resolve(undefined));
  const origin = Object.assign(nothing, { playlist: fail, segment: fail });
  for (const file of ["playlist.m3u8", "5-1700000000.ts"]) {
    const { status, headers } = await serve(origin).request(`/cast/demo/${file}`);
    assert.deepEqual([status, headers.get("Retry-After")], [503, "2"]);
    assert.equal(headers.get("Cache-Control"), "no-store");
  }
});

Deno.test("a segment comes whole or in part, from memory or from disk", async () => {
  const whole = await get("/cast/demo/5-1700000000.ts");
  assert.equal(whole.response.headers.get("content-type"), "video/mp2t");
  assert.equal(whole.response.headers.get("cache-control"), "max-age=600");
  assert.deepEqual(whole.body, SEGMENT);
  assert.deepEqual((await get("/cast/demo/4-1700000000.ts")).body, OLD);
  for (
    const [range, status, contentRange, from, to] of [
      ["bytes=0-99", 206, "bytes 0-99/376", 0, 100],
      ["bytes=100-", 206, "bytes 100-375/376", 100, 376],
      ["bytes=-76", 206, "bytes 300-375/376", 300, 376],
      ["bytes=0-1000", 206, "bytes 0-375/376", 0, 376],
      ["bytes=5-1", 200, null, 0, 376],
      ["bytes=0-1,5-6", 200, null, 0, 376],
      ["apples=0-1", 200, null, 0, 376],
    ] as const
  ) {
    const part = await get("/cast/demo/5-1700000000.ts", { Range: range });
    assert.equal(part.response.status, status, range);
    assert.equal(part.response.headers.get("content-range"), contentRange, range);
    assert.deepEqual(part.body, SEGMENT.slice(from, to), range);
  }
  const beyond = await get("/cast/demo/5-1700000000.ts", { Range: "bytes=376-" });
  assert.equal(beyond.response.status, 416);
  assert.equal(beyond.response.headers.get("cache-control"), "no-store");
  assert.equal(beyond.response.headers.get("content-range"), "bytes */376");
});

Deno.test("what is sent is a copy: memory that is used again changes nothing under way", async () => {
  const response = await app().request("/cast/demo/5-1700000000.ts");
  const before = SEGMENT.slice();
  SEGMENT.fill(0);
  try {
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), before);
  } finally {
    SEGMENT.set(before);
  }
});

for (
  const path of [
    "/cast/nobody/playlist.m3u8",
    "/cast/demo/6-1700000000.ts",
    "/cast/demo/..%2f..%2fetc%2fpasswd",
    "/cast/..%2f..%2fetc/5-1700000000.ts",
    "/cast/demo/.state",
    "/cast/live/playlist.m3u8",
    "/other/demo/playlist.m3u8",
    "/",
  ]
) {
  Deno.test(`${path} is not found, in JSON`, async () => {
    const { response, body } = await get(path);
    assert.equal(response.status, 404);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(body)), {
      code: 404,
      message: "not found",
    });
  });
}

Deno.test("preroll is served beside the broadcasts, and a master playlist for who wants one", async () => {
  const jingle = await get("/prerole/jingle.aac", { Range: "bytes=0-9" });
  assert.deepEqual([jingle.response.status, jingle.body.length], [206, 10]);
  assert.equal(jingle.response.headers.get("content-type"), "audio/aac");
  assert.equal((await get("/prerole/other.ts")).response.status, 404);
  const master = await get("/cast/demo/index.m3u8");
  assert.equal(master.response.headers.get("content-type"), "application/vnd.apple.mpegurl");
  assert.match(new TextDecoder().decode(master.body), /playlist\.m3u8/);
});

Deno.test("HEAD and OPTIONS are answered for players on other sites", async () => {
  const head = await get("/cast/demo/5-1700000000.ts", {}, "HEAD");
  assert.deepEqual([head.response.status, head.body.length], [200, 0]);
  assert.equal(head.response.headers.get("content-length"), "376");
  const options = await get("/cast/demo/playlist.m3u8", {
    Origin: "https://example.org",
    "Access-Control-Request-Method": "GET",
  }, "OPTIONS");
  assert.equal(options.response.status, 204);
  assert.match(options.response.headers.get("access-control-allow-methods") ?? "", /GET/);
});

Deno.test("a file that the system does not give out is no 404, which a CDN would keep", async () => {
  const root = await Deno.makeTempDir({ prefix: "echo-unreadable-" });
  try {
    // Nothing can be read below what is no folder.
    await Deno.writeTextFile(`${root}/demo`, "");
    const folder = new HlsFolder(root);
    const readFile = (name: string, file: string) => folder.read(name, file);
    const stream = () => servedStream({ playlist, segment: () => undefined });
    const playlist = { text: new Uint8Array(1), etag: '"1"' };
    const routes = serve(originOf({ demo: stream, other: stream }, readFile));
    const response = await routes.request("/cast/demo/7-100.ts");
    assert.deepEqual([response.status, (await response.json()).code], [503, 503]);
    assert.equal((await routes.request("/cast/other/7-100.ts")).status, 404);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
