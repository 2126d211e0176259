/** How the bucket is asked, and what is made of its answers, of which some are wrong. */
import assert from "node:assert/strict";
import { StorageError } from "../../src/storage/storage_error.ts";
import { Bucket } from "../../src/storage/bucket.ts";
import { BucketFixture, settingsOf } from "../../testing/storage/bucket_fixture.ts";
import { sha256 } from "../../testing/storage/request_signature.ts";
import { S3Server, type StoreBehaviour } from "../../testing/storage/s3_server.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";
import { systemClock } from "../../src/session/clock.ts";
import { StoreTransport } from "../../src/storage/store_transport.ts";

const KEY = "rec/demo/20261123T141200Z.mp4";

/** Sends some bytes of a file as a part. */
async function sendPart(bucket: Bucket, uploadId: string, part: number, bytes: Uint8Array) {
  let etag = "";
  await withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/file`, bytes);
    using handle = await Deno.open(`${folder}/file`);
    const body = { handle, start: 0, end: bytes.length };
    etag = await bucket.sendPart({ key: KEY, uploadId }, part, body, sha256(bytes));
  });
  return etag;
}

async function codeOf(asking: Promise<unknown>): Promise<string> {
  try {
    await asking;
    return "none";
  } catch (error) {
    assert.ok(error instanceof StorageError, String(error));
    return error.code;
  }
}

Deno.test("an object is made of parts, found, listed, read by a signed URL and deleted", async () => {
  await using fixture = new BucketFixture();
  const { bucket, server } = fixture;
  const parts = [new Uint8Array(200_000).fill(1), new Uint8Array(70_000).fill(2)];
  const uploadId = await bucket.begin(KEY, "mark-1");
  const etags: string[] = [];
  for (const [i, bytes] of parts.entries()) {
    etags.push(await sendPart(bucket, uploadId, i + 1, bytes));
  }
  assert.equal(await bucket.find(KEY), undefined);
  await bucket.complete({ key: KEY, uploadId }, etags);
  assert.deepEqual(await bucket.find(KEY), { bytes: 270_000, mark: "mark-1" });
  const { objects, next } = await bucket.list("rec/");
  assert.deepEqual(objects.map(({ key, bytes }) => [key, bytes]), [[KEY, 270_000]]);
  assert.equal(next, undefined);
  const url = await bucket.signedUrl(KEY, "demo show.mp4", { method: "GET", seconds: 60 });
  const response = await fetch(url);
  assert.equal(response.status, 200, await response.clone().text());
  assert.deepEqual((await response.bytes()).subarray(199_999, 200_001), Uint8Array.of(1, 2));
  await bucket.remove(KEY);
  assert.equal(server.objects.size, 0);
});

Deno.test("a list is read page by page", async () => {
  await using fixture = new BucketFixture();
  const { bucket, server } = fixture;
  for (const name of ["a", "b", "c"]) {
    const object = { bytes: new Uint8Array(1), etag: "", mark: undefined, madeAt: 0 };
    server.objects.set(`rec/${name}/20261123T141200Z.mp4`, object);
  }
  const first = await bucket.list("rec/", undefined, 2);
  assert.equal(first.objects.length, 2);
  assert.ok(first.objects.every(({ ageMs }) => ageMs > 3_600_000));
  const second = await bucket.list("rec/", first.next, 2);
  assert.deepEqual([second.objects.length, second.next], [1, undefined]);
});

Deno.test("a part that is not what was hashed is refused", async () => {
  await using fixture = new BucketFixture();
  const { bucket } = fixture;
  const uploadId = await bucket.begin(KEY, "mark");
  await withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/file`, new Uint8Array(10));
    using handle = await Deno.open(`${folder}/file`);
    const body = { handle, start: 0, end: 10 };
    const sending = bucket.sendPart({ key: KEY, uploadId }, 1, body, sha256("else"));
    assert.equal(await codeOf(sending), "XAmzContentSHA256Mismatch");
  });
});

for (
  const [behaviour, code] of [
    [503, "SlowDown"],
    [507, "XStorageFull"],
    ["error in 200", "InternalError"],
    ["lost", "Unreachable"],
    ["cut", "Unreachable"],
  ] satisfies [StoreBehaviour, string][]
) {
  Deno.test(`of a store that answers "${behaviour}", the error is told`, async () => {
    await using fixture = new BucketFixture();
    const { bucket, server } = fixture;
    const uploadId = await bucket.begin(KEY, "mark");
    server.behave = () => behaviour;
    const bytes = new Uint8Array(300_000);
    assert.equal(await codeOf(bucket.complete({ key: KEY, uploadId }, [])), code);
    assert.equal(await codeOf(bucket.begin(KEY, "mark")), code);
    assert.equal(await codeOf(bucket.list("rec/")), code);
    const part = await codeOf(sendPart(bucket, uploadId, 1, bytes));
    assert.ok(part === code, part);
  });
}

Deno.test("a wrong secret and a bucket that is not there are told as the store tells them", async () => {
  await using fixture = new BucketFixture();
  const { bucket, server } = fixture;
  server.key = { ...server.key, secretAccessKey: "another" };
  assert.equal(await codeOf(bucket.begin(KEY, "mark")), "SignatureDoesNotMatch");
  assert.equal(await codeOf(bucket.find(KEY)), "403");
  server.key = { ...server.key, secretAccessKey: bucket.settings.secretAccessKey };
  server.hasBucket = false;
  assert.equal(await codeOf(bucket.begin(KEY, "mark")), "NoSuchBucket");
  assert.equal(await codeOf(bucket.remove(KEY)), "NoSuchBucket");
});

Deno.test("of a store that hangs up while a part comes, another request tells why", async () => {
  await using fixture = new BucketFixture();
  const { bucket, server } = fixture;
  const uploadId = await bucket.begin(KEY, "mark");
  server.key = { ...server.key, secretAccessKey: "another" };
  server.behave = ({ action }) => action === "UploadPart" ? "cut" : "good";
  const part = sendPart(bucket, uploadId, 1, new Uint8Array(300_000));
  assert.equal(await codeOf(part), "SignatureDoesNotMatch");
});

Deno.test("nobody listens: that is told", async () => {
  await using fixture = new BucketFixture();
  await fixture.server.close();
  assert.equal(await codeOf(fixture.bucket.find(KEY)), "Unreachable");
});

Deno.test("a store that does nothing is given up", async () => {
  const clock = new FakeClock();
  await using fixture = new BucketFixture(clock);
  fixture.server.behave = () => "silent";
  const asking = codeOf(fixture.bucket.find(KEY));
  await until("it is asked", () => fixture.server.requests.length === 1);
  await clock.advance(31_000);
  assert.equal(await asking, "NoProgress");
});

Deno.test("buckets are in the path, or hosts of their own", async () => {
  const server = { url: "https://s3.example:9000/base/", bucket: "shows" };
  const signed = async (changes: object) => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const transport = new StoreTransport(systemClock);
    const bucket = new Bucket({ ...settingsOf(server), ...changes }, { clock, transport });
    const url = await bucket.signedUrl("a/b.mp4", "b.mp4", { method: "GET", seconds: 9 });
    return url.split("?")[0];
  };
  assert.equal(await signed({}), "https://s3.example:9000/base/shows/a/b.mp4");
  assert.equal(
    await signed({ url: "https://{bucket}.s3.example" }),
    "https://shows.s3.example/a/b.mp4",
  );
  const publicUrl = "https://cdn.example/s3";
  assert.equal(await signed({ publicUrl }), "https://cdn.example/s3/shows/a/b.mp4");
});

Deno.test("connections are used again", async () => {
  const server = S3Server.start();
  await using fixture = new BucketFixture(systemClock, server);
  for (let i = 0; i < 5; i++) await fixture.bucket.find(KEY);
  assert.equal(server.count("HeadObject"), 5);
});
