/** What uploads that fail cost the others, and the store. */
import assert from "node:assert/strict";
import type { StoreRequestSeen } from "../../testing/storage/s3_server.ts";
import { StoredArchive } from "../../testing/storage/stored_archive.ts";
import { until } from "../../testing/until.ts";

/** The store never makes objects of recordings that are called like this. */
function takesNoneCalled(name: RegExp) {
  return ({ action, key }: StoreRequestSeen) =>
    action === "CompleteMultipartUpload" && name.test(key) ? 500 : "good";
}

Deno.test("a recording that the store never takes keeps no other waiting, and is told of", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server, uploader } = stored;
  server.behave = takesNoneCalled(/refused/);
  await archive.record("refused", 3);
  await stored.pass("it is tried once a minute", () => uploader.figures.failures >= 8);
  await archive.record("good", 5);
  await stored.pass("the other is stored", () => uploader.figures.storedRecordings === 1);
  const told = /^rec\/refused\/.*\.mp4 cannot be stored: InternalError: /;
  await stored.pass("it is told", () => told.test(uploader.problems.join()));
  assert.equal(uploader.problems.length, 1);
  server.behave = () => "good";
  await stored.pass("both are stored", () => uploader.figures.storedRecordings === 2);
  assert.deepEqual(uploader.problems, []);
});

Deno.test("nor do many of them", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server, uploader } = stored;
  server.behave = takesNoneCalled(/refused/);
  for (let i = 0; i < 30; i++) await archive.record(`refused${i}`, 1);
  await stored.pass("all are tried", () => uploader.figures.failures >= 30);
  await archive.record("good", 5);
  await stored.pass("the other is stored", () => uploader.figures.storedRecordings === 1);
});

Deno.test("requests that fail at once count as one: the store is asked again a second later", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server, uploader, clock } = stored;
  const { promise, resolve } = Promise.withResolvers<503>();
  server.behave = () => promise;
  for (let i = 0; i < 16; i++) await archive.record(`demo${i}`, 1);
  await until("16 are under way", () => server.mostUnderWay === 16);
  resolve(503);
  await until("all have failed", () => uploader.figures.failures === 16);
  server.behave = () => "good";
  await clock.advance(1000);
  await until("the store is asked again", () => server.requests.length > 16);
  await stored.pass("all are stored", () => server.objects.size === 16);
});
