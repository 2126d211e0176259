/** Scripts, styles and images of the pages: versions, compression, and no other names. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { type Asset, Assets, fromBase64, pageHeaders } from "../../../src/pages/assets.ts";

const SCRIPT = 'import "./other.js";\n'.repeat(100);
const IMAGE = fromBase64("iVBORw0KGgo=");
const ASSETS: readonly Asset[] = [
  { name: "page.js", body: SCRIPT },
  { name: "icon.png", body: IMAGE },
];

async function get(path: string, headers: Record<string, string> = {}) {
  const app = new Hono().route("/assets", new Assets(ASSETS).routes);
  const response = await app.request(`/assets/${path}`, { headers });
  return { response, body: new Uint8Array(await response.arrayBuffer()) };
}

Deno.test("an asset is served for good under its version", async () => {
  const { response, body } = await get(new Assets(ASSETS).url("page.js"));
  assert.equal(new TextDecoder().decode(body), SCRIPT);
  assert.deepEqual({ ...Object.fromEntries(response.headers), etag: "" }, {
    "cache-control": "public, max-age=31536000, immutable",
    "content-length": `${SCRIPT.length}`,
    "content-type": "text/javascript; charset=utf-8",
    "etag": "",
    "vary": "Accept-Encoding",
    "x-content-type-options": "nosniff",
  });
});

Deno.test("the version changes with any asset", () => {
  const [first, ...others] = ASSETS;
  assert.ok(first !== undefined);
  const changed = new Assets([{ ...first, body: `${SCRIPT} ` }, ...others]);
  assert.notEqual(changed.url("icon.png"), new Assets(ASSETS).url("icon.png"));
  assert.equal(new Assets(ASSETS).url("icon.png"), new Assets(ASSETS).url("icon.png"));
});

Deno.test("another version's page gets what there is, to be asked for again", async () => {
  const { response, body } = await get("0123456789ab/page.js");
  assert.equal(new TextDecoder().decode(body), SCRIPT);
  assert.equal(response.headers.get("cache-control"), "no-cache");
});

Deno.test("text is compressed for who takes that, images are not", async () => {
  const url = new Assets(ASSETS).url("page.js");
  for (const accepted of ["gzip", "br, gzip", "deflate, GZIP;q=0.5"]) {
    const { response, body } = await get(url, { "Accept-Encoding": accepted });
    assert.equal(response.headers.get("content-encoding"), "gzip", accepted);
    assert.ok(body.length < SCRIPT.length / 10);
    const plain = new Response(body).body?.pipeThrough(new DecompressionStream("gzip"));
    assert.equal(await new Response(plain).text(), SCRIPT);
  }
  for (const accepted of ["", "br", "gzip;q=0", "gzip;q=0.0", "xgzip"]) {
    const { response } = await get(url, { "Accept-Encoding": accepted });
    assert.equal(response.headers.get("content-encoding"), null, accepted);
  }
  const image = await get(new Assets(ASSETS).url("icon.png"), { "Accept-Encoding": "gzip" });
  assert.equal(image.response.headers.get("content-encoding"), null);
  assert.deepEqual(image.body, IMAGE);
});

Deno.test("what has not changed is not sent again, in either encoding", async () => {
  const url = new Assets(ASSETS).url("page.js");
  const tags = new Set<string>();
  for (const encoding of ["identity", "gzip"]) {
    const { response } = await get(url, { "Accept-Encoding": encoding });
    const tag = response.headers.get("etag") ?? "";
    tags.add(tag);
    // A proxy may have weakened it.
    for (const known of [tag, `W/${tag}`]) {
      const headers = { "Accept-Encoding": encoding, "If-None-Match": known };
      const again = await get(url, headers);
      assert.deepEqual([again.response.status, again.body.length], [304, 0]);
    }
  }
  assert.equal(tags.size, 2);
});

Deno.test("no other name is served or referred to", async () => {
  const assets = new Assets(ASSETS);
  for (const path of ["page.js", "0123456789ab/other.js", "0123456789ab/__proto__"]) {
    assert.equal((await get(path)).response.status, 404, path);
  }
  assert.throws(() => assets.url("other.js"), /Cannot refer to other.js/);
  assert.throws(() => new Assets([...ASSETS, ...ASSETS]), /a name is twice/);
  assert.throws(() => new Assets([{ name: "page.exe", body: "" }]), /type is not known/);
});

Deno.test("a page may load its own files and nothing else, in nobody's frame", () => {
  assert.deepEqual(pageHeaders(), {
    "Cache-Control": "no-cache",
    "Content-Security-Policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  });
  const wider = pageHeaders({ policy: { "media-src": "blob:" }, frameAncestors: "*" });
  assert.match(wider["Content-Security-Policy"] ?? "", /frame-ancestors \*; media-src blob:$/);
});
