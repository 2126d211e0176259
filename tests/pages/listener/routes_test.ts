/** The listener pages over HTTP: which names have one, and what a page may load. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import {
  indexRoutes,
  loadAssets,
  notFoundRoutes,
  showRoutes,
} from "../../../src/pages/listener/routes.ts";
import type { ShowStatus } from "../../../src/pages/listener/shows.ts";
import { withServerHeader } from "../../../src/web/web_server.ts";
import { OFF_AIR } from "../../../testing/pages/listener/broadcasts.ts";

const HOSTILE = `"><script>alert(1)</script>' onload='x' & </title>`;

const ON_AIR: ShowStatus = {
  ...OFF_AIR,
  name: "demo",
  state: "on-air",
  started_at: "2026-11-23T19:00:00.000Z",
  listeners: 12,
  title: "Night shift",
  artist: "DJ Aurora",
};

function app(
  show: Partial<ShowStatus> = {},
  { path = "cast", index = false, hasTokens = false }: {
    path?: string;
    index?: boolean;
    hasTokens?: boolean;
  } = {},
): Hono {
  const demo = { ...ON_AIR, ...show };
  const shows = {
    status: (name: string) => name === "demo" ? demo : { ...OFF_AIR, name },
    current: [demo],
  };
  const streamFile = (name: string) => name === "demo" ? "stream.aac" : undefined;
  const assets = loadAssets();
  const pages = new Hono();
  pages.use(notFoundRoutes({ assets, path, index }));
  pages.route(`/${path}`, showRoutes({ shows, assets, path, index, hasTokens, streamFile }));
  if (index) pages.route("/", indexRoutes({ shows, assets, path }));
  // What comes behind: playlists.
  pages.get("/cast/:name/:file", (c) => c.text("file"));
  const withoutToken = (request: Request) => new URL(request.url).pathname.replace("/~TOKEN", "");
  return withServerHeader(pages, ["echo", "hls"], [], hasTokens ? withoutToken : undefined);
}

async function page(path: string, from: Hono = app(), headers: Record<string, string> = {}) {
  const response = await from.request(path, { headers });
  return { response, text: await response.text() };
}

Deno.test("any valid name has a page, on air or not", async () => {
  for (const name of ["demo", "nobody_is-here", "0", "x".repeat(128)]) {
    const { response, text } = await page(`/cast/${name}/`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type") ?? "", /^text\/html; charset=utf-8$/i);
    assert.ok(text.trimStart().startsWith("<!DOCTYPE html>"));
    assert.ok(text.includes(name === "demo" ? "Night shift · DJ Aurora · On air" : "Off air"));
  }
});

Deno.test("a page allows what it needs alone, and only the compact form to be framed", async () => {
  for (
    const [path, ancestors, pictures] of [
      ["/cast/demo/", "'self'", "'self' http: https:"],
      ["/cast/demo/?embed", "*", "'self'"],
    ]
  ) {
    const { response } = await page(path ?? "");
    const { date: _, ...headers } = Object.fromEntries(response.headers);
    assert.deepEqual({ ...headers, server: "" }, {
      "cache-control": "max-age=1",
      "content-security-policy":
        `default-src 'none'; script-src 'self'; style-src 'self'; img-src ${pictures}; ` +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; " +
        `frame-ancestors ${ancestors}; media-src 'self' blob:`,
      "content-type": "text/html; charset=UTF-8",
      "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
      "referrer-policy": "no-referrer",
      "server": "",
      "vary": "X-Forwarded-Proto",
      "x-content-type-options": "nosniff",
    });
  }
});

Deno.test("a page has no inline script or style, and loads nothing from another host", async () => {
  for (const path of ["/cast/demo/", "/cast/demo/?embed", "/cast/nobody/", "/"]) {
    const from = app({}, { index: true });
    const { text } = await page(path, from);
    assert.doesNotMatch(text, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i);
    const loaded = [
      ...text.matchAll(/<(?:script|link rel="(?!canonical)[^"]+") [^>]*?(?:src|href)="([^"]+)"/g),
    ];
    assert.ok(loaded.length >= 4, path);
    for (const [, url = ""] of loaded) {
      const { pathname, host } = new URL(url, `http://echo${path}`);
      assert.equal(host, "echo");
      const asset = await from.request(pathname);
      assert.equal(asset.status, 200, pathname);
      await asset.body?.cancel();
    }
  }
});

Deno.test("hostile titles stay text, in the page and in the list", async () => {
  for (const show of [{ title: HOSTILE }, { artist: HOSTILE }]) {
    for (const path of ["/cast/demo/", "/cast/demo/?embed", "/"]) {
      const { text } = await page(path, app(show, { index: true }), { Host: "radio.example" });
      assert.ok(!text.includes("<script>"), path);
      assert.ok(!text.includes("onload='x'"), path);
      assert.ok(text.includes("&lt;script&gt;alert(1)&lt;/script&gt;"), path);
    }
  }
});

Deno.test("without its slash, a page is redirected to", async () => {
  for (const [path, location] of [["/cast/demo", "demo/"], ["/cast/demo?embed", "demo/?embed"]]) {
    const { response } = await page(path ?? "");
    assert.deepEqual([response.status, response.headers.get("location")], [301, location]);
  }
});

Deno.test("no other name has a page or a status", async () => {
  for (const name of ["live", "a.b", "%2e%2e", "%3Cscript%3E", "x".repeat(129), "~assets"]) {
    for (const path of [`/cast/${name}`, `/cast/${name}/`, `/cast/${name}/status.json`]) {
      const { response, text } = await page(path);
      assert.equal(response.status, 404, path);
      assert.deepEqual(JSON.parse(text), { code: 404, message: "not found" });
    }
  }
});

Deno.test("playlists and segments are left to others", async () => {
  for (const file of ["playlist.m3u8", "index.m3u8", "1-2.ts"]) {
    assert.equal((await page(`/cast/demo/${file}`)).text, "file");
  }
});

Deno.test("the status is JSON that may be cached for a second, for any site", async () => {
  const { response, text } = await page("/cast/demo/status.json");
  assert.deepEqual(JSON.parse(text), {
    name: "demo",
    state: "on-air",
    started_at: "2026-11-23T19:00:00.000Z",
    now: "2026-11-23T20:00:00.000Z",
    listeners: 12,
    title: "Night shift",
    artist: "DJ Aurora",
    artwork: null,
    low_latency: false,
    titles: [],
    rewind_from: null,
    last_on_air: null,
  });
  assert.equal(response.headers.get("cache-control"), "max-age=1");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.deepEqual(JSON.parse((await page("/cast/nobody/status.json")).text), {
    name: "nobody",
    state: "off-air",
    started_at: null,
    now: "2026-11-23T20:00:00.000Z",
    listeners: 0,
    title: null,
    artist: null,
    artwork: null,
    low_latency: false,
    titles: [],
    rewind_from: null,
    last_on_air: null,
  });
});

Deno.test("who is on air is told only where that is wanted", async () => {
  for (const path of ["/", "/index.json"]) {
    const { response, text } = await page(path);
    assert.deepEqual([response.status, JSON.parse(text)], [404, {
      code: 404,
      message: "not found",
    }]);
  }
  const from = app({}, { index: true });
  const list = await page("/index.json", from);
  assert.deepEqual(JSON.parse(list.text), { shows: [ON_AIR] });
  assert.equal(list.response.headers.get("cache-control"), "max-age=1");
  const { response, text } = await page("/", from);
  assert.equal(response.status, 200);
  assert.ok(text.includes('href="cast/demo/"'));
  assert.match(response.headers.get("content-security-policy") ?? "", /frame-ancestors 'self'/);
});

Deno.test("a player's page links to the list only where there is one", async () => {
  assert.ok(!(await page("/cast/demo/")).text.includes("who is on air"));
  const from = app({}, { index: true, path: "a/b" });
  assert.ok((await page("/a/b/demo/", from)).text.includes('<a href="../../../"'));
});

Deno.test("previews of a link have absolute URLs", async () => {
  const meta = async (headers: Record<string, string>) => {
    const { text } = await page("/cast/demo/", app(), headers);
    return Object.fromEntries(
      [...text.matchAll(/<meta (?:property|name)="([^"]+)" content="([^"]*)"/g)].map((match) =>
        match.slice(1, 3)
      ),
    );
  };
  const plain = await meta({ Host: "radio.example:8080" });
  assert.equal(plain["og:url"], "http://radio.example:8080/cast/demo/");
  assert.equal(plain["og:title"], "Night shift · DJ Aurora");
  assert.equal(plain["og:description"], "On air now. Listen live.");
  assert.equal(plain["twitter:card"], "summary_large_image");
  assert.match(
    plain["og:image"] ?? "",
    /^http:\/\/radio\.example:8080\/cast\/~assets\/[0-9a-f]{12}\/share\.png$/,
  );
  for (const scheme of ["https", "HTTPS", "https, http"]) {
    const behindTls = await meta({ "Host": "[::1]:8080", "X-Forwarded-Proto": scheme });
    assert.equal(behindTls["og:url"], "https://[::1]:8080/cast/demo/");
  }
  for (const scheme of ["http, https", "javascript", 'https"><script>', ""]) {
    const plain = await meta({ "Host": "radio.example", "X-Forwarded-Proto": scheme });
    assert.equal(plain["og:url"], "http://radio.example/cast/demo/", scheme);
  }
  for (const host of ['evil"><script>', "a b", "user@evil", "a/b", "", "-", "x:99999"]) {
    const none = await meta({ Host: host });
    assert.deepEqual([none["og:url"], none["og:image"]], [undefined, undefined], host);
    assert.equal(none["og:title"], "Night shift · DJ Aurora");
  }
});

Deno.test("the preview's image is a PNG of the size that is told", async () => {
  const from = app();
  const { text } = await page("/cast/demo/", from, { Host: "radio.example" });
  const url = /og:image" content="([^"]+)"/.exec(text)?.[1] ?? "";
  const response = await from.request(url);
  assert.equal(response.headers.get("content-type"), "image/png");
  const view = new DataView(await response.arrayBuffer());
  assert.equal(view.getUint32(0), 0x89504e47);
  assert.deepEqual([view.getUint32(16), view.getUint32(20)], [1200, 630]);
});

Deno.test("a page behind a token loads without it, and tells previews nothing", async () => {
  for (const path of ["cast", "a/b"]) {
    const from = app({}, { path, index: true, hasTokens: true });
    const { text } = await page(`/${path}/demo/`, from, { Host: "radio.example" });
    const seen = `http://radio.example/${path}/~TOKEN/demo/`;
    const urls = [...text.matchAll(/ (?:href|src|data-hls|data-icon|data-library)="([^"]+)"/g)]
      .map(([, url = ""]) => url).filter((url) => url !== "playlist.m3u8");
    assert.ok(urls.length > 5);
    for (const url of urls) {
      const { pathname } = new URL(url, seen);
      assert.ok(pathname === "/" || pathname.startsWith(`/${path}/~assets/`), url);
    }
    assert.doesNotMatch(text, /og:url|og:audio|canonical|og:image/);
    assert.doesNotMatch(text, /stream\.m3u|id="others"/);
  }
});

Deno.test("a player opens what its listener may hear by a file with the same token", async () => {
  for (const file of ["stream.m3u", "stream.pls"]) {
    const from = app({}, { path: "a/b", hasTokens: true });
    const { response, text } = await page(`/a/b/~TOKEN/demo/${file}`, from, {
      Host: "radio.example",
    });
    assert.equal(response.status, 200);
    assert.match(text, /http:\/\/radio\.example\/a\/b\/~TOKEN\/demo\/stream\.aac$/m);
  }
});

Deno.test("a player opens a broadcast by a small file with the URL of its endless stream", async () => {
  const from = { "Host": "radio.example", "X-Forwarded-Proto": "https" };
  const { response, text } = await page("/cast/demo/stream.m3u", app(), from);
  assert.equal(text, "#EXTM3U\n#EXTINF:-1,demo\nhttps://radio.example/cast/demo/stream.aac\n");
  const pls = await page("/cast/demo/stream.pls", app(), from);
  assert.equal(pls.response.headers.get("content-type"), "audio/x-scpls");
  assert.equal(pls.response.headers.get("content-disposition"), 'attachment; filename="demo.pls"');
  assert.equal(
    pls.text,
    "[playlist]\nNumberOfEntries=1\nFile1=https://radio.example/cast/demo/stream.aac\n" +
      "Title1=demo\nLength1=-1\nVersion=2\n",
  );
  const offAir = await page("/cast/other/stream.m3u", app(), from);
  assert.match(offAir.text, /\nhttps:\/\/radio\.example\/cast\/other\/playlist\.m3u8\n$/);
  assert.equal(response.headers.get("content-type"), "audio/x-mpegurl");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="demo.m3u"');
  assert.equal(response.headers.get("cache-control"), "max-age=1");
  const unknown = await page("/cast/demo/stream.m3u", app(), { Host: "a b" });
  assert.match(unknown.text, /\nstream\.aac\n$/);
  assert.equal((await page("/cast/a.b/stream.m3u")).response.status, 404);
});

Deno.test("what is not there is a page for browsers, and JSON for others", async () => {
  const browser = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  for (const index of [true, false]) {
    const from = app({}, { index });
    for (const path of ["/nothing", "/a/b/c/", "/cast/live/", "/cast/a.b/status.json", "//x/y"]) {
      const { response, text } = await page(path, from, browser);
      assert.equal(response.status, 404, path);
      assert.equal(response.headers.get("content-type"), "text/html; charset=UTF-8");
      assert.equal(response.headers.get("vary"), "Accept");
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.match(response.headers.get("content-security-policy") ?? "", /script-src 'self'/);
      assert.match(text, /There is nothing here/);
      assert.ok(!text.includes("<script"));
      const urls = [...text.matchAll(/href="([^"]+)"/g)].map(([, url = ""]) => url);
      assert.equal(urls.length, index ? 6 : 4);
      for (const url of urls) {
        const { pathname, host } = new URL(url, `http://echo${path}`);
        assert.equal(host, "echo");
        const linked = await page(pathname, from);
        assert.equal(linked.response.status, 200, `${url} on ${path}`);
      }
      for (const Accept of ["*/*", "application/json", ""]) {
        const other = await page(path, from, { Accept });
        assert.deepEqual(JSON.parse(other.text), { code: 404, message: "not found" });
        assert.equal(other.response.headers.get("vary"), "Accept");
      }
    }
  }
});

Deno.test("a page tells of others only where the list is public, and not behind a token", async () => {
  const has = async (options: { index?: boolean; hasTokens?: boolean }, query = "") =>
    (await page(`/cast/demo/${query}`, app({}, options))).text.includes('id="others"');
  assert.equal(await has({ index: true }), true);
  assert.equal(await has({ index: true }, "?embed"), false);
  assert.equal(await has({ index: false }), false);
  assert.equal(await has({ index: true, hasTokens: true }), false);
});
