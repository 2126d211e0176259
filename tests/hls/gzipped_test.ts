/** Playlists for clients that take gzip. */
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { Hono } from "hono";
import { encodedFor } from "../../src/hls/gzipped.ts";
import { hlsRoutes } from "../../src/hls/routes.ts";
import { originOf, servedStream } from "../../testing/hls/served_stream.ts";

const text = new TextEncoder().encode("#EXTM3U\n".repeat(100));
const playlist = { text, etag: '"5-1"' };

Deno.test("a version is compressed once, under a tag of its own", () => {
  const encoded = encodedFor(playlist, "gzip, deflate, br");
  assert.equal(encodedFor(playlist, "br, gzip"), encoded);
  assert.deepEqual(new Uint8Array(gunzipSync(encoded.text)), text);
  assert.equal(encoded.etag, '"5-1-gzip"');
  assert.ok(encoded.text.length < text.length / 4);
});

Deno.test("who does not ask for gzip by name, or refuses it, gets the text", () => {
  for (const encodings of ["", "br", "*", "gzip;q=0", "gzip; q=0.0", "gzipped", "identity"]) {
    assert.equal(encodedFor(playlist, encodings), playlist, encodings);
  }
  for (const encodings of ["gzip", "x-gzip", "br;q=1, GZIP ; q=0.5", "deflate,gzip"]) {
    assert.equal(encodedFor(playlist, encodings).encoding, "gzip", encodings);
  }
});

Deno.test("caches are told that answers differ, and who has a version is told so", async () => {
  const demo = servedStream({ playlist, segment: () => undefined });
  const origin = originOf({ demo: () => demo }, () => Promise.resolve(undefined));
  const app = new Hono().route("/cast", hlsRoutes({ origin, others: [] }));
  const ask = (headers: Record<string, string>) =>
    app.request("/cast/demo/playlist.m3u8", { headers });
  for (const [encodings, etag] of [["identity", '"5-1"'], ["gzip", '"5-1-gzip"']] as const) {
    const answer = await ask({ "Accept-Encoding": encodings });
    assert.equal(answer.headers.get("Vary"), "Accept-Encoding");
    assert.equal(answer.headers.get("ETag"), etag);
    const bytes = await answer.bytes();
    assert.equal(answer.headers.get("Content-Length"), `${bytes.length}`);
    assert.deepEqual(encodings === "gzip" ? new Uint8Array(gunzipSync(bytes)) : bytes, text);
    const again = await ask({ "Accept-Encoding": encodings, "If-None-Match": etag });
    assert.deepEqual([again.status, again.headers.get("Vary")], [304, "Accept-Encoding"]);
  }
});
