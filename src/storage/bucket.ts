/** A bucket of a store that speaks S3 (Amazon S3 API reference, 2006-03-01). */
import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import type { Clock } from "../session/clock.ts";
import { StorageError } from "./storage_error.ts";
import { elementsOf, textOf } from "./store_xml.ts";
import type { FileRange, StoreAnswer, StoreTransport } from "./store_transport.ts";

/** Where a bucket is, and who may use it. */
export interface BucketSettings {
  /** The store. `{bucket}` stands for the bucket, which is in the path otherwise. */
  readonly url: string;
  /** The same as browsers reach it; `undefined`: as this server does. */
  readonly publicUrl: string | undefined;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A multipart upload. */
export interface BegunUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** An object, as far as it is told of it. */
export interface ObjectFacts {
  readonly bytes: number;
  /** What {@link Bucket.begin} was given; `undefined` where Echo has not made it. */
  readonly mark: string | undefined;
}

/** An object in a list. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  /** For how long it has been there, by the store's own clock. */
  readonly ageMs: number;
}

/** Some of the objects, in the order of their keys. */
export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** Where the next page begins; `undefined` where this is the last. */
  readonly next: string | undefined;
}

/** A bucket. Each method rejects with {@link StorageError}. */
export class Bucket {
  /** May be replaced at any time. */
  settings: BucketSettings;
  readonly #clock: Pick<Clock, "now">;
  readonly #transport: StoreTransport;

  constructor(
    settings: BucketSettings,
    { clock, transport }: { clock: Pick<Clock, "now">; transport: StoreTransport },
  ) {
    this.settings = settings;
    this.#clock = clock;
    this.#transport = transport;
  }

  /**
   * Begins a multipart upload. @returns its id
   * @param mark what the object is to be known by
   */
  async begin(key: string, mark: string): Promise<string> {
    const headers = { "content-type": "audio/mp4", [MARK]: mark };
    const { text } = await this.#ask("POST", key, { query: { uploads: "" }, headers });
    return required(textOf(text, "UploadId"), "UploadId");
  }

  /**
   * Sends a part, whose number counts from 1. The store refuses it where it is not what was hashed.
   * @param sha256 of the body, in hexadecimal
   * @returns its entity tag
   */
  async sendPart(
    { key, uploadId }: BegunUpload,
    number: number,
    body: FileRange,
    sha256: string,
  ): Promise<string> {
    const query = { partNumber: `${number}`, uploadId };
    const asked = { query, body, sha256, patienceMs: PART_PATIENCE_MS };
    const { etag } = (await this.#askForPart(key, asked)).headers;
    if (etag === undefined || !ETAG.test(etag)) {
      throw new StorageError("BadAnswer", "a part has no ETag");
    }
    return etag;
  }

  /**
   * Makes an object of an upload, unless there is one already, as far as the store looks at that. Of a
   * store that fails meanwhile, it is not known whether it did.
   */
  async complete({ key, uploadId }: BegunUpload, etags: readonly string[]): Promise<void> {
    const parts = etags.map((etag, i) => {
      return `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`;
    });
    const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
    const asked = { query: { uploadId }, body, patienceMs: COMPLETE_PATIENCE_MS };
    const { text } = await this.#askWhereNothingIs(key, asked);
    required(elementsOf(text, "CompleteMultipartUploadResult")[0], "a result");
  }

  /** Has the store forget an upload, where it has not done so already. */
  async abort({ key, uploadId }: BegunUpload): Promise<void> {
    await this.#ask("DELETE", key, { query: { uploadId }, allowed: [404] });
  }

  /** @returns `undefined` where there is no such object */
  async find(key: string): Promise<ObjectFacts | undefined> {
    const { status, headers } = await this.#ask("HEAD", key, { allowed: [404] });
    if (status === 404) return undefined;
    const bytes = Number(required(headers["content-length"], "Content-Length"));
    const mark = headers[MARK];
    return { bytes, mark: typeof mark === "string" ? mark : undefined };
  }

  /** Deletes an object, if it is there. */
  async remove(key: string): Promise<void> {
    await this.#ask("DELETE", key, { allowed: [404] });
  }

  /**
   * Lists objects whose keys begin with `prefix`.
   * @param from {@link ObjectPage.next} of the page before
   */
  async list(prefix: string, from?: string, most: number = 1000): Promise<ObjectPage> {
    const { text, headers } = await this.#ask("GET", "", {
      query: {
        "list-type": "2",
        prefix,
        "max-keys": `${most}`,
        ...from === undefined ? {} : { "continuation-token": from },
      },
    });
    required(elementsOf(text, "ListBucketResult")[0], "a list");
    const now = Date.parse(headers.date ?? "");
    const objects = elementsOf(text, "Contents").flatMap((entry) => {
      const key = textOf(entry, "Key");
      const bytes = Number(textOf(entry, "Size") ?? NaN);
      const ageMs = now - Date.parse(textOf(entry, "LastModified") ?? "");
      return key === undefined || Number.isNaN(bytes) ? [] : [{ key, bytes, ageMs }];
    });
    const isCut = textOf(text, "IsTruncated") === "true";
    return { objects, next: isCut ? textOf(text, "NextContinuationToken") : undefined };
  }

  /**
   * A URL by which anybody may read an object for a while.
   * @param fileName what the object is called where it is saved
   */
  async signedUrl(
    key: string,
    fileName: string,
    { method, seconds }: { readonly method: string; readonly seconds: number },
  ): Promise<string> {
    const { url, publicUrl } = this.settings;
    const target = this.#urlOf(publicUrl ?? url, key);
    target.searchParams.set("X-Amz-Expires", `${seconds}`);
    target.searchParams.set(
      "response-content-disposition",
      `attachment; filename="${fileName}"`,
    );
    const signed = await this.#signer({ method, url: target, signQuery: true }).sign();
    // As it was signed: a space is %20 and no plus sign.
    return signed.url.href.replaceAll("+", "%20");
  }

  /** A store may refuse a part and hang up before it is sent: then another request tells why. */
  async #askForPart(key: string, asked: Asked): Promise<StoreAnswer> {
    try {
      return await this.#ask("PUT", key, asked);
    } catch (error) {
      const isCut = error instanceof StorageError && error.code === "Unreachable";
      if (isCut) await this.list(key, undefined, 1);
      throw error;
    }
  }

  /** Stores that do not know the condition ignore it, or say that they do not. */
  async #askWhereNothingIs(key: string, asked: Asked): Promise<StoreAnswer> {
    try {
      return await this.#ask("POST", key, { ...asked, headers: { "if-none-match": "*" } });
    } catch (error) {
      if (!(error instanceof StorageError && error.code === "NotImplemented")) throw error;
      return await this.#ask("POST", key, asked);
    }
  }

  async #ask(method: string, key: string, asked: Asked): Promise<StoreAnswer> {
    const { query = {}, headers = {}, body = "", patienceMs = PATIENCE_MS, allowed = [] } = asked;
    const url = this.#urlOf(this.settings.url, key);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const hash = asked.sha256 ?? createHash("sha256").update(String(body)).digest("hex");
    const signer = this.#signer({
      ...{ method, url },
      headers: { ...headers, "x-amz-content-sha256": hash },
    });
    const signed = await signer.sign();
    const sent = {
      ...{ method, body, patienceMs },
      url: new URL(signed.url.href.replaceAll("+", "%20")),
      headers: Object.fromEntries(signed.headers),
    };
    const answer = await this.#transport.send(sent);
    const isGood = answer.status >= 200 && answer.status < 300;
    // A store that has begun to answer 200 can tell what went wrong only in the body.
    const error = elementsOf(answer.text, "Error")[0];
    if ((isGood && error === undefined) || allowed.includes(answer.status) && !isLost(error)) {
      return answer;
    }
    throw refusal(answer, error);
  }

  #urlOf(pattern: string, key: string): URL {
    const { bucket } = this.settings;
    const isHost = pattern.includes("{bucket}");
    const url = new URL(pattern.replaceAll("{bucket}", bucket));
    const path = [url.pathname.replace(/\/+$/, ""), ...isHost ? [] : [bucket]].join("/");
    url.pathname = `${path}/${key}`;
    return url;
  }

  #signer(
    { method, url, headers = {}, signQuery = false }: {
      readonly method: string;
      readonly url: URL;
      readonly headers?: Readonly<Record<string, string>>;
      readonly signQuery?: boolean;
    },
  ): AwsV4Signer {
    const { region, accessKeyId, secretAccessKey } = this.settings;
    const datetime = new Date(this.#clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, "");
    return new AwsV4Signer({
      ...{ method, url: url.href, headers: { ...headers }, signQuery, datetime },
      ...{ region, accessKeyId, secretAccessKey, service: "s3" },
    });
  }
}

/** What is asked beside the method and the key. */
interface Asked {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FileRange;
  /** Of the body, where that is a file's. */
  readonly sha256?: string;
  readonly patienceMs?: number;
  /** Statuses that are answers, too. */
  readonly allowed?: readonly number[];
}

/** A bucket that is not there answers 404 as well, which says nothing of an object in it. */
function isLost(error: string | undefined): boolean {
  return error !== undefined && textOf(error, "Code") === "NoSuchBucket";
}

function refusal({ status }: StoreAnswer, error: string | undefined): StorageError {
  const code = error && textOf(error, "Code");
  const message = error && textOf(error, "Message");
  const words = WORDS[status] ?? `status ${status}`;
  return new StorageError(shown(code) ?? `${status}`, shown(message) ?? words);
}

/** What a store says is shown to operators, and so it is cut, and kept on one line. */
function shown(text: string | undefined): string | undefined {
  const clean = text?.replace(/[\s\p{C}]+/gu, " ").trim().slice(0, MAX_SHOWN);
  return clean === "" ? undefined : clean;
}

function required<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new StorageError("BadAnswer", `the store answers without ${what}`);
  return found;
}

/** Answers to HEAD have no body that says more. */
const WORDS: Readonly<Record<number, string>> = {
  403: "the key may not do that, or is wrong",
  404: "there is no such bucket",
};
const MARK = "x-amz-meta-echo-upload";
const ETAG = /^"?[\w+/=.-]{1,128}"?$/;
const MAX_SHOWN = 200;
const PATIENCE_MS = 30_000;
/** A store may take in a part before it looks at it. */
const PART_PATIENCE_MS = 120_000;
/** "Processing of a CompleteMultipartUpload request could take several minutes" (Amazon S3). */
const COMPLETE_PATIENCE_MS = 600_000;
