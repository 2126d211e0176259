/** The preroll in low latency: what is made of it at its load, and who hears it. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { loadPreroll, type Preroll } from "../../../src/hls/preroll.ts";
import { hlsRoutes, PREROLL_NAME, prerollRoutes } from "../../../src/hls/routes.ts";
import { encode } from "../../../testing/audio/ffmpeg.ts";
import { concat } from "../../../testing/bytes.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { Broadcast } from "../../../testing/hls/broadcast.ts";
import { LowListener } from "../../../testing/hls/low_listener.ts";
import { MemoryFolder } from "../../../testing/hls/memory_files.ts";
import { FRAME_MS, playlistOf } from "../../../testing/hls/on_air.ts";
import { prerollOf, withPrerollFolder } from "../../../testing/hls/preroll_folder.ts";
import { Run } from "../../../testing/hls/run.ts";
import { originOf } from "../../../testing/hls/served_stream.ts";
import type { SeenLowSegment } from "../../../testing/hls_validator/low_playlist_reader.ts";
import { isLowPreroll } from "../../../testing/hls_validator/low_rules.ts";
import { LogRecorder } from "../../../testing/log_recorder.ts";
import { inFile, md5, readByFfmpeg, readByMediabunny } from "../../../testing/mp4/readers.ts";
import { demux } from "../../../testing/mpegts/timed_collector.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";
import { until } from "../../../testing/until.ts";

const SECOND = 47;
const seconds = 1.5;
const SPOT = await encode({ rate: 44_100, seconds, format: "mpegts" });
const FILES = {
  "live.m3u8": "#EXTM3U\n#EXTINF:1.5,\na.ts\n#EXTINF:1.5,\nb.ts\n" +
    "#EXT-X-DISCONTINUITY\n#EXTINF:1.5,\nc.aac\n",
  "a.ts": SPOT,
  "b.ts": await encode({ rate: 44_100, seconds, format: "mpegts", bitrate: "64k" }),
  "c.aac": await encode({ rate: 32_000, layout: "mono", seconds }),
};
const PREROLL = await prerollOf(FILES);

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
  const again = await prerollOf(FILES);
  assert.deepEqual([...again.files.keys()], [...PREROLL.files.keys()]);
  const other = await prerollOf({ ...FILES, "a.ts": FILES["b.ts"] });
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
  await withPrerollFolder(FILES, async (folder) => {
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
    "a.ts": SPOT,
  });
  assert.equal(preroll.entries.length, 2);
  assert.deepEqual([...preroll.low.keys()], ["/prerole/a.ts"]);
  await assertNotInLow({ "live.m3u8": twice(""), "a.ts": SPOT }, /a\.ts comes again, and no EXT-X/);
});

Deno.test("what cannot be had in low latency is said at the load, and played in MPEG-TS", async () => {
  const [one, other] = [SPOT, await encode({ seconds, format: "mpegts" })];
  const both = { "live.m3u8": "#EXTM3U\n#EXTINF:3,\na.ts\n", "a.ts": concat([one, other]) };
  await assertNotInLow(both, /the configuration changes within \/prerole\/a\.ts$/);
  const unmarked = { "live.m3u8": "#EXTM3U\n#EXTINF:1.5,\na.ts\n#EXTINF:1.5,\nb.ts\n" };
  const files = { ...unmarked, "a.ts": one, "b.ts": other };
  await assertNotInLow(files, /b\.ts has another configuration, and no EXT-X-DISCONTINUITY$/);
  const preroll = await prerollOf(files);
  const show = await onAir(preroll, 200);
  const { listener } = show;
  assert.ok(!listener.playlist.segments.some(isLowPreroll));
  assert.deepEqual(numbersOf(listener), [...numbersOfTs(show.broadcast)].slice(2));
  await stop(show);
});

Deno.test("who comes first hears the preroll, then the show behind a discontinuity", async () => {
  const show = await onAir(PREROLL, 5);
  const { broadcast, listener } = show;
  const { segments, hint, dateRanges, targetDuration } = listener.playlist;
  assert.equal(targetDuration, 2);
  assert.deepEqual(segments.map(({ whole }) => whole?.uri), [...lowUris()]);
  assert.ok(segments.every(({ parts }) => parts.length > 0), "a player may begin at any part");
  assert.deepEqual(numbersOf(listener), numbersOfTs(broadcast));
  const [, number] = /^(\d+)-.*\.0\.m4s$/.exec(hint ?? "") ?? [];
  assert.equal(Number(number), (segments.at(-1)?.sequence ?? NaN) + 1);
  assert.deepEqual(dateRanges, []);
  assert.equal((await listener.get("low.m3u8")).status, 200);
  await play(show, 5, 40);
  const open = listener.playlist.segments.at(-1);
  assert.deepEqual([open?.discontinuity, open?.whole, open?.parts.length], [true, undefined, 2]);
  await stop(show);
});

Deno.test("the next part of the show is waited for by its own number from the first version on", async () => {
  const show = await onAir(PREROLL, 5);
  const { broadcast, ingest, listener } = show;
  const last = listener.playlist.segments.at(-1);
  const queries = [
    `_HLS_msn=${(last?.sequence ?? NaN) + 1}&_HLS_part=0`,
    // A part behind the last one of its segment is the first of the next.
    `_HLS_msn=${last?.sequence}&_HLS_part=${last?.parts.length}`,
  ];
  const asked = queries.map((query) => listener.ask(`low-media.m3u8?${query}`));
  const known = await listener.get(`low-media.m3u8?_HLS_msn=${last?.sequence}`);
  assert.equal(known.status, 200);
  assert.ok(asked.every(({ answer }) => answer === undefined));
  await broadcast.live(ingest, 5, 20);
  for (const { answer } of asked) {
    assert.equal(answer?.status, 200);
    assert.match(await answer.text(), /#EXT-X-PART:[^\n]*-\d+-\w+\.0\.m4s"\n#EXT-X-PRELOAD-HINT/);
  }
  await stop(show);
});

Deno.test("both forms have the same numbers while the preroll is listed, and when it has gone", async () => {
  const show = await onAir(PREROLL, 5);
  const { broadcast, listener } = show;
  for (let second = 1; second < 30; second++) {
    if (second === 2) show.ingest.metadata({ title: "One", artist: undefined }, undefined);
    if (second === 5) show.ingest.metadata({ title: "Two", artist: undefined }, undefined);
    await play(show, 5 + (second - 1) * SECOND, 5 + second * SECOND);
    const [low, ts] = [numbersOf(listener), numbersOfTs(broadcast)];
    const common = low.filter(([number]) => ts.some(([other]) => other === number));
    assert.ok(common.length >= 3);
    assert.deepEqual(common, ts.filter(([number]) => low.some(([other]) => other === number)));
    if (second === 7) assert.equal(listener.playlist.dateRanges.length, 2);
  }
  assert.ok(!listener.playlist.segments.some(isLowPreroll));
  assert.equal(listener.playlist.discontinuitySequence, 2);
  assert.deepEqual(listener.breaches, []);
  await stop(show);
});

Deno.test("who comes later finds of the preroll what the playlist still has", async () => {
  const show = await onAir(PREROLL, 5 * SECOND, false);
  const { broadcast, listener } = show;
  await look(show);
  const listed = numbersOfTs(broadcast);
  assert.deepEqual(numbersOf(listener).slice(0, listed.length), listed);
  await stop(show);
  const later = await onAir(PREROLL, 30 * SECOND, false);
  await look(later);
  assert.ok(later.listener.playlist.segments.every((segment) => !isLowPreroll(segment)));
  assert.equal(later.listener.playlist.discontinuitySequence, 2);
  await stop(later);
});

Deno.test("each presentation has it first, and a return of the same one has not", async () => {
  const show = await onAir(PREROLL, 3 * SECOND);
  const { broadcast, ingest, listener } = show;
  ingest.end("lost");
  await pass(show, 3000);
  show.ingest = broadcast.connect();
  await play(show, 0, 2 * SECOND);
  assert.equal(listener.playlist.segments.filter(isLowPreroll).length, 3);
  show.ingest.end("finished");
  await pass(show, 15_000);
  assert.equal(listener.playlist.hint, undefined);
  const last = listener.playlist.segments.at(-1)?.sequence;
  show.ingest = broadcast.connect();
  const again = { ...show, listener: new LowListener(broadcast) };
  await play(again, 0, SECOND);
  const { segments } = again.listener.playlist;
  assert.deepEqual(segments.slice(0, 3).map(({ sequence }) => sequence - (last ?? NaN)), [1, 2, 3]);
  assert.ok(segments.slice(0, 3).every(isLowPreroll));
  assert.deepEqual([...listener.breaches, ...again.listener.breaches], []);
  again.listener.origin.close();
  await stop(show);
});

Deno.test("who asked before the show began gets the numbers of the preroll too", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish(), 2);
    first.kill();
    await first.hls.stop();
    // With another target duration the earlier playlist is not gone on with.
    const run = await Run.start(path, clock, 1500, { preroll: PREROLL });
    const listener = new LowListener({ hls: run.hls, clock, folder: new MemoryFolder() });
    await listener.look();
    await clock.advance(0);
    assert.equal(listener.versions.length, 0);
    const ingest = run.publish();
    await run.broadcast(ingest, 2);
    await until("it is there in low latency", async () => {
      await clock.advance(100);
      await listener.look();
      return listener.versions.length > 0;
    });
    assert.deepEqual(numbersOf(listener).slice(0, 3), numbersOfTs(run).slice(0, 3));
    assert.deepEqual(listener.breaches, []);
    listener.origin.close();
    run.kill();
    await run.hls.stop();
  }));

const lowUris = () => PREROLL.entries.map(({ uri }) => PREROLL.low.get(uri)?.uri);

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

/** A broadcast with a preroll, and who listens to it. */
interface Show {
  readonly broadcast: Broadcast;
  readonly listener: LowListener;
  ingest: ReturnType<Broadcast["connect"]>;
}

/** So many frames are on air; `listens` whether somebody does so in low latency from the start. */
async function onAir(preroll: Preroll, frames: number, listens = true): Promise<Show> {
  const broadcast = await Broadcast.start({ preroll });
  const show = { broadcast, listener: new LowListener(broadcast), ingest: broadcast.connect() };
  if (listens) await play(show, 0, frames);
  else await broadcast.live(show.ingest, 0, frames);
  return show;
}

/** Frames in real time, while the listener plays. */
async function play(show: Show, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) {
    show.broadcast.send(show.ingest, number);
    await pass(show, FRAME_MS);
  }
}

async function pass(show: Pick<Show, "broadcast" | "listener">, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await show.broadcast.clock.advance(Math.min(left, 100));
    await show.listener.look();
  }
}

/** The listener gets the newest version. */
async function look({ broadcast, listener }: Show): Promise<void> {
  await until("it is there in low latency", async () => {
    await listener.look();
    await broadcast.clock.advance(0);
    return listener.versions.length > 0;
  });
}

async function stop({ broadcast, listener }: Show): Promise<void> {
  listener.origin.close();
  await broadcast.stop();
}

/** Media sequence number, discontinuity sequence number, and whether it is preroll. */
type Numbered = [number: number, discontinuity: number, isPreroll: boolean];

function numbersOf({ playlist }: LowListener): Numbered[] {
  let { discontinuitySequence } = playlist;
  return playlist.segments.map((segment: SeenLowSegment) => {
    if (segment.discontinuity) discontinuitySequence++;
    return [segment.sequence, discontinuitySequence, isLowPreroll(segment)];
  });
}

function numbersOfTs(onAir: Pick<Broadcast, "hls"> & Parameters<typeof playlistOf>[0]): Numbered[] {
  const { mediaSequence, segments, ...playlist } = playlistOf(onAir, "demo");
  let { discontinuitySequence } = playlist;
  return segments.map(({ discontinuity, uri }, i) => {
    if (discontinuity) discontinuitySequence++;
    return [mediaSequence + i, discontinuitySequence, uri.startsWith("/")];
  });
}
