/** What comes through nginx and Caddy with the files of `deploy/`: all that Echo has for others. */
import assert from "node:assert/strict";
import { Child } from "../../testing/child.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { ShippedProxy } from "../../testing/e2e/shipped_proxy.ts";
import { parseMediaPlaylist } from "../../testing/hls_validator/media_playlist.ts";
import { until } from "../../testing/until.ts";

const FOLDER = "/cast/demo/";
const PLAYLIST = `${FOLDER}playlist.m3u8`;
const TOKEN = "a-token-of-operators";
const AUTHORIZED = { headers: { Authorization: `Bearer ${TOKEN}` } };
/** What a cache has asked the server for. */
const ASKED = ["MISS", "EXPIRED", "REVALIDATED", "BYPASS"];
const CROWD = 60;

scenario("nginx and Caddy pass on playlists, pages, events and keys, with HTTPS", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 90 });
  await using server = await EchoServer.start({
    env: { STAT_TOKEN: TOKEN, TRUSTED_PROXIES: "127.0.0.1", HLS_WEB_INDEX: "1" },
  });
  await using nginx = await ShippedProxy.start("nginx", server);
  await using caddy = await ShippedProxy.start("caddy", server);
  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await together([nginx, caddy], async (proxy) => {
    await until(`${proxy.kind} has the show`, async () => {
      return (await textOf(proxy, PLAYLIST)).status === 200;
    });
    await playlistGoesOn(proxy);
    await pagesKnowHttps(proxy);
    await dashboardIsLive(proxy);
    await keysAreGiven(proxy);
    await ffmpegPlays(proxy);
    await streamComes(proxy);
  });
  const plain = await fetch(nginx.plainOrigin + PLAYLIST, { redirect: "manual" });
  await plain.body?.cancel();
  assert.equal(plain.status, 301);
  assert.match(plain.headers.get("location") ?? "", /^https:/);
});

scenario("nginx asks once for what many listeners want, and has what is new", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using server = await EchoServer.start();
  await using nginx = await ShippedProxy.start("nginx", server);
  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("the show is on", async () => (await textOf(nginx, PLAYLIST)).status === 200);
  const seen = new Set<string>();
  await until("three versions of the playlist came to the crowd", async () => {
    const answers = await crowd(nginx, PLAYLIST);
    assert.ok(countAsked(answers) <= 2, JSON.stringify(answers.map(({ cache }) => cache)));
    for (const { text } of answers) seen.add(text);
    return seen.size >= 3;
  });
  const { text } = await textOf(nginx, PLAYLIST);
  const file = FOLDER + parseMediaPlaylist(text).segments.at(-1)?.uri;
  const first = await textOf(nginx, file);
  assert.equal(first.status, 200);
  assert.deepEqual(new Set((await crowd(nginx, file)).map(({ cache }) => cache)), new Set(["HIT"]));
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cache: string;
}

async function textOf(proxy: ShippedProxy, path: string, init?: RequestInit): Promise<Answer> {
  const response = await proxy.request(path, init);
  const { status, headers } = response;
  return { status, text: await response.text(), cache: headers.get("x-cache") ?? "" };
}

/** What listeners are answered who ask at the same time. */
async function crowd(proxy: ShippedProxy, path: string): Promise<Answer[]> {
  return await Promise.all(Array.from({ length: CROWD }, () => textOf(proxy, path)));
}

function countAsked(answers: readonly Answer[]): number {
  return answers.filter(({ cache }) => ASKED.includes(cache)).length;
}

async function playlistGoesOn(proxy: ShippedProxy): Promise<void> {
  const last = async () => {
    return parseMediaPlaylist((await textOf(proxy, PLAYLIST)).text).segments.at(-1)?.uri ?? "";
  };
  const first = await last();
  await until(`${proxy.kind} has the next segment`, async () => await last() !== first);
  const segment = await proxy.request(FOLDER + await last());
  assert.deepEqual([segment.status, (await segment.bytes())[0]], [200, 0x47], proxy.kind);
}

/** Whole seconds of it are a moment's; what follows has to come as it is made. */
async function streamComes(proxy: ShippedProxy): Promise<void> {
  const leaving = new AbortController();
  const headers = { "Icy-MetaData": "1" };
  const init = { headers, signal: leaving.signal };
  const answer = await proxy.request(`${FOLDER}stream.aac`, init);
  assert.deepEqual([answer.status, answer.headers.get("icy-name")], [200, "demo"], proxy.kind);
  assert.notEqual(answer.headers.get("icy-metaint"), null);
  let got = 0;
  for await (const { length } of answer.body ?? []) {
    got += length;
    // More than the burst.
    if (got > 120_000) break;
  }
  leaving.abort();
  assert.ok(got > 120_000, `${proxy.kind} ended after ${got} bytes`);
}

async function pagesKnowHttps(proxy: ShippedProxy): Promise<void> {
  const page = await textOf(proxy, FOLDER);
  assert.equal(page.status, 200);
  assert.ok(page.text.includes(`${proxy.origin}${FOLDER}`), `${proxy.kind}: ${page.text}`);
  const index = await textOf(proxy, "/index.json");
  assert.deepEqual(JSON.parse(index.text).shows.map(({ name }: { name: string }) => name), [
    "demo",
  ]);
}

async function dashboardIsLive(proxy: ShippedProxy): Promise<void> {
  assert.equal((await textOf(proxy, "/operator/")).status, 401);
  assert.equal((await textOf(proxy, "/operator/metrics")).status, 404);
  // Recordings end as segments do, and are statistics' all the same.
  assert.equal((await textOf(proxy, "/operator/stat/1/recordings/demo.mp4")).status, 401);
  const page = await textOf(proxy, "/operator/", AUTHORIZED);
  const script = /src="(dashboard\/own\/[^"]+)"/.exec(page.text)?.[1];
  assert.equal((await textOf(proxy, `/operator/${script}`, AUTHORIZED)).status, 200, proxy.kind);
  const form = await proxy.request("/operator/sign-in", {
    method: "POST",
    body: new URLSearchParams({ token: TOKEN }),
    headers: { Origin: proxy.origin, "Sec-Fetch-Site": "same-origin" },
  });
  await form.body?.cancel();
  assert.equal(form.status, 303);
  assert.match(form.headers.get("set-cookie") ?? "", /; Secure/);
  const stop = new AbortController();
  const events = await proxy.request("/operator/stat/1/events", {
    ...AUTHORIZED,
    signal: stop.signal,
  });
  let text = "";
  // It comes while the stream goes on, so nothing holds it back.
  for await (const part of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    if (text.split("event: snapshot").length > 2) break;
  }
  stop.abort();
  assert.match(text, /event: box/);
}

async function keysAreGiven(proxy: ShippedProxy): Promise<void> {
  const response = await proxy.request("/echo/4/publish/other-" + proxy.kind, {
    method: "POST",
    body: JSON.stringify({
      media: { type: "audio", protocol: "rtmp", format: "flv" },
      reason: { code: 0, message: "" },
    }),
  });
  assert.equal(response.status, 200, await response.text());
}

async function ffmpegPlays(proxy: ShippedProxy): Promise<void> {
  const args = ["-nostdin", "-v", "error", "-tls_verify", "0", "-i", proxy.origin + PLAYLIST];
  await using player = new Child("ffmpeg", [...args, "-t", "4", "-f", "null", "-"]);
  assert.equal((await player.end()).code, 0, player.output);
}
