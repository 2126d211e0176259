/** Listeners who need a token, in Chromium and without a browser; and a CDN that needs a secret. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Page, Request } from "playwright-core";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, withAnyThreads } from "../../testing/e2e/scenario.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";
import { readIcy } from "../../testing/hls/icy_stream.ts";
import { RawClient } from "../../testing/http/http_fixture.ts";
import { PageVisits } from "../../testing/players/page_visits.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { Issuer, keySetOf } from "../../testing/tokens/issuer.ts";
import { ServedKeys } from "../../testing/tokens/served_keys.ts";
import { until } from "../../testing/until.ts";

const CLIP = fileURLToPath(new URL("../../scripts/echo-client/clip.aac", import.meta.url));
const PLAYLISTS = ["playlist.m3u8", "index.m3u8", "low.m3u8", "low-media.m3u8"];
const LOGGING = `
appenders:
  log: {kind: console, target: stderr, encoder: {pattern: "{d} {l} {t} {m}{n}"}}
root: {level: info, appenders: [log]}
loggers: {echo-hls-web: {level: info}}
`;

withAnyThreads("a listener with a token hears the show that it is for", async (env) => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/log.yml`, LOGGING);
    const issuer = new Issuer();
    await using keys = new ServedKeys(keySetOf(issuer));
    await using server = await EchoServer.start({
      env: {
        ...{ HLS_AUTH: "jwt", ECHO_JWKS_URL: keys.url, ...env },
        ...{ HLS_WEB_INDEX: "1", LOG4RS_FILE: `${folder}/log.yml` },
      },
    });
    const origin = `http://127.0.0.1:${server.hlsPort}`;
    const token = issuer.token([{ action: "listen", name: "demo" }]);
    const other = issuer.token([{ action: "listen", name: "other" }]);
    await using _encoder = new Encoder(CLIP, server.rtmpUrl("live/demo"));
    const playlist = `${origin}/cast/~${token}/demo/playlist.m3u8`;
    await until("the show is listed", async () => (await get(playlist)).text.includes("#EXTINF"));

    const expiring = await streamUntilItExpires(origin, issuer);
    await checkPage(origin, token);
    await checkRefusals(origin, other);
    await checkFiles(origin, token, other);
    await checkStream(origin, token, other);
    const { titles } = readIcy(await expiring.bytes(), Number(expiring.headers.get("icy-metaint")));
    assert.deepEqual(titles.map(({ title }) => title), [""], "it has ended with its token");
    const newer = new Issuer("key-2");
    keys.text = keySetOf(issuer, newer);
    const next = newer.token([{ action: "listen", name: "demo" }]);
    await until("the new key is known to all threads", async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => get(`${origin}/cast/~${next}/demo/playlist.m3u8`)),
      );
      return answers.every(({ status }) => status === 200);
    });
    await until(
      "requests are in the log",
      () => server.log.some((line) => line.includes('"GET /cast/demo/playlist.m3u8" 200')),
    );
    const told = [...server.log, await metricsOf(server)];
    for (const text of [token, other, next].flatMap((token) => token.split(".").slice(1))) {
      assert.equal(told.find((line) => line.includes(text.slice(0, 24))), undefined);
    }
  });
});

/** The endless stream, and the file by which a player opens it with the same token. */
async function checkStream(origin: string, token: string, other: string): Promise<void> {
  const list = await get(`${origin}/cast/~${token}/demo/stream.m3u`);
  const url = `${origin}/cast/~${token}/demo/stream.aac`;
  assert.ok(list.text.endsWith(`\n${url}\n`), list.text);
  const answer = await fetch(url);
  const reader = answer.body?.getReader();
  assert.equal((await reader?.read())?.value?.[0], 0xff);
  await reader?.cancel();
  for (const path of ["demo", `~${other}/demo`]) {
    for (const file of ["stream.aac", "stream.m3u"]) {
      assert.equal((await get(`${origin}/cast/${path}/${file}`)).status, 403, path);
    }
  }
}

/** An endless stream with titles, whose listener's token has a few seconds left. */
async function streamUntilItExpires(origin: string, issuer: Issuer): Promise<Response> {
  const exp = Math.floor(Date.now() / 1000) + 2;
  const token = issuer.token([{ action: "listen", name: "demo" }], { claims: { exp } });
  const headers = { "Icy-MetaData": "1" };
  const answer = await fetch(`${origin}/cast/~${token}/demo/stream.aac`, { headers });
  assert.equal(answer.status, 200);
  return answer;
}

/** In Chromium: it plays, asks for nothing without need, and tells the token to nobody. */
async function checkPage(origin: string, token: string): Promise<void> {
  await using visits = await PageVisits.start(origin);
  const page = await visits.open("about:blank");
  const requests: Request[] = [];
  page.on("request", (request) => requests.push(request));
  await page.goto(`/cast/~${token}/demo`);
  assert.equal(page.url(), `${origin}/cast/~${token}/demo/`);
  await page.keyboard.press("Space");
  await untilPlaying(page);
  const own = `${origin}/cast/~${token}/demo/`;
  for (const kind of [/\.m3u8/, /^status\.json$/, /\.(?:ts|m4s)$/]) {
    await until(`it asks for ${kind}`, () => {
      return requests.some((request) => {
        return request.url().startsWith(own) && kind.test(request.url().slice(own.length));
      });
    });
  }
  for (const request of requests) {
    const { referer = "" } = await request.allHeaders();
    assert.ok(!referer.includes(token), `${request.url()} tells it as referer`);
    if (/\.(?:js|mjs|css|svg|png)$/.test(request.url())) {
      assert.ok(!request.url().includes(token), `${request.url()} needs none`);
    }
  }
  await until("the listener is counted", async () => {
    return (await statusOf(`${origin}/cast/~${token}/demo/status.json`)).listeners > 0;
  });
  await page.locator("#share").click();
  for (const field of ["share-link", "share-embed", "share-playlist"]) {
    const text = await page.locator(`#${field}`).inputValue();
    assert.ok(!text.includes("~") && text.includes(`${origin}/cast/demo/`), text);
  }
  const markup = await page.content();
  assert.ok(!markup.includes(token), "the page has it in its markup");
  assert.deepEqual(visits.complaints, []);
}

/** In Chromium: whoever opens a link that does not count reads why. */
async function checkRefusals(origin: string, other: string): Promise<void> {
  await using visits = await PageVisits.start(origin);
  const page = await visits.open("about:blank");
  for (
    const [path, why] of [
      ["/cast/demo/", "A token is needed: /cast/~TOKEN/NAME/."],
      ["/cast/demo", "A token is needed: /cast/~TOKEN/NAME/."],
      [`/cast/~${other}/demo/`, "The token does not allow to listen to this."],
    ] as const
  ) {
    assert.equal((await page.goto(path))?.status(), 403);
    assert.equal(await page.locator("#why").innerText(), why);
    const display = await page.evaluate("getComputedStyle(document.body).display");
    assert.equal(display, "grid", "it has its style");
  }
  assert.ok(visits.complaints.every((one) => /status of 403/.test(one)), `${visits.complaints}`);
}

/** Whoever has no token for the name gets nothing, and is told why. */
async function checkFiles(origin: string, token: string, other: string): Promise<void> {
  const { text } = await get(`${origin}/cast/~${token}/demo/playlist.m3u8`);
  const [segment = ""] = /^[\w-]+\.ts$/m.exec(text) ?? [];
  const stranger = new Issuer();
  const low = `${origin}/cast/~${token}/demo/low-media.m3u8`;
  await until("there is low latency", async () => (await get(low)).status === 200);
  for (const file of ["", ...PLAYLISTS, "status.json", segment]) {
    // The second time it may be prepared, and the third time it is.
    for (let i = 0; i < 3; i++) {
      const own = await get(`${origin}/cast/~${token}/demo/${file}`);
      assert.equal(own.status, 200, file);
      assert.match(own.cacheControl, /^private, (?:max-age=\d+|no-cache)$/);
      assert.equal(own.referrerPolicy, "no-referrer");
      for (
        const [path, words] of [
          [`/cast/demo/${file}`, /a token is needed/],
          [`/cast/~${other}/demo/${file}`, /does not allow to listen to this/],
          [`/cast/~${stranger.token([])}/demo/${file}`, /signature is wrong/],
        ] as const
      ) {
        const { status, text } = await get(`${origin}${path}`);
        assert.equal(status, 403, path);
        assert.match(text, words);
      }
    }
  }
  const { hostname, port } = new URL(origin);
  using client = new RawClient(await Deno.connect({ hostname, port: Number(port) }));
  const long = `${token}${"A".repeat(100_000)}`;
  await client.send(`GET /cast/~${long}/demo/ HTTP/1.1\r\nHost: echo\r\n\r\n`);
  assert.match(await client.all(), /^HTTP\/1\.1 431 /);
  const { status, text: refusal } = await get(`${origin}/prerole/jingle.ts`);
  assert.deepEqual([status, /a token is needed/.test(refusal)], [403, true]);
}

scenario("only a CDN that shows the secret is served", async () => {
  const secret = "0123456789abcdef0123456789abcdef";
  await using server = await EchoServer.start({ env: { HLS_ORIGIN_SECRET: secret } });
  await using _encoder = new Encoder(CLIP, server.rtmpUrl("live/demo"));
  const headers = { "X-Echo-Origin": secret };
  await until("the show is listed", async () => {
    return (await get(server.playlistUrl("demo"), headers)).text.includes("#EXTINF");
  });
  // One connection, whose requests are prepared from the third on.
  for (let i = 0; i < 5; i++) {
    const own = await get(server.playlistUrl("demo"), headers);
    assert.deepEqual([own.status, own.cacheControl], [200, "max-age=1"]);
    for (const wrong of [{}, { "X-Echo-Origin": "other" }]) {
      const { status, text } = await get(server.playlistUrl("demo"), wrong);
      assert.equal(status, 403);
      assert.match(text, /only a CDN that shows X-Echo-Origin is served here/);
    }
  }
  assert.ok(!server.log.some((line) => line.includes(secret)));
});

async function untilPlaying(page: Page): Promise<void> {
  await until("it plays", async () => {
    return await page.evaluate<number>("document.querySelector('audio').currentTime") > 1;
  });
}

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers, redirect: "manual" });
  return {
    status: response.status,
    text: await response.text(),
    cacheControl: response.headers.get("Cache-Control") ?? "",
    referrerPolicy: response.headers.get("Referrer-Policy"),
  };
}

async function statusOf(url: string): Promise<{ listeners: number }> {
  return await (await fetch(url)).json();
}
