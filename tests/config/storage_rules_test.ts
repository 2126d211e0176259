/** Variables of object storage: what they need, what they cannot do, and how they are written. */
import assert from "node:assert/strict";
import { load, refusalOf, warningsOf } from "../../testing/config/environments.ts";

const STORAGE = {
  S3_URL: "https://s3.example",
  S3_BUCKET: "shows",
  S3_ACCESS_KEY_ID: "id",
  S3_SECRET_ACCESS_KEY: "hush",
};

Deno.test("a store needs a bucket and a key", () => {
  assert.deepEqual(warningsOf(STORAGE), []);
  for (const name of ["S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"]) {
    assert.equal(
      refusalOf({ ...STORAGE, [name]: "" }),
      `Cannot use S3_URL: expected ${name} to be set too, got nothing`,
    );
  }
});

Deno.test("recordings that are continued do not go to a bucket", () => {
  assert.match(
    refusalOf({ ...STORAGE, RECORD_APPEND: "1" }),
    /^Cannot use RECORD_APPEND: expected it/,
  );
});

Deno.test("what means nothing is warned about", () => {
  assert.deepEqual(warningsOf({ S3_BUCKET: "shows", RECORD_KEEP: "0" }), [
    "S3_URL is unset: S3_BUCKET, RECORD_KEEP means nothing",
  ]);
  assert.match(warningsOf({ ...STORAGE, RECORD_ENABLED: "0" }).join(), /nothing goes there/);
  assert.match(
    warningsOf({ ...STORAGE, S3_BUKET: "a" }).join(),
    /S3_BUKET is unknown: did you mean S3_BUCKET\?/,
  );
});

Deno.test("stores, buckets and prefixes are checked", () => {
  assert.equal(load({ ...STORAGE, S3_PREFIX: "/a/b/" }).storage.prefix, "a/b");
  assert.equal(load(STORAGE).storage.prefix, "rec");
  const hosted = "https://{bucket}.s3.eu-central-1.example:9000";
  assert.equal(load({ ...STORAGE, S3_URL: hosted }).storage.url, hosted);
  for (
    const [name, value] of [
      ["S3_URL", "s3.example"],
      ["S3_URL", "ftp://s3.example"],
      ["S3_URL", "https://id:hush@s3.example"],
      ["S3_URL", "https://s3.example/?a"],
      ["S3_PUBLIC_URL", "s3.example"],
      ["S3_BUCKET", "a/b"],
      ["S3_BUCKET", ".."],
      ["S3_PREFIX", "../a"],
      ["S3_REGION", "EU West"],
    ]
  ) {
    assert.match(refusalOf({ ...STORAGE, [name ?? ""]: value ?? "" }), /^Cannot parse S3_/, value);
  }
});
