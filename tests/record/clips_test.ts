/** Clips of recordings: frames, boxes, and answers over HTTP. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Hono } from "hono";
import { Catalogue } from "../../src/record/catalogue.ts";
import { recordRoutes } from "../../src/record/routes.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { readPlainMp4, topLevel } from "../../testing/mp4/plain_mp4.ts";
import { Archive, SECOND } from "../../testing/record/archive.ts";
import { until } from "../../testing/until.ts";

function routesOf(archive: Archive): Hono {
  const catalogue = new Catalogue(archive.folder, archive.recorder);
  return recordRoutes({ catalogue, guard: (_, next) => next() });
}

async function clip(app: Hono, file: string, query: string): Promise<Uint8Array> {
  const response = await app.request(`/${file}/clip.mp4${query}`);
  assert.equal(response.status, 200, query);
  const bytes = await response.bytes();
  assert.equal(response.headers.get("Content-Length"), `${bytes.length}`);
  assert.deepEqual(topLevel(bytes), ["ftyp", "moov", "mdat"]);
  return bytes;
}

Deno.test("a clip has exactly the frames that begin between its times", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  const frames = await archive.record("demo", 25);
  for (
    const [from, to] of [[10.5, 20], [0, 0.001], [0, 1], [3.2, 3.3], [1, 1000], [0, 24.5]] as const
  ) {
    const got = readPlainMp4(await clip(app, "demo.mp4", `?from=${from}&to=${to}`));
    const expected = frames.filter((_, i) => i * 1024 / 48_000 >= from && i * 1024 / 48_000 < to);
    assert.deepEqual(got, expected, `${from} to ${to}`);
  }
  assert.deepEqual(readPlainMp4(await clip(app, "demo.mp4", "")), frames);
  assert.deepEqual(readPlainMp4(await clip(app, "demo.mp4", "?from=20")), frames.slice(938));
  assert.deepEqual(readPlainMp4(await clip(app, "demo.mp4", "?to=2")), frames.slice(0, 94));
});

Deno.test("clips that follow each other have each frame once", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  const frames = await archive.record("demo", 12, audioConfig({ sampleRate: 44_100 }));
  const places = [0, 0.1, 1.0449, 4.64399, 7.7, 9.999999, 100];
  const joined: Uint8Array[] = [];
  for (let i = 0; i + 1 < places.length; i++) {
    const query = `?from=${places[i]}&to=${places[i + 1]}`;
    joined.push(...readPlainMp4(await clip(app, "demo.mp4", query)));
  }
  assert.deepEqual(joined, frames);
});

Deno.test("a clip of what is live has what is written, and is the same when it is finished", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  const show = archive.begin("demo");
  for (let i = 0; i < 9; i++) await show.second();
  show.silence(3 * SECOND);
  for (let i = 0; i < 3; i++) await show.second();
  const file = "demo.20261123T141200Z.mp4.part";
  await until("it is written", () => (archive.recorder.find(file)?.durationMs ?? 0) > 15_000);
  const live = await clip(app, file, "?from=2.5&to=13");
  assert.deepEqual(readPlainMp4(live), show.frames.slice(118, 610));
  show.end();
  await archive.reach("record-complete", 1);
  assert.equal(Buffer.compare(live, await clip(app, "demo.mp4", "?from=2.5&to=13")), 0);
});

Deno.test("a clip goes over the sessions of a recording that was continued", async () => {
  await using archive = await Archive.open({ append: true });
  const app = routesOf(archive);
  const first = await archive.record("demo", 5);
  const second = await archive.record("demo", 5);
  const got = readPlainMp4(await clip(app, "demo.mp4", "?from=4&to=8"));
  assert.deepEqual(got, [...first, ...second].slice(188, 375));
});

Deno.test("parts of a clip, its head alone, and what the client has already", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  const show = archive.begin("demo");
  for (let i = 0; i < 10 * SECOND; i++) show.write(new Uint8Array(700).fill(i));
  show.end();
  await archive.reach("record-complete", 1);
  const url = "/demo.mp4/clip.mp4?from=1&to=9";
  const whole = await app.request(url);
  const bytes = await whole.bytes();
  assert.ok(bytes.length > 200_000);
  assert.equal(whole.headers.get("Content-Type"), "audio/mp4");
  assert.equal(whole.headers.get("Cache-Control"), "private, no-cache");
  assert.equal(
    whole.headers.get("Content-Disposition"),
    'attachment; filename="demo.1-9.mp4"',
  );
  const head = await app.request(url, { method: "HEAD" });
  assert.equal(head.headers.get("Content-Length"), `${bytes.length}`);
  assert.equal((await head.bytes()).length, 0);
  for (const [start, end] of [[0, 0], [100, 199_999], [bytes.length - 1, bytes.length]] as const) {
    const part = await app.request(url, { headers: { Range: `bytes=${start}-${end}` } });
    assert.equal(part.status, 206);
    const expected = bytes.subarray(start, end + 1);
    assert.equal(Buffer.compare(await part.bytes(), expected), 0);
  }
  const behind = await app.request(url, { headers: { Range: `bytes=${bytes.length}-` } });
  assert.equal(behind.status, 416);
  await behind.body?.cancel();
  const etag = whole.headers.get("ETag") ?? "";
  const same = await app.request(url, { headers: { "If-None-Match": etag } });
  assert.deepEqual([same.status, (await same.bytes()).length], [304, 0]);
  const other = await app.request("/demo.mp4/clip.mp4?from=1&to=8");
  assert.notEqual(other.headers.get("ETag"), etag);
  await other.body?.cancel();
});

Deno.test("times that mean nothing, and recordings that are not there, are refused", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  await archive.record("demo", 5);
  const damaged = "gone.20261123T141100Z.mp4.damaged";
  await Deno.writeTextFile(archive.folder.pathOf(damaged), "nothing of Echo's");
  const answer = async (file: string, query: string) => {
    const response = await app.request(`/${file}/clip.mp4${query}`);
    const { code, message } = await response.json();
    assert.equal(code, response.status);
    return `${code} ${message}`;
  };
  const times = "400 from and to are seconds from the recording's start, and to is behind from";
  for (
    const query of [
      ...["?from=NaN", "?from=-1", "?from=1e3", "?to=Infinity", "?from=2&to=1", "?from=1&to=1"],
      ...["?from=", "?to=", "?from=1,5", "?from=%00", "?from=0x1", "?to=99999999999", "?from=+1"],
      ...[
        "?from=1.2.3&to=5",
        "?from=.5",
        "?to=0",
        `?from=${"1".repeat(400)}`,
        "?from=%F0%9F%98%80",
      ],
    ]
  ) assert.equal(await answer("demo.mp4", query), times, query);
  const nothing = "400 nothing is recorded between from and to";
  for (const query of ["?from=5.1", "?from=900000000", "?from=0.001&to=0.002"]) {
    assert.equal(await answer("demo.mp4", query), nothing, query);
  }
  for (const file of ["other.mp4", "..%2Fdemo.mp4", "demo", "demo.20261123T141200Z.mp4.part"]) {
    assert.equal(await answer(file, ""), "404 recording not found", file);
  }
  assert.equal(await answer(damaged, ""), "409 no clip can be made of this recording");
});

Deno.test("so many clips are sent at a time, to one address a share of these, until each is over", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  await archive.record("demo", 20);
  const url = "/demo.mp4/clip.mp4?from=1&to=19";
  const ask = async (address: string, init: RequestInit = {}) =>
    await app.request(url, init, { client: address, remoteAddr: { hostname: address } });
  const status = async (address: string, init: RequestInit = {}) => {
    const answer = await ask(address, init);
    await answer.body?.cancel();
    return answer.status;
  };
  const etag = (await ask("192.0.2.9", { method: "HEAD" })).headers.get("ETag") ?? "";
  // Of these nothing is sent.
  for (let i = 0; i < 20; i++) {
    assert.equal(await status("192.0.2.9", { method: "HEAD" }), 200);
    assert.equal(await status("192.0.2.9", { headers: { "If-None-Match": etag } }), 304);
    assert.equal(await status("192.0.2.9", { headers: { Range: "bytes=99999999-" } }), 416);
  }
  const slow: Response[] = [];
  for (let i = 0; i < 4; i++) slow.push(await ask("192.0.2.1"));
  const refused = await ask("192.0.2.1");
  assert.equal(refused.status, 503);
  assert.equal((await refused.json()).message, "too many clips are made or sent already");
  for (let i = 0; i < 12; i++) slow.push(await ask(`192.0.2.${20 + i % 3}`));
  assert.equal(await status("192.0.2.3"), 503, "there are so many in all");
  assert.deepEqual(new Set(slow.map(({ status }) => status)), new Set([200]));
  const [read, left, ...others] = slow;
  await read?.bytes();
  assert.equal(await status("192.0.2.3"), 200);
  await left?.body?.cancel();
  const again = [await ask("192.0.2.3"), await ask("192.0.2.3"), await ask("192.0.2.3")];
  assert.deepEqual(again.map(({ status }) => status), [200, 200, 503]);
  for (const { body } of [...others, ...again]) await body?.cancel();
});

Deno.test("for a client that has left no clip is made, and others find room", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  await archive.record("demo", 5);
  for (let i = 0; i < 20; i++) {
    const request = new Request("http://echo/demo.mp4/clip.mp4", { signal: AbortSignal.abort() });
    assert.equal((await app.request(request)).status, 503);
  }
  assert.equal(readPlainMp4(await clip(app, "demo.mp4", "")).length, 5 * SECOND);
});

Deno.test("nobody has clips without leave", async () => {
  await using archive = await Archive.open();
  await archive.record("demo", 5);
  const catalogue = new Catalogue(archive.folder, archive.recorder);
  const guard = async () => await Promise.resolve(new Response(null, { status: 401 }));
  const app = recordRoutes({ catalogue, guard });
  assert.equal((await app.request("/demo.mp4/clip.mp4")).status, 401);
});
