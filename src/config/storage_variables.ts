/** The part of the configuration's table that is about object storage, where recordings go. */
import { boolean, type Kind, seconds, token } from "./kinds.ts";
import { optional, reloadable, variable } from "./variable.ts";

const TEN_YEARS_S = 315_360_000;

/** Where a store is: its address, in which `{bucket}` may stand for the bucket's name. */
const storeUrl: Kind<string> = {
  allowed: "a URL, as https://s3.example or https://{bucket}.s3.example",
  parse(text) {
    const url = URL.parse(text.replaceAll("{bucket}", "bucket"));
    if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
    const hasMore = [url.username, url.password, url.search, url.hash].some((part) => part !== "");
    return hasMore ? undefined : text;
  },
  format: String,
};

/** What a bucket may be called (Amazon S3, "General purpose bucket naming rules"), and a few more. */
const bucketName: Kind<string> = {
  allowed: "3 to 63 letters, digits, dots, - and _",
  parse: (text) => /^[A-Za-z0-9][A-Za-z0-9._-]{2,62}$/.test(text) ? text : undefined,
  format: String,
};

/** What all keys begin with, held without slashes around it. */
const keyPrefix: Kind<string> = {
  allowed: "letters, digits, - and _, with / between them, or nothing",
  parse(text) {
    const trimmed = text.replace(/^\/+|\/+$/g, "");
    return /^(?:[\w-]+(?:\/[\w-]+)*)?$/.test(trimmed) ? trimmed : undefined;
  },
  format: String,
};

const regionName: Kind<string> = {
  allowed: "lower case letters, digits and -",
  parse: (text) => /^[a-z0-9-]{1,63}$/.test(text) ? text : undefined,
  format: String,
};

/** Environment variables of object storage. */
export const STORAGE_VARIABLES = {
  url: optional(
    "S3_URL",
    storeUrl,
    "the store that gets recordings, which speaks S3; with {bucket} in its host name buckets are " +
      "hosts, without it they are the first part of the path",
  ),
  bucket: optional("S3_BUCKET", bucketName, "the bucket that they go to"),
  region: variable("S3_REGION", regionName, "us-east-1", "the region that requests are signed for"),
  accessKeyId: reloadable(
    optional("S3_ACCESS_KEY_ID", token, "the id of the key that signs requests to the store"),
  ),
  secretAccessKey: reloadable(
    optional("S3_SECRET_ACCESS_KEY", token, "the key that signs requests to the store"),
  ),
  prefix: variable(
    "S3_PREFIX",
    keyPrefix,
    "rec",
    "what keys in the bucket begin with: PREFIX/NAME/TIME.mp4",
  ),
  publicUrl: optional(
    "S3_PUBLIC_URL",
    storeUrl,
    "how operators' browsers reach the store, where that is not S3_URL",
  ),
  /** 0: off. */
  maxAgeMs: variable(
    "S3_MAX_AGE",
    seconds({ min: 0, max: TEN_YEARS_S }),
    "0",
    "recordings that have been in the bucket for longer are deleted from it. 0: off",
  ),
  keepsFiles: variable(
    "RECORD_KEEP",
    boolean,
    "1",
    "0: a recording is deleted from the disk once it is in the bucket",
  ),
};
