/** The HTTP routes of the archive: the list, the files, and deleting. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Hono } from "hono";
import { Catalogue } from "../../src/record/catalogue.ts";
import { recordRoutes } from "../../src/record/routes.ts";
import { Archive, SECOND } from "../../testing/record/archive.ts";

function routesOf(archive: Archive): Hono {
  const catalogue = new Catalogue(archive.folder, archive.recorder);
  return recordRoutes({ catalogue, guard: (_, next) => next() });
}

Deno.test("the list tells of each recording, the latest first", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  assert.deepEqual(await (await app.request("/")).json(), []);
  await archive.record("demo", 2);
  await archive.record("demo", 1);
  await Deno.writeTextFile(archive.folder.pathOf("other.mp4"), "not a recording");
  await Deno.writeTextFile(archive.folder.pathOf("notes.txt"), "not ours");
  const left = "left.20261123T141100Z.mp4.part";
  await Deno.writeTextFile(archive.folder.pathOf(left), "left over");
  const show = archive.begin("now");
  await show.second();
  await archive.reach("record-start", 3);
  const live = "now.20261123T141203Z.mp4.part";
  const sizes = new Map<string, number>();
  for (const file of await archive.files()) sizes.set(file, (await archive.read(file)).length);
  const duration = 1.002667;
  const demo = "demo.20261123T141200Z.mp4";
  const expected = [
    [live, "now", "live", "2026-11-23T14:12:03.000Z", duration],
    ["demo.mp4", "demo", "finished", "2026-11-23T14:12:02.000Z", duration],
    [demo, "demo", "finished", "2026-11-23T14:12:00.000Z", 2.005333],
    [left, "left", "unfinished", "2026-11-23T14:11:00.000Z", null],
    ["other.mp4", "other", "finished", null, null],
  ].map(([file, name, state, start, duration]) => ({
    ...{ file, name, state, start, duration },
    size: sizes.get(String(file)),
  }));
  assert.deepEqual(await (await app.request("/")).json(), expected);
  assert.deepEqual(await (await app.request("/")).json(), expected, "also when it knows them");
  show.end();
});

/** A recording of `demo` that is read in more than one piece. */
async function recordMuch(archive: Archive): Promise<void> {
  const show = archive.begin("demo");
  for (let i = 0; i < 5 * SECOND; i++) show.write(new Uint8Array(400).fill(i));
  show.end();
  await archive.reach("record-complete", 1);
}

Deno.test("a recording is sent whole, in part, or not at all", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  await recordMuch(archive);
  const bytes = await archive.read("demo.mp4");
  assert.ok(bytes.length > 70_000);
  const get = async (headers: Record<string, string> = {}, method = "GET") => {
    const response = await app.request("/demo.mp4", { method, headers });
    const { status } = response;
    const length = response.headers.get("Content-Length");
    return { status, length, headers: response.headers, body: await response.bytes() };
  };
  const whole = await get();
  assert.equal(whole.status, 200);
  assert.equal(Buffer.compare(whole.body, bytes), 0);
  assert.equal(whole.length, `${bytes.length}`);
  assert.equal(whole.headers.get("Content-Type"), "audio/mp4");
  assert.equal(whole.headers.get("Accept-Ranges"), "bytes");

  const head = await get({}, "HEAD");
  assert.deepEqual([head.status, head.length, head.body.length], [200, whole.length, 0]);

  for (
    const [start, end] of [[0, 0], [10, 70_000], [bytes.length - 1, bytes.length - 1]] as const
  ) {
    const part = await get({ Range: `bytes=${start}-${end}` });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get("Content-Range"), `bytes ${start}-${end}/${bytes.length}`);
    assert.equal(Buffer.compare(part.body, bytes.subarray(start, end + 1)), 0);
  }
  const behind = await get({ Range: `bytes=${bytes.length}-` });
  assert.equal(behind.status, 416);
  assert.equal(behind.headers.get("Content-Range"), `bytes */${bytes.length}`);

  const tag = whole.headers.get("ETag") ?? "";
  assert.equal((await get({ Range: "bytes=1-", "If-Range": tag })).status, 206);
  assert.equal((await get({ Range: "bytes=1-", "If-Range": '"other"' })).status, 200);
});

Deno.test("what is live is sent as far as it is", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  const show = archive.begin("demo");
  await show.second();
  await archive.reach("record-start", 1);
  const file = "demo.20261123T141200Z.mp4.part";
  const response = await app.request(`/${file}`);
  assert.equal(Buffer.compare(await response.bytes(), await archive.read(file)), 0);
  assert.equal(response.headers.get("ETag"), null);
  // Who goes on has nothing to compare it by (RFC 9110 13.1.5).
  for (const [headers, status] of [[{}, 206], [{ "If-Range": '"other"' }, 200]] as const) {
    const part = await app.request(`/${file}`, { headers: { Range: "bytes=1-", ...headers } });
    await part.body?.cancel();
    assert.equal(part.status, status);
  }
  show.end();
});

Deno.test("a client that goes away in the middle leaves no file open", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  await recordMuch(archive);
  const reader = (await app.request("/demo.mp4")).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  await (await app.request("/demo.mp4")).body?.cancel();
});

Deno.test("a recording is deleted, but never one that is in work", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  await archive.record("demo", 1);
  const show = archive.begin("demo");
  await show.second();
  await archive.reach("record-start", 2);
  const remove = async (file: string) =>
    (await app.request(`/${file}`, { method: "DELETE" })).status;
  assert.equal(await remove("demo.mp4"), 204);
  assert.equal(await remove("demo.mp4"), 404);
  const [live = ""] = await archive.files();
  assert.equal(await remove(live), 409);
  assert.deepEqual(await archive.files(), [live]);
  show.end();
});

Deno.test("nothing but recordings of the folder can be had", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  await archive.record("demo", 1);
  await Deno.writeTextFile(archive.folder.pathOf("notes.txt"), "not ours");
  await Deno.writeTextFile(`${archive.folder.path}/../demo.mp4`, "not ours");
  await Deno.mkdir(archive.folder.pathOf("folder.mp4"));
  const files = ["notes.txt", "other.mp4", "..%2fdemo.mp4", "%2e%2e%2fdemo.mp4", "folder.mp4"];
  for (const file of [...files, "demo.mp4%00", "demo.mp4.part", `${"a".repeat(5000)}.mp4`]) {
    for (const method of ["GET", "HEAD", "DELETE"]) {
      assert.equal((await app.request(`/${file}`, { method })).status, 404, `${method} ${file}`);
    }
  }
});

Deno.test("nothing is told or done without leave", async () => {
  await using archive = await Archive.open();
  await archive.record("demo", 1);
  const catalogue = new Catalogue(archive.folder, archive.recorder);
  const app = recordRoutes({ catalogue, guard: (c) => Promise.resolve(c.body(null, 401)) });
  for (const [method, path] of [["GET", "/"], ["GET", "/demo.mp4"], ["DELETE", "/demo.mp4"]]) {
    assert.equal((await app.request(path ?? "", { method: method ?? "" })).status, 401);
  }
  assert.deepEqual(await archive.files(), ["demo.mp4"]);
});
