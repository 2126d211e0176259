/** What operators see of recordings that are in the bucket, and how these are read and deleted. */
import assert from "node:assert/strict";
import type { Hono } from "hono";
import { Catalogue } from "../../src/record/catalogue.ts";
import { recordRoutes } from "../../src/record/routes.ts";
import { StoredRecordings } from "../../src/storage/stored_recordings.ts";
import { fileOfKey, keyOf } from "../../src/storage/object_keys.ts";
import { START } from "../../testing/record/archive.ts";
import { until } from "../../testing/until.ts";
import { StoredArchive, type StoredArchiveOptions } from "../../testing/storage/stored_archive.ts";

const KEY = "rec/demo/20261123T141200Z.mp4";
const FILE = "demo.20261123T141200Z.mp4";

interface Listed {
  readonly file: string;
  readonly state: string;
  readonly start: string | null;
  readonly size: number;
  readonly places: readonly string[];
}

/** An archive with a bucket, as operators reach it. */
async function withRoutes(
  options: StoredArchiveOptions & { readonly maxAgeMs?: number },
  test: (stored: StoredArchive, app: Hono, recordings: StoredRecordings) => Promise<void>,
): Promise<void> {
  const { maxAgeMs = 0, ...own } = options;
  await using stored = await StoredArchive.open({
    ...own,
    onChanged: (recording, bytes) => recordings.changed(recording, bytes),
  });
  const { archive, clock, bucket, uploader } = stored;
  const recordings = new StoredRecordings({
    ...{ clock, bucket, prefix: "rec", maxAgeMs, uploads: uploader },
  });
  const catalogue = new Catalogue(archive.folder, archive.recorder, recordings);
  await test(stored, recordRoutes({ catalogue, guard: (_, next) => next() }), recordings);
  recordings.close();
}

async function list(app: Hono): Promise<Listed[]> {
  return await (await app.request("/")).json();
}

function object(bytes: number, madeAt = Date.now()) {
  return { bytes: new Uint8Array(bytes), etag: '"e"', mark: "other", madeAt };
}

Deno.test("the list has what is on the disk, in the bucket, and in both", async () => {
  await withRoutes({}, async ({ archive, server, expectStored, pass }, app) => {
    server.objects.set("rec/there/20261101T100000Z.mp4", object(7));
    server.objects.set("rec/notes.txt", object(7));
    await archive.record("demo", 2);
    await expectStored(KEY, "demo.mp4");
    server.behave = ({ action }) => action === "CreateMultipartUpload" ? 503 : "good";
    await archive.record("here", 1);
    await pass("both are listed", async () => (await list(app)).length === 3);
    const found = (await list(app)).map(({ file, state, start, places }) => {
      return [file, state, start, places.join()];
    });
    assert.deepEqual(found, [
      ["here.mp4", "finished", found[0]?.[2], "disk"],
      ["demo.mp4", "finished", "2026-11-23T14:12:00.000Z", "disk,bucket"],
      ["there.20261101T100000Z.mp4", "finished", "2026-11-01T10:00:00.000Z", "bucket"],
    ]);
  });
});

Deno.test("what is in the bucket alone is read by a signed URL", async () => {
  await withRoutes({ keepsFiles: false }, async ({ archive, server, files, pass }, app) => {
    await archive.record("demo", 2);
    await pass("the file is gone", async () => (await files()).length === 0);
    const response = await app.request(`/${FILE}`);
    assert.equal(response.status, 302);
    assert.equal(response.headers.get("cache-control"), "private, no-store");
    const url = response.headers.get("location") ?? "";
    const got = await fetch(url);
    assert.deepEqual(await got.bytes(), server.objects.get(KEY)?.bytes);
    const head = await app.request(`/${FILE}`, { method: "HEAD" });
    assert.equal((await fetch(head.headers.get("location") ?? "", { method: "HEAD" })).status, 200);
    const other = await fetch(url.replace(/.$/, (end) => end === "0" ? "1" : "0"));
    assert.equal(other.status, 403);
    await other.body?.cancel();
    assert.equal((await app.request("/demo.20261123T141201Z.mp4")).status, 404);
    assert.equal((await app.request("/other.txt")).status, 404);
  });
});

Deno.test("a recording is deleted wherever it is", async () => {
  await withRoutes({}, async ({ archive, server, expectStored, files, pass }, app) => {
    server.objects.set("rec/there/20261101T100000Z.mp4", object(7));
    await archive.record("demo", 2);
    await expectStored(KEY, "demo.mp4");
    await pass(
      "it is known",
      async () => (await list(app)).some(({ places }) => places.length > 1),
    );
    const remove = async (file: string) => {
      return (await app.request(`/${file}`, { method: "DELETE" })).status;
    };
    assert.equal(await remove("demo.mp4"), 204);
    assert.equal(await remove("there.20261101T100000Z.mp4"), 204);
    assert.equal(await remove("there.20261101T100000Z.mp4"), 404);
    assert.deepEqual([...server.objects.keys()], []);
    assert.deepEqual(await files(), []);
    assert.deepEqual(await list(app), []);
  });
});

Deno.test("what is deleted while its object is made is not in the bucket either", async () => {
  await withRoutes({}, async ({ archive, server, files, pass }, app) => {
    const { promise, resolve } = Promise.withResolvers<"good">();
    server.behave = ({ action }) => action === "CompleteMultipartUpload" ? promise : "good";
    await archive.record("demo", 2);
    await pass("it is being made", () => server.count("CompleteMultipartUpload") > 0);
    assert.equal((await app.request("/demo.mp4", { method: "DELETE" })).status, 204);
    assert.deepEqual(await files(), []);
    resolve("good");
    await pass("it is deleted", () => server.count("DeleteObject") > 0);
    assert.deepEqual([server.objects.size, server.uploads.size], [0, 0]);
    const hidden = async () =>
      await Array.fromAsync(Deno.readDir(`${archive.folder.path}/.uploads`));
    await pass("nothing is kept of it", async () => (await hidden()).length === 1);
  });
});

Deno.test("a bucket that cannot be asked costs its part of the list, and deletes nothing", async () => {
  await withRoutes({}, async ({ archive, server, expectStored, files, pass }, app) => {
    await archive.record("demo", 2);
    await expectStored(KEY, "demo.mp4");
    await pass(
      "it is known",
      async () => (await list(app)).some(({ places }) => places.length > 1),
    );
    await server.close();
    assert.deepEqual((await list(app)).map(({ file }) => file), ["demo.mp4"]);
    const gone = await app.request(`/${FILE}`);
    assert.equal(gone.status, 503);
    assert.match((await gone.json()).message, /^the bucket cannot be asked: Unreachable: /);
    assert.equal((await app.request("/demo.mp4")).status, 200);
    assert.equal((await app.request("/demo.mp4", { method: "DELETE" })).status, 503);
    assert.deepEqual(await files(), ["demo.mp4"]);
  });
});

Deno.test("what has been in the bucket for too long is deleted there, by the store's clock", async () => {
  const day = 86_400_000;
  const clockIsWrong = START + 400 * day;
  await withRoutes({ maxAgeMs: 7 * day }, async ({ clock, server, pass }) => {
    clock.setWall(clockIsWrong);
    server.objects.set("rec/old/20261101T100000Z.mp4", object(1, Date.now() - 8 * day));
    server.objects.set("rec/new/20261101T100000Z.mp4", object(1, Date.now() - 6 * day));
    server.objects.set("rec/notes.txt", object(1, 0));
    server.objects.set("other/20261101T100000Z.mp4", object(1, 0));
    await clock.advance(3_600_000);
    await pass("it is deleted", () => server.count("DeleteObject") > 0);
    assert.deepEqual([...server.objects.keys()], [
      ...["rec/new/20261101T100000Z.mp4", "rec/notes.txt", "other/20261101T100000Z.mp4"],
    ]);
  });
});

Deno.test("a list that takes long is not asked for with each look at a dashboard", async () => {
  await withRoutes({}, async ({ clock, server }, app) => {
    server.objects.set("rec/there/20261101T100000Z.mp4", object(7));
    const { promise, resolve } = Promise.withResolvers<"good">();
    server.behave = ({ action }) => action === "ListObjectsV2" ? promise : "good";
    const first = list(app);
    await until("the bucket is asked", () => server.count("ListObjectsV2") === 1);
    await clock.advance(5000);
    assert.deepEqual(await first, []);
    resolve("good");
    await until("it is known", async () => (await list(app)).length === 1);
    for (let i = 0; i < 6; i++) {
      await clock.advance(15_000);
      assert.equal((await list(app)).length, 1);
    }
    assert.equal(server.count("ListObjectsV2"), 1);
  });
});

Deno.test("what leaves the disk for the bucket is listed there without another look", async () => {
  await withRoutes({ keepsFiles: false }, async ({ archive, server, files, pass }, app) => {
    assert.deepEqual(await list(app), []);
    server.behave = ({ action }) => action === "ListObjectsV2" ? 503 : "good";
    await archive.record("demo", 2);
    await pass("the file is gone", async () => (await files()).length === 0);
    const found = (await list(app)).map(({ file, places }) => [file, places.join()]);
    assert.deepEqual(found, [[FILE, "bucket"]]);
  });
});

Deno.test("keys and names of files tell the same recording", () => {
  const id = { name: "demo", startTime: START, count: 2 };
  assert.equal(keyOf("a/b", id), "a/b/demo/20261123T141200Z-2.mp4");
  assert.equal(keyOf("", id), "demo/20261123T141200Z-2.mp4");
  assert.equal(fileOfKey("a/b", keyOf("a/b", id)), "demo.20261123T141200Z-2.mp4");
  for (
    const key of ["demo/x.mp4", "rec/demo.mp4", "rec/a/b/20261123T141200Z.mp4", "rec/demo/", "rec"]
  ) {
    assert.equal(fileOfKey("rec", key), undefined, key);
  }
});
