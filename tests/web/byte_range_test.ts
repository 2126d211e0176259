/** Requests for a part of something (RFC 9110 14), at all HTTP servers. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { listenersServer, withStatServer } from "../../testing/web/http_servers.ts";

const RANGE = "bytes=3-";
const DATE = "Mon, 23 Nov 2026 20:00:00 GMT";

/** RFC 9110 13.1.5: what is compared strongly, and a date where no `Last-Modified` was told, differs. */
const OTHERS = (tag: string) => [
  '"other"',
  `W/${tag}`,
  tag.replaceAll('"', ""),
  tag.slice(0, -1),
  `${tag}, "other"`,
  "*",
  DATE,
  "",
];

/** Checks that of `path` a part is sent only to who has the rest of the same. */
async function assertRanges(app: Hono, path: string, own: Readonly<Record<string, string>> = {}) {
  const ask = async (headers: Record<string, string> = {}, method = "GET") => {
    const answer = await app.request(path, { method, headers: { ...own, ...headers } });
    const { length } = await answer.bytes();
    return { status: answer.status, length, headers: answer.headers };
  };
  const whole = await ask();
  const tag = whole.headers.get("ETag") ?? "";
  assert.match(tag, /^"[^"]+"$/, path);
  assert.equal(whole.headers.get("Accept-Ranges"), "bytes", path);
  const status = async (headers: Record<string, string>, method = "GET") => {
    const answer = await ask(headers, method);
    const part = answer.headers.get("Content-Range") !== null;
    if (method === "GET") assert.equal(answer.length, whole.length - (part ? 3 : 0), path);
    assert.equal(answer.headers.get("ETag"), tag, path);
    return answer.status;
  };
  assert.equal(await status({ Range: RANGE }), 206, path);
  assert.equal(await status({ "Range": RANGE, "If-Range": tag }), 206, path);
  for (const other of OTHERS(tag)) {
    assert.equal(await status({ "Range": RANGE, "If-Range": other }), 200, `${path} ${other}`);
  }
  const beyond = { Range: `bytes=${whole.length}-` };
  assert.equal((await ask(beyond)).status, 416, path);
  assert.equal((await ask({ ...beyond, "If-Range": tag })).status, 416, path);
  assert.equal((await ask({ ...beyond, "If-Range": '"other"' })).status, 200, path);
  // Without Range it means nothing, and Range means nothing with HEAD (RFC 9110 14.2).
  assert.equal(await status({ "If-Range": '"other"' }), 200, path);
  assert.equal(await status({ Range: RANGE }, "HEAD"), 200, path);
  const { headers } = await ask({ Range: RANGE }, "HEAD");
  assert.equal(headers.get("Content-Length"), `${whole.length}`, path);
}

Deno.test("of segments and preroll, a part is sent only to who has the rest of the same", async () => {
  for (const path of ["/cast/demo/5-1700000000.ts", "/prerole/jingle.aac"]) {
    await assertRanges(listenersServer(), path);
  }
});

Deno.test("of recordings, a part is sent only to who has the rest of the same", async () => {
  await withStatServer(async (app, token) => {
    const own = { Authorization: `Bearer ${token}` };
    await assertRanges(app, "/stat/1/recordings/demo.mp4", own);
  });
});

Deno.test("what takes no ranges is sent whole", async () => {
  const app = listenersServer();
  for (
    const path of [
      "/cast/demo/playlist.m3u8",
      "/cast/demo/index.m3u8",
      "/cast/demo/status.json",
      "/cast/~assets/0123456789ab/player.js",
    ]
  ) {
    const answer = await app.request(path, { headers: { Range: "bytes=0-1", "If-Range": '"x"' } });
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers.get("Accept-Ranges"), null, path);
    assert.ok((await answer.bytes()).length > 2, path);
  }
});
