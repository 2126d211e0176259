/** What is left of recordings that were deleted while they were on their way to the bucket. */
import assert from "node:assert/strict";
import { storedFile } from "../../src/record/stored_file.ts";
import { parseFileName } from "../../src/record/file_names.ts";
import { StoredArchive } from "../../testing/storage/stored_archive.ts";
import { until } from "../../testing/until.ts";

/** Deletes a file as operators do. */
async function remove({ archive, uploader }: StoredArchive, file: string): Promise<void> {
  const parsed = parseFileName(file);
  const found = parsed && await storedFile(archive.folder.path, parsed);
  await archive.folder.remove(file);
  await uploader.forget(found?.identity ?? "");
}

/** Files that keep what is known of uploads. */
async function keptFiles({ archive }: StoredArchive): Promise<string[]> {
  const hidden = await Array.fromAsync(Deno.readDir(`${archive.folder.path}/.uploads`));
  return hidden.map(({ name }) => name).filter((name) => name !== "lock");
}

Deno.test("a deletion is not forgotten while the store fails", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server, clock } = stored;
  const { promise, resolve } = Promise.withResolvers<"lost">();
  server.behave = ({ action }) => action === "CompleteMultipartUpload" ? promise : "good";
  await archive.record("demo", 2);
  await stored.pass("its object is made", () => server.count("CompleteMultipartUpload") > 0);
  await remove(stored, "demo.mp4");
  server.behave = ({ action }) => action === "HeadObject" ? 503 : "good";
  resolve("lost");
  await until("it is made, and nobody heard of it", () => server.objects.size === 1);
  const end = clock.monotonic() + 130_000;
  await stored.pass("the folder is looked at some times", () => clock.monotonic() >= end);
  server.behave = () => "good";
  await stored.pass("the object is deleted", () => server.objects.size === 0);
  await stored.pass("nothing is kept of it", async () => (await keptFiles(stored)).length === 0);
});

Deno.test("an upload whose file is gone is not given up in the middle of a request", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server, clock } = stored;
  const { promise, resolve } = Promise.withResolvers<"good">();
  server.behave = ({ action }) => action === "CompleteMultipartUpload" ? promise : "good";
  await archive.record("demo", 2);
  await stored.pass("its object is made", () => server.count("CompleteMultipartUpload") > 0);
  await archive.folder.remove("demo.mp4");
  const end = clock.monotonic() + 130_000;
  await stored.pass("the folder is looked at some times", () => clock.monotonic() >= end);
  const aborted = server.count("AbortMultipartUpload");
  resolve("good");
  assert.equal(aborted, 0);
  await stored.pass("it is stored", () => stored.uploader.figures.storedRecordings === 1);
  await stored.pass("nothing is kept of it", async () => (await keptFiles(stored)).length === 0);
});
