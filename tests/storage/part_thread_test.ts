/** The thread that sends parts: what it does, and what it tells of errors. */
import assert from "node:assert/strict";
import { identityOf } from "../../src/record/files.ts";
import { PartThread } from "../../src/storage/part_thread.ts";
import { StorageError } from "../../src/storage/storage_error.ts";
import { FileChanged } from "../../src/storage/store_transport.ts";
import { BucketFixture, settingsOf } from "../../testing/storage/bucket_fixture.ts";
import { sha256 } from "../../testing/storage/request_signature.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

/** A thread, and a file for it. */
async function withThread(
  test: (thread: PartThread, fixture: BucketFixture, path: string) => Promise<void>,
): Promise<void> {
  await using fixture = new BucketFixture();
  const thread = new PartThread(settingsOf(fixture.server));
  try {
    await withFolder(async (folder) => {
      await Deno.writeFile(`${folder}/file`, BYTES);
      await test(thread, fixture, `${folder}/file`);
    });
  } finally {
    thread.close();
  }
}

const BYTES = new Uint8Array(300_000).map((_, i) => i * 7);
const KEY = "rec/demo/20261123T141200Z.mp4";

Deno.test("a thread hashes parts, and sends them", async () => {
  await withThread(async (thread, { bucket, server }, path) => {
    const identity = identityOf(await Deno.stat(path));
    const range = { path, identity, start: 100_000, end: 250_000 };
    const expected = sha256(BYTES.subarray(100_000, 250_000));
    assert.deepEqual(await thread.do(range), { sha256: expected, etag: "" });
    const uploadId = await bucket.begin(KEY, "mark");
    const done = await thread.do({ ...range, to: { key: KEY, uploadId, number: 2 } });
    assert.equal(done.sha256, expected);
    assert.match(done.etag, /^"[\da-f]{32}"$/);
    assert.deepEqual(server.uploads.get(uploadId)?.parts.get(2), BYTES.subarray(100_000, 250_000));
  });
});

Deno.test("what goes wrong is told as in this thread", async () => {
  await withThread(async (thread, { bucket, server }, path) => {
    const identity = identityOf(await Deno.stat(path));
    const range = { path, identity, start: 0, end: 1000 };
    const uploadId = await bucket.begin(KEY, "mark");
    const to = { key: KEY, uploadId, number: 1 };
    server.behave = () => 503;
    await assert.rejects(thread.do({ ...range, to }), (error) => {
      return error instanceof StorageError && error.code === "SlowDown" &&
        error.message === "SlowDown: The store & its words for SlowDown";
    });
    server.behave = () => "good";
    thread.settings = { ...bucket.settings, secretAccessKey: "wrong" };
    await assert.rejects(thread.do({ ...range, to }), /^StorageError: SignatureDoesNotMatch: /);
    await assert.rejects(thread.do({ ...range, identity: "1-1" }), FileChanged);
    await assert.rejects(thread.do({ ...range, end: 400_000 }), FileChanged);
    await assert.rejects(thread.do({ ...range, path: `${path}2` }), Deno.errors.NotFound);
  });
});

Deno.test("a thread that is closed gives up what it does", async () => {
  await withThread(async (thread, { bucket, server }, path) => {
    const identity = identityOf(await Deno.stat(path));
    const uploadId = await bucket.begin(KEY, "mark");
    server.behave = () => "silent";
    const to = { key: KEY, uploadId, number: 1 };
    const doing = thread.do({ path, identity, start: 0, end: 1000, to });
    const rejected = assert.rejects(doing, /^StorageError: Closed: /);
    thread.close();
    await rejected;
    await assert.rejects(thread.do({ path, identity, start: 0, end: 1 }), /Closed/);
  });
});
