/** Endless streams over HTTP. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { StreamRing } from "../../../src/hls/progressive/stream_ring.ts";
import { streamFor, streamRoutes } from "../../../src/hls/progressive/stream_routes.ts";
import { endAnswersAt } from "../../../src/web/answer_end.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { readIcy } from "../../../testing/hls/icy_stream.ts";
import { FRAME_MS } from "../../../testing/hls/on_air.ts";
import { StreamedBroadcast } from "../../../testing/hls/streamed_broadcast.ts";
import { concat } from "../../../testing/bytes.ts";

/** A broadcast that is on air, and its routes. */
async function onAir(endsInMs = Infinity) {
  const broadcast = await StreamedBroadcast.start();
  const { clock, copies } = broadcast;
  const ingest = broadcast.publish();
  ingest.metadata({ title: "Misty", artist: "Ella" }, 0);
  await broadcast.live(ingest, 0, 300);
  const app = new Hono().use((c, next) => {
    endAnswersAt(c, clock.now() + endsInMs);
    return next();
  }).route("/cast", streamRoutes({ clock, streams: copies }));
  return { broadcast, ingest, app };
}

/** The next pieces of an answer, at least so many bytes. */
async function read(answer: Response, least: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const reader = answer.body?.getReader();
  for (let length = 0; length < least;) {
    const { value, done = true } = await reader?.read() ?? {};
    if (done || value === undefined) break;
    pieces.push(value);
    length += value.length;
  }
  reader?.releaseLock();
  return concat(pieces);
}

Deno.test("the stream of the broadcast's codec is there, the other one is not", async () => {
  const { broadcast, app } = await onAir();
  const answer = await app.request("/cast/demo/stream.aac");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("Content-Type"), "audio/aac");
  assert.equal(answer.headers.get("Cache-Control"), "no-store");
  assert.equal(answer.headers.get("icy-name"), "demo");
  assert.equal(answer.headers.get("icy-br"), "18");
  assert.equal(answer.headers.get("icy-metaint"), null);
  const bytes = await read(answer, 5000);
  assert.equal((bytes[0] ?? 0) << 4 | (bytes[1] ?? 0) >> 4, 0xfff);
  await answer.body?.cancel();
  assert.equal(broadcast.copies.listeners.size, 0);
  for (const path of ["demo/stream.mp3", "other/stream.aac", "a.b/stream.aac"]) {
    assert.equal((await app.request(`/cast/${path}`)).status, 404, path);
  }
  await broadcast.stop();
});

Deno.test("a broadcast's stream is there whatever its codec, for those who knew no codec", async () => {
  const { broadcast, app } = await onAir();
  const answer = await app.request("/cast/demo/stream");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("Content-Type"), "audio/aac");
  const bytes = await read(answer, 5000);
  assert.equal((bytes[0] ?? 0) << 4 | (bytes[1] ?? 0) >> 4, 0xfff);
  await answer.body?.cancel();
  assert.equal((await app.request("/cast/other/stream")).status, 404);
  await broadcast.stop();
});

Deno.test("a HEAD is answered without a listener", async () => {
  const { broadcast, app } = await onAir();
  const answer = await app.request("/cast/demo/stream.aac", { method: "HEAD" });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("Content-Type"), "audio/aac");
  assert.equal(await answer.text(), "");
  assert.deepEqual(broadcast.asked, []);
  await broadcast.stop();
});

Deno.test("who asks for titles gets them, and nobody else", async () => {
  const { broadcast, app } = await onAir();
  const headers = { "Icy-MetaData": "1" };
  const answer = await app.request("/cast/demo/stream.aac", { headers });
  const interval = Number(answer.headers.get("icy-metaint"));
  assert.equal(interval, 1000);
  const { titles } = readIcy(await read(answer, 2 * interval), interval);
  assert.deepEqual(titles, [{ title: "Ella - Misty", position: interval }]);
  await answer.body?.cancel();
  const other = await app.request("/cast/demo/stream.aac", { headers: { "Icy-MetaData": "0" } });
  assert.equal(other.headers.get("icy-metaint"), null);
  await other.body?.cancel();
  await broadcast.stop();
});

Deno.test("pages of any origin may ask, for titles too", async () => {
  const { broadcast, app } = await onAir();
  const preflight = await app.request("/cast/demo/stream.aac", {
    method: "OPTIONS",
    headers: {
      "Origin": "https://player.example",
      "Access-Control-Request-Method": "GET",
      "Access-Control-Request-Headers": "icy-metadata",
    },
  });
  assert.equal(preflight.headers.get("Access-Control-Allow-Origin"), "*");
  assert.match(preflight.headers.get("Access-Control-Allow-Headers") ?? "", /icy-metadata/i);
  const answer = await app.request("/cast/demo/stream.aac", { method: "HEAD" });
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
  assert.match(answer.headers.get("Access-Control-Expose-Headers") ?? "", /icy-metaint/);
  await broadcast.stop();
});

Deno.test("a stream ends when its listener's token does", async () => {
  const { broadcast, app } = await onAir(5000);
  const answer = await app.request("/cast/demo/stream.aac");
  const whole = answer.bytes();
  await broadcast.clock.advance(4900);
  assert.equal(broadcast.copies.listeners.get("demo"), 1);
  await broadcast.clock.advance(200);
  assert.equal(broadcast.copies.listeners.size, 0);
  await whole;
  await broadcast.stop();
});

Deno.test("a stream ends when its listener's token does, also where that is in a month", async () => {
  const endsInMs = 30 * 86_400_000;
  const clock = new FakeClock();
  const ring = new StreamRing();
  const streams = {
    fileOf: () => "stream.aac",
    join: () => Promise.resolve({ cursor: ring.join(), bytesPerSecond: 1000 }),
  };
  const app = new Hono().use((c, next) => {
    endAnswersAt(c, clock.now() + endsInMs);
    return next();
  }).route("/cast", streamRoutes({ clock, streams }));
  const answer = await app.request("/cast/demo/stream.aac");
  await clock.advance(endsInMs - 1000);
  assert.equal(ring.listeners, 1);
  await clock.advance(1000);
  assert.equal(ring.listeners, 0);
  assert.equal((await answer.bytes()).length, 0);
});

for (const bitrate of [24, 48, 64, 96, 128, 160, 320]) {
  Deno.test(`at ${bitrate} kbit/s each title is heard within half a second of its audio`, async () => {
    const broadcast = await StreamedBroadcast.start();
    const { clock, copies } = broadcast;
    const ingest = broadcast.publish();
    const frameBytes = Math.round(bitrate * 1000 / 8 * FRAME_MS / 1000) - ADTS_BYTES;
    const data = new Uint8Array(frameBytes).fill(1);
    const begins = new Map<string, number>();
    const play = async (from: number, to: number) => {
      for (let number = from; number < to; number++) {
        if (number % 237 === 100) {
          ingest.metadata({ title: `title ${number}`, artist: undefined }, number * FRAME_MS);
          begins.set(`title ${number}`, number);
        }
        new DataView(data.buffer).setUint32(0, number);
        ingest.write(data, number * FRAME_MS);
        await clock.advance(FRAME_MS);
      }
    };
    await play(0, 400);
    const joined = await copies.join("demo");
    assert.ok(typeof joined === "object");
    const { source, fields } = streamFor(joined, true);
    const interval = Number(fields["icy-metaint"]);
    const pieces: Uint8Array[] = [];
    source.onMore(() => {
      for (let bytes = source.next(); bytes?.length; bytes = source.next()) {
        pieces.push(bytes);
        source.sent(bytes.length);
      }
    });
    await play(400, 2400);
    const { audio, titles } = readIcy(concat(pieces), interval);
    const first = new DataView(audio.buffer).getUint32(ADTS_BYTES);
    assert.ok(titles.length >= 8);
    for (const { title, position } of titles.slice(1)) {
      const number = first + position / (frameBytes + ADTS_BYTES);
      const offMs = Math.abs(number - (begins.get(title) ?? NaN)) * FRAME_MS;
      assert.ok(offMs <= 500, `${title} is ${offMs} ms off`);
    }
    source.leave();
    await broadcast.stop();
  });
}

/** Of each frame. */
const ADTS_BYTES = 7;
