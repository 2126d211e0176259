/** A small store that speaks S3, keeps all in memory, and fails in the ways that stores do. */
import { createHash } from "node:crypto";
import type { PemPair } from "../../src/tls/certificate.ts";
import { sha256, signatureFault, type StoreKey } from "./request_signature.ts";

/** A request as the store sees it. */
export interface StoreRequestSeen {
  /** `UploadPart`, as the API reference calls it. */
  readonly action: StoreAction;
  readonly key: string;
  /** Of `UploadPart`. */
  readonly part: number;
}

export type StoreAction =
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "HeadObject"
  | "GetObject"
  | "DeleteObject"
  | "ListObjectsV2";

/**
 * What the store does with a request. A number is the status of an error; `error in 200` is a status of
 * 200 with an error in the body; `lost` does all and closes the connection in the middle of the answer;
 * `cut` closes it while the body comes; `silent` never answers.
 */
export type StoreBehaviour = "good" | number | "error in 200" | "lost" | "cut" | "silent";

/** An object in the store. */
export interface KeptObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly mark: string | undefined;
  /** When it was made, in milliseconds since the epoch. */
  madeAt: number;
}

interface OpenUpload {
  readonly key: string;
  readonly mark: string | undefined;
  readonly parts: Map<number, Uint8Array>;
}

export const TEST_KEY: StoreKey = { accessKeyId: "test-id", secretAccessKey: "test-secret" };

/** The store. */
export class S3Server implements AsyncDisposable {
  readonly bucket: string = "recordings";
  readonly objects = new Map<string, KeptObject>();
  readonly uploads = new Map<string, OpenUpload>();
  readonly requests: StoreRequestSeen[] = [];
  /** For the requests to come. */
  behave: (request: StoreRequestSeen) => StoreBehaviour | Promise<StoreBehaviour> = () => "good";
  key: StoreKey = TEST_KEY;
  hasBucket = true;
  mostUnderWay = 0;
  #underWay = 0;
  /** What is silent ends with it. */
  #cut = new AbortController();
  #lastUpload = 0;
  #pair: PemPair | undefined;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #port = 0;

  /** @param pair the certificate of a store that is asked over TLS */
  static start(pair?: PemPair): S3Server {
    const server = new S3Server();
    server.#pair = pair;
    server.open();
    return server;
  }

  get url(): string {
    return `${this.#pair === undefined ? "http" : "https"}://127.0.0.1:${this.#port}`;
  }

  /** How often it was asked that. */
  count(action: StoreAction): number {
    return this.requests.filter((request) => request.action === action).length;
  }

  /** Answers again, at the same port. */
  open(): void {
    const options = {
      ...{ hostname: "127.0.0.1", port: this.#port, onListen: () => {} },
      ...this.#pair,
    };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
    this.#port = this.#server.addr.port;
  }

  /** Is gone: nobody listens at its port. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closing = server?.shutdown();
    this.#cut.abort();
    this.#cut = new AbortController();
    await closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #answer(request: Request): Promise<Response> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.#underWay);
    try {
      return await this.#answerTo(request);
    } finally {
      this.#underWay--;
    }
  }

  async #answerTo(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, bucket, ...rest] = url.pathname.split("/");
    const key = rest.join("/");
    const action = actionOf(request.method, key, url.searchParams);
    const seen = { action, key, part: Number(url.searchParams.get("partNumber") ?? 0) };
    this.requests.push(seen);
    const behaviour = await this.behave(seen);
    if (behaviour === "silent") return await this.#never();
    if (behaviour === "cut") {
      await request.body?.cancel();
      return brokenAnswer(new Headers());
    }
    const body = new Uint8Array(await request.arrayBuffer());
    const fault = signatureFault(request, url, this.key);
    if (fault !== undefined) return failure(403, fault);
    if (bucket !== this.bucket || !this.hasBucket) return failure(404, "NoSuchBucket");
    if (typeof behaviour === "number") return failure(behaviour, CODES[behaviour] ?? "Failed");
    if (behaviour === "error in 200") return failure(200, "InternalError");
    const payload = request.headers.get("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
    if (payload !== "UNSIGNED-PAYLOAD" && payload !== sha256(body)) {
      return failure(400, "XAmzContentSHA256Mismatch");
    }
    const answer = this.#do(seen, request, url.searchParams, body);
    return behaviour === "lost" ? brokenAnswer(answer.headers) : answer;
  }

  #do(
    { action, key, part }: StoreRequestSeen,
    request: Request,
    query: URLSearchParams,
    body: Uint8Array,
  ): Response {
    const uploadId = query.get("uploadId") ?? "";
    const upload = this.uploads.get(uploadId);
    switch (action) {
      case "CreateMultipartUpload": {
        const id = `upload-${++this.#lastUpload}`;
        const mark = request.headers.get("x-amz-meta-echo-upload") ?? undefined;
        this.uploads.set(id, { key, mark, parts: new Map() });
        return xml("InitiateMultipartUploadResult", `<UploadId>${id}</UploadId>`);
      }
      case "UploadPart":
        if (upload === undefined || upload.key !== key) return failure(404, "NoSuchUpload");
        upload.parts.set(part, body);
        return new Response(null, { headers: { ETag: `"${md5(body)}"` } });
      case "CompleteMultipartUpload":
        if (upload === undefined || upload.key !== key) return failure(404, "NoSuchUpload");
        if (request.headers.get("if-none-match") === "*" && this.objects.has(key)) {
          return failure(412, "PreconditionFailed");
        }
        return this.#complete(uploadId, upload, new TextDecoder().decode(body));
      case "AbortMultipartUpload":
        this.uploads.delete(uploadId);
        return new Response(null, { status: 204 });
      case "DeleteObject":
        this.objects.delete(key);
        return new Response(null, { status: 204 });
      case "ListObjectsV2":
        return this.#list(query);
      case "HeadObject":
      case "GetObject":
        return this.#object(key, action === "HeadObject", request.headers.get("range"));
    }
  }

  #complete(id: string, { key, mark, parts }: OpenUpload, wanted: string): Response {
    const chosen: Uint8Array[] = [];
    for (
      const [, number, etag] of wanted.matchAll(
        /<PartNumber>(\d+)<\/PartNumber><ETag>"?(\w+)"?<\/ETag>/g,
      )
    ) {
      const part = parts.get(Number(number));
      if (part === undefined || md5(part) !== etag) return failure(400, "InvalidPart");
      chosen.push(part);
    }
    const bytes = new Uint8Array(chosen.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of chosen) {
      bytes.set(part, at);
      at += part.length;
    }
    this.uploads.delete(id);
    this.objects.set(key, { bytes, mark, etag: `"${md5(bytes)}-1"`, madeAt: Date.now() });
    return xml("CompleteMultipartUploadResult", `<Key>${key}</Key>`);
  }

  #object(key: string, isHead: boolean, range: string | null): Response {
    const object = this.objects.get(key);
    if (object === undefined) return isHead ? bare(404) : failure(404, "NoSuchKey");
    const headers = new Headers({ ETag: object.etag, "Content-Type": "audio/mp4" });
    headers.set("Content-Length", `${object.bytes.length}`);
    if (object.mark !== undefined) headers.set("x-amz-meta-echo-upload", object.mark);
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    if (from === undefined) {
      return new Response(isHead ? null : new Uint8Array(object.bytes), { headers });
    }
    const { length } = object.bytes;
    const end = to === undefined || to === "" ? length : Number(to) + 1;
    const part = new Uint8Array(object.bytes.subarray(Number(from), end));
    headers.set("Content-Range", `bytes ${from}-${Number(from) + part.length - 1}/${length}`);
    headers.set("Content-Length", `${part.length}`);
    return new Response(part, { status: 206, headers });
  }

  #list(query: URLSearchParams): Response {
    const from = query.get("continuation-token") ?? "";
    const most = Number(query.get("max-keys") ?? 1000);
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(query.get("prefix") ?? "") && key >= from)
      .sort();
    const entries = keys.slice(0, most).map((key) => {
      const { bytes: { length }, madeAt } = this.objects.get(key) ?? { bytes: "", madeAt: 0 };
      const modified = new Date(madeAt).toISOString();
      return `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified>` +
        `<Size>${length}</Size></Contents>`;
    });
    const next = keys[most];
    const end = next === undefined
      ? "<IsTruncated>false</IsTruncated>"
      : `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`;
    return xml("ListBucketResult", entries.join("") + end);
  }

  async #never(): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#cut.signal.addEventListener("abort", () => resolve());
    await promise;
    return bare(503);
  }
}

function actionOf(method: string, key: string, query: URLSearchParams): StoreAction {
  if (query.has("uploads")) return "CreateMultipartUpload";
  const isUpload = query.has("uploadId");
  if (method === "PUT") return "UploadPart";
  if (method === "POST") return "CompleteMultipartUpload";
  if (method === "DELETE") return isUpload ? "AbortMultipartUpload" : "DeleteObject";
  if (method === "HEAD") return "HeadObject";
  return key === "" ? "ListObjectsV2" : "GetObject";
}

function xml(element: string, content: string): Response {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${element}>${content}</${element}>`;
  return new Response(text, { headers: { "Content-Type": "application/xml" } });
}

function failure(status: number, code: string): Response {
  const message = `The store &amp; its words for ${code}`;
  const text = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return new Response(text, { status, headers: { "Content-Type": "application/xml" } });
}

function bare(status: number): Response {
  return new Response(null, { status });
}

/** An answer that breaks off. */
function brokenAnswer(headers: Headers): Response {
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("<?xml"));
      controller.close();
    },
  });
  const more = new Headers(headers);
  more.set("Content-Length", "1000");
  return new Response(broken, { headers: more });
}

function md5(data: Uint8Array): string {
  return createHash("md5").update(data).digest("hex");
}

const CODES: Readonly<Record<number, string>> = {
  400: "InvalidPart",
  404: "NoSuchUpload",
  501: "NotImplemented",
  403: "AccessDenied",
  500: "InternalError",
  503: "SlowDown",
  507: "XStorageFull",
};
