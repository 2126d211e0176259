/** What is made of the preroll for low latency at its load, and how it is served. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { loadPreroll } from "../../../src/hls/preroll.ts";
import { hlsRoutes, PREROLL_NAME, prerollRoutes } from "../../../src/hls/routes.ts";
import { encode } from "../../../testing/audio/ffmpeg.ts";
import { concat } from "../../../testing/bytes.ts";
import { prerollOf, withPrerollFolder } from "../../../testing/hls/preroll_folder.ts";
import {
  lowNumbers,
  PREROLL,
  PrerollShow,
  SPOTS,
  tsNumbers,
} from "../../../testing/hls/preroll_show.ts";
import { originOf } from "../../../testing/hls/served_stream.ts";
import { isLowPreroll } from "../../../testing/hls_validator/low_rules.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";
import { inFile, md5, readByFfmpeg, readByMediabunny } from "../../../testing/mp4/readers.ts";
import { demux } from "../../../testing/mpegts/timed_collector.ts";

Deno.test("each segment becomes one in fragmented MP4, with all access units and parts", async () => {
  const init = new Set<string>();
  let ends = NaN;
  for (const { uri, durationUs, discontinuity } of PREROLL.entries) {
    const segment = PREROLL.low.get(uri);
    assert.ok(segment);
    init.add(segment.initUri);
    const media = bytesOf(segment.uri);
    assert.equal(segment.size, media.length);
    assert.deepEqual(concat(segment.parts.map((part) => bytesOf(part.uri))), media);
    const read = await readByMediabunny(concat([bytesOf(segment.initUri), media]));
    assert.ok(Math.abs(read.ends - read.begins - durationUs / 1e6) < 1e-5);
    assert.ok(discontinuity || !(Math.abs(read.begins - ends) > 1e-5), `${uri}: ${read.begins}`);
    ends = read.ends;
    let { begins } = read;
    for (const part of segment.parts) {
      const { hashes, ...times } = await readByMediabunny(
        concat([bytesOf(segment.initUri), bytesOf(part.uri)]),
      );
      assert.ok(hashes.length > 0 && part.durationUs <= 384_000);
      assert.ok(Math.abs(times.begins - begins) < 1e-5);
      assert.ok(Math.abs(times.ends - times.begins - part.durationUs / 1e6) < 1e-5);
      begins = times.ends;
    }
    if (!uri.endsWith(".ts")) continue;
    const source = PREROLL.files.get(uri.replace("/prerole/", ""))?.bytes ?? new Uint8Array();
    assert.deepEqual(read.hashes, demux(source).found.frames.map(md5));
  }
  assert.equal(init.size, 2);
});

Deno.test("FFmpeg decodes what follows each other on one timeline without a complaint", async () => {
  const [a, b] = PREROLL.entries.map(({ uri }) => PREROLL.low.get(uri));
  assert.ok(a && b);
  const all = concat([a.initUri, a.uri, b.uri].map(bytesOf));
  await inFile(all, async (path) => {
    const { packets, sound } = await readByFfmpeg(path);
    assert.equal(packets.length, (await readByMediabunny(all)).hashes.length);
    assert.match(sound ?? "", /^MD5=/);
  });
});

Deno.test("names are those of the contents, so that caches may keep them over a restart", async () => {
  const again = await prerollOf(SPOTS);
  assert.deepEqual([...again.files.keys()], [...PREROLL.files.keys()]);
  const other = await prerollOf({ ...SPOTS, "a.ts": SPOTS["b.ts"] });
  assert.notEqual(other.low.get("/prerole/a.ts")?.uri, PREROLL.low.get("/prerole/a.ts")?.uri);
  for (const [file, { type, etag }] of PREROLL.files) {
    if (/\.ts$|\.aac$/.test(file)) continue;
    assert.match(file, /^(?:[abc]-[0-9a-f]{16}(?:\.\d)?\.m4s|init-[0-9a-f]{16}\.mp4)$/);
    assert.deepEqual([type, etag], ["audio/mp4", `"${file}"`]);
  }
});

Deno.test("it is served as the files are that it is made of", async () => {
  const app = prerollRoutes(PREROLL.files);
  const [low] = PREROLL.low.values();
  const file = low?.parts[1]?.uri.replace("/prerole", "") ?? "";
  const headersOf = async (path: string, options: RequestInit = {}) => {
    const { status, headers } = await app.request(path, options);
    const compared = ["Cache-Control", "Access-Control-Allow-Origin", "Accept-Ranges"];
    return [status, ...compared.map((name) => headers.get(name))];
  };
  for (const options of [{}, { method: "HEAD" }, { headers: { Range: "bytes=2-9" } }]) {
    assert.deepEqual(await headersOf(file, options), await headersOf("/a.ts", options));
  }
  const ranged = await app.request(file, { headers: { Range: "bytes=2-9" } });
  assert.deepEqual([ranged.status, ranged.headers.get("Content-Type")], [206, "audio/mp4"]);
  assert.deepEqual(await ranged.bytes(), bytesOf(file).subarray(2, 10));
});

Deno.test("where it is beside the broadcasts for tokens, what is made of it is there too", async () => {
  await withPrerollFolder(SPOTS, async (folder) => {
    const { low, files } = await loadPreroll(folder, true);
    const segment = low.get("../~prerole/a.ts");
    assert.ok(segment);
    const { uri, initUri, parts } = segment;
    const app = new Hono()
      .route("/cast", hlsRoutes({ origin: originOf({}), others: [] }))
      .route(`/cast/${PREROLL_NAME}`, prerollRoutes(files));
    const paths = [uri, initUri, parts[0]?.uri, "../~prerole/a.ts"].map((uri = "") =>
      new URL(uri, "http://echo/cast/demo/low-media.m3u8").pathname
    );
    for (const path of paths) assert.equal((await app.request(path)).status, 200, path);
    assert.equal((await app.request("/cast/~prerole/b.mp4")).status, 404);
  });
});

Deno.test("in memory it is no larger than the files that it is made of", () => {
  const bytes = (isLow: boolean) => {
    const files = [...PREROLL.files].filter(([file]) => /\.m(?:p4|4s)$/.test(file) === isLow);
    const buffers = new Set(files.map(([, file]) => file.bytes.buffer));
    return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  };
  assert.ok(bytes(true) < bytes(false), `${bytes(true)} of ${bytes(false)}`);
});

Deno.test("a spot that is heard twice is one file, where a discontinuity is before it", async () => {
  const twice = (tag: string) => `#EXTM3U\n#EXTINF:1.5,\na.ts\n${tag}#EXTINF:1.5,\na.ts\n`;
  const preroll = await prerollOf({
    "live.m3u8": twice("#EXT-X-DISCONTINUITY\n"),
    "a.ts": SPOTS["a.ts"],
  });
  assert.equal(preroll.entries.length, 2);
  assert.deepEqual([...preroll.low.keys()], ["/prerole/a.ts"]);
  await assertNotInLow(
    { "live.m3u8": twice(""), "a.ts": SPOTS["a.ts"] },
    /a\.ts comes again, and no EXT-X/,
  );
});

Deno.test("what cannot be had in low latency is said at the load, and played in MPEG-TS", async () => {
  const [one, other] = [SPOTS["a.ts"], await encode({ seconds: 1.5, format: "mpegts" })];
  const both = { "live.m3u8": "#EXTM3U\n#EXTINF:3,\na.ts\n", "a.ts": concat([one, other]) };
  await assertNotInLow(both, /the configuration changes within \/prerole\/a\.ts$/);
  const unmarked = { "live.m3u8": "#EXTM3U\n#EXTINF:1.5,\na.ts\n#EXTINF:1.5,\nb.ts\n" };
  const files = { ...unmarked, "a.ts": one, "b.ts": other };
  await assertNotInLow(files, /b\.ts has another configuration, and no EXT-X-DISCONTINUITY$/);
  const preroll = await prerollOf(files);
  const show = await PrerollShow.start(preroll, 200);
  const { listener } = show;
  assert.ok(!listener.playlist.segments.some(isLowPreroll));
  assert.deepEqual(lowNumbers(listener), [...tsNumbers(show.broadcast)].slice(2));
  await show.stop();
});

/** A file that is served under a path. */
function bytesOf(path: string): Uint8Array<ArrayBuffer> {
  const file = PREROLL.files.get(path.replace(/^.*\//, ""));
  assert.ok(file, path);
  return file.bytes;
}

async function assertNotInLow(files: Record<string, Uint8Array | string>, reason: RegExp) {
  await using log = await LogRecorder.start();
  await withPrerollFolder(files, async (folder) => {
    const { entries, low, files } = await loadPreroll(folder);
    assert.ok(entries.length > 0);
    assert.deepEqual([low.size, [...files.keys()].filter((file) => /\.m4s$/.test(file))], [0, []]);
    const [line, ...others] = log.lines;
    assert.ok(line?.startsWith(`warning The preroll in ${folder} is not played in low latency: `));
    assert.match(line ?? "", reason);
    assert.deepEqual(others, []);
  });
}
