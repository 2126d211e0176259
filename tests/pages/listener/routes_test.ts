/** The listener pages over HTTP: which names have one, and what a page may load. */
import assert from "node:assert/strict";
import { ON_AIR, page, pagesOf } from "../../../testing/pages/listener/pages.ts";

const HOSTILE = `"><script>alert(1)</script>' onload='x' & </title>`;

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
    const from = pagesOf({}, { index: true });
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
      const { text } = await page(path, pagesOf(show, { index: true }), { Host: "radio.example" });
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
  const from = pagesOf({}, { index: true });
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
  const from = pagesOf({}, { index: true, path: "a/b" });
  assert.ok((await page("/a/b/demo/", from)).text.includes('<a href="../../../"'));
});

Deno.test("what is not there is a page for browsers, and JSON for others", async () => {
  const browser = { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  for (const index of [true, false]) {
    const from = pagesOf({}, { index });
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
    (await page(`/cast/demo/${query}`, pagesOf({}, options))).text.includes('id="others"');
  assert.equal(await has({ index: true }), true);
  assert.equal(await has({ index: true }, "?embed"), false);
  assert.equal(await has({ index: false }), false);
  assert.equal(await has({ index: true, hasTokens: true }), false);
});
