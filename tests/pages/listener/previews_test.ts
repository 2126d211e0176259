/** What a page tells other sites and players of a show, and what it hides behind a token. */
import assert from "node:assert/strict";
import { page, pagesOf } from "../../../testing/pages/listener/pages.ts";

Deno.test("previews of a link have absolute URLs", async () => {
  const meta = async (headers: Record<string, string>) => {
    const { text } = await page("/cast/demo/", pagesOf(), headers);
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
  const from = pagesOf();
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
    const from = pagesOf({}, { path, index: true, hasTokens: true });
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
    const from = pagesOf({}, { path: "a/b", hasTokens: true });
    const { response, text } = await page(`/a/b/~TOKEN/demo/${file}`, from, {
      Host: "radio.example",
    });
    assert.equal(response.status, 200);
    assert.match(text, /http:\/\/radio\.example\/a\/b\/~TOKEN\/demo\/stream\.aac$/m);
  }
});

Deno.test("a player opens a broadcast by a small file with the URL of its endless stream", async () => {
  const from = { "Host": "radio.example", "X-Forwarded-Proto": "https" };
  const { response, text } = await page("/cast/demo/stream.m3u", pagesOf(), from);
  assert.equal(text, "#EXTM3U\n#EXTINF:-1,demo\nhttps://radio.example/cast/demo/stream.aac\n");
  const pls = await page("/cast/demo/stream.pls", pagesOf(), from);
  assert.equal(pls.response.headers.get("content-type"), "audio/x-scpls");
  assert.equal(pls.response.headers.get("content-disposition"), 'attachment; filename="demo.pls"');
  assert.equal(
    pls.text,
    "[playlist]\nNumberOfEntries=1\nFile1=https://radio.example/cast/demo/stream.aac\n" +
      "Title1=demo\nLength1=-1\nVersion=2\n",
  );
  for (const file of ["stream.m3u", "stream.pls"]) {
    const offAir = await page(`/cast/other/${file}`, pagesOf(), from);
    assert.match(offAir.text, /https:\/\/radio\.example\/cast\/other\/stream$/m);
  }
  assert.equal(response.headers.get("content-type"), "audio/x-mpegurl");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="demo.m3u"');
  assert.equal(response.headers.get("cache-control"), "max-age=1");
  const unknown = await page("/cast/demo/stream.m3u", pagesOf(), { Host: "a b" });
  assert.match(unknown.text, /\nstream\.aac\n$/);
  assert.equal((await page("/cast/a.b/stream.m3u")).response.status, 404);
});

Deno.test("where there are no endless streams, such a file has the URL of the playlist", async () => {
  const without = pagesOf({}, { hasStreams: false });
  for (const name of ["demo", "other"]) {
    const { text } = await page(`/cast/${name}/stream.m3u`, without, { Host: "radio.example" });
    assert.match(text, new RegExp(`\\nhttp://radio\\.example/cast/${name}/playlist\\.m3u8\\n$`));
  }
});
