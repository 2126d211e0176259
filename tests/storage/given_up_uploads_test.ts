/** What becomes of uploads that were given up, since one that is never completed costs space. */
import assert from "node:assert/strict";
import type { StoreBehaviour, StoreRequestSeen } from "../../testing/storage/s3_server.ts";
import { StoredArchive } from "../../testing/storage/stored_archive.ts";

/** The store makes no object of any upload, and does that with requests to forget one. */
function takesAllInVain(abort: StoreBehaviour) {
  return ({ action }: StoreRequestSeen): StoreBehaviour => {
    if (action === "AbortMultipartUpload") return abort;
    return action === "CompleteMultipartUpload" ? 400 : "good";
  };
}

Deno.test("the store is to forget an upload that is lost before another begins", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server, uploader } = stored;
  let most = 0;
  server.behave = (request) => {
    most = Math.max(most, server.uploads.size);
    return takesAllInVain("good")(request);
  };
  await archive.record("demo", 3);
  await stored.pass("it is sent in vain", () => server.count("CompleteMultipartUpload") >= 3);
  assert.equal(most, 1);
  server.behave = () => "good";
  await stored.clock.advance(3_600_000);
  await stored.pass("it is stored", () => uploader.figures.storedRecordings === 1);
  await stored.pass("nothing is left of it", () => server.uploads.size === 0);
});

for (
  const { what, status } of [
    { what: "that does not forget uploads", status: 503 },
    { what: "that does not let the key forget uploads", status: 403 },
  ]
) {
  Deno.test(`a store ${what} gets the recording all the same`, async () => {
    await using stored = await StoredArchive.open();
    const { archive, server, uploader } = stored;
    server.behave = takesAllInVain(status);
    await archive.record("demo", 3);
    await stored.pass("it is lost", () => server.count("CompleteMultipartUpload") >= 2);
    server.behave = ({ action }) => action === "AbortMultipartUpload" ? status : "good";
    await stored.clock.advance(3_600_000);
    await stored.pass("it is stored", () => uploader.figures.storedRecordings === 1);
  });
}
