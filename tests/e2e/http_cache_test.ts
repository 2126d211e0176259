/** Caches (nginx, Varnish) before the server show what the server shows, as soon as it does. */
import assert from "node:assert/strict";
import { parseMediaPlaylist } from "../../testing/hls_validator/media_playlist.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { HttpCache } from "../../testing/e2e/http_cache.ts";
import { together, withAnyThreads } from "../../testing/e2e/scenario.ts";

const FOLDER = "/cast/demo/";
const LIVE_FILES = ["playlist.m3u8", "index.m3u8", "status.json"];

/** Less than caches keep what they are told nothing of. */
const KEPT_BY_MISTAKE_MS = 30_000;

withAnyThreads("a cache has the show as soon as the server has it", async (env) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 90 });
  await using server = await EchoServer.start({ env });
  await using varnish = await HttpCache.start("varnish", server.hlsPort);
  await using nginx = await HttpCache.start("nginx", server.hlsPort);
  const caches = [varnish, nginx];
  const textOf = async (cache: HttpCache, file: string) => {
    const response = await cache.request(FOLDER + file);
    return { status: response.status, text: await response.text() };
  };
  for (const cache of caches) {
    for (const file of LIVE_FILES) {
      const { status, text } = await textOf(cache, file);
      if (file.endsWith(".json")) assert.equal(JSON.parse(text).state, "off-air", cache.kind);
      else assert.equal(status, 404, `${cache.kind} ${file}`);
    }
  }

  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("the server has the show", async () => {
    const { ok, body } = await fetch(server.playlistUrl("demo"));
    await body?.cancel();
    return ok;
  });
  await together(caches, async (cache) => {
    const has = async (file: string) => {
      const { status, text } = await textOf(cache, file);
      return status === 200 && (!file.endsWith(".json") || JSON.parse(text).state === "on-air");
    };
    for (const file of LIVE_FILES) {
      await until(`${cache.kind} has ${file}`, () => has(file), KEPT_BY_MISTAKE_MS);
    }
    const last = async () =>
      parseMediaPlaylist((await textOf(cache, "playlist.m3u8")).text).segments.at(-1)?.uri ?? "";
    const first = await last();
    await until(`${cache.kind} has the next segment`, async () => await last() !== first);
    const segment = await cache.request(FOLDER + await last());
    assert.deepEqual([segment.status, (await segment.bytes())[0]], [200, 0x47], cache.kind);
  });
});
