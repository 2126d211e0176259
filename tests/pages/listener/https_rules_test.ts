/** What browsers are told of HTTPS by a server for listeners. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { type HttpsRules, tellOfHttps } from "../../../src/pages/listener/https_rules.ts";

const NOTHING: HttpsRules = { redirectPort: undefined, strictSeconds: 0 };

/** Asks a server that answers everything with "here". */
async function ask(url: string, rules: Partial<HttpsRules>, headers: Record<string, string> = {}) {
  const app = new Hono();
  for (const handler of tellOfHttps("cast", { ...NOTHING, ...rules })) app.use(handler);
  app.all("*", (c) => c.text("here"));
  return await app.request(url, { headers: { Host: new URL(url).host, ...headers } });
}

for (
  const [what, url, port, to] of [
    ["who is on air", "http://echo:8080/", 8443, "https://echo:8443/"],
    ["a broadcast's page", "http://echo/cast/dj/?a=b", 443, "https://echo/cast/dj/?a=b"],
    ["a page with a token", "http://echo/cast/~a.b.c/dj/", 443, "https://echo/cast/~a.b.c/dj/"],
  ] as const
) {
  Deno.test(`by HTTP ${what} is elsewhere: on HTTPS`, async () => {
    const { status, headers } = await ask(url, { redirectPort: port });
    assert.deepEqual([status, headers.get("Location")], [307, to]);
    assert.equal(headers.get("Cache-Control"), "no-store");
  });
}

for (
  const [what, url, headers] of [
    ["a playlist", "http://echo/cast/dj/playlist.m3u8", {}],
    ["a playlist with a token", "http://echo/cast/~a.b.c/dj/playlist.m3u8", {}],
    ["what pages load", "http://echo/cast/~assets/player.js", {}],
    ["a page by HTTPS", "https://echo/cast/dj/", {}],
    ["a page by a proxy with TLS", "http://echo/cast/dj/", { "X-Forwarded-Proto": "https" }],
  ] as const
) {
  Deno.test(`${what} is answered where it is asked for`, async () => {
    assert.equal((await ask(url, { redirectPort: 8443 }, headers)).status, 200);
  });
}

Deno.test("HTTPS alone is asked for where that is wanted, and by HTTPS only", async () => {
  const told = async (url: string, strictSeconds: number) =>
    (await ask(url, { strictSeconds })).headers.get("Strict-Transport-Security");
  assert.equal(await told("https://echo/", 31_536_000), "max-age=31536000");
  assert.equal(await told("http://echo/", 31_536_000), null);
  assert.equal(await told("https://echo/", 0), null);
});
