/** Sends requests to the store, with bodies that are read from the disk while they are sent. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent as PlainAgent, type ClientRequest, request as requestPlain } from "node:http";
import { Agent as SecureAgent, request as requestSecure } from "node:https";
import type { Clock } from "../session/clock.ts";
import { StorageError } from "./storage_error.ts";

/** A range of an open file. Nobody else reads it meanwhile. */
export interface FileRange {
  readonly handle: Deno.FsFile;
  readonly start: number;
  readonly end: number;
}

/** A request that is signed already. */
export interface StoreRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | FileRange;
  /** How long nothing may go on, neither way. */
  readonly patienceMs: number;
}

/** What the store said, whatever its status. */
export interface StoreAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Connections to the store, which are kept open for the next requests. `fetch` would have all of a
 * body in memory whose length is told; here it is 64 KiB, however slow the store is.
 */
export class StoreTransport {
  readonly #clock: Pick<Clock, "awake" | "waited" | "every">;
  readonly #plain = new PlainAgent({ keepAlive: true });
  readonly #secure = new SecureAgent({ keepAlive: true });
  /** Each gives up a request. */
  readonly #underWay = new Set<(why: StorageError) => void>();
  #closed = false;

  constructor(clock: Pick<Clock, "awake" | "waited" | "every">) {
    this.#clock = clock;
  }

  /** @throws {StorageError} where there is no answer, or it breaks off */
  async send(asked: StoreRequest): Promise<StoreAnswer> {
    if (this.#closed) throw stopping();
    const { promise, resolve, reject } = Promise.withResolvers<StoreAnswer>();
    const request = this.#open(asked);
    let movedAt = this.#clock.awake();
    const moved = () => movedAt = this.#clock.awake();
    const fail = (error: unknown) => {
      reject(error instanceof StorageError ? error : unreachable(error));
      request.destroy();
    };
    this.#underWay.add(fail);
    const watch = this.#clock.every(LOOK_MS, () => {
      if (this.#clock.waited(movedAt) < asked.patienceMs) return;
      fail(new StorageError("NoProgress", `nothing for ${asked.patienceMs / 1000} s`));
    });
    request.on("error", fail);
    let isAnswered = false;
    request.on("close", () => {
      if (!isAnswered) reject(unreachable(new Error("the connection was closed")));
    });
    request.on("response", (response) => {
      isAnswered = true;
      readAnswer(response, moved).then(resolve, fail);
    });
    try {
      await Promise.race([sendBody(request, asked.body, moved), promise]);
      return await promise;
    } finally {
      watch.cancel();
      this.#underWay.delete(fail);
      if (!request.writableFinished) request.destroy();
    }
  }

  /** Gives up what is under way, and sends nothing any more. */
  close(): void {
    this.#closed = true;
    for (const giveUp of this.#underWay) giveUp(stopping());
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #open({ method, url, headers, body }: StoreRequest): ClientRequest {
    const length = typeof body === "string" ? ENCODER.encode(body).length : body.end - body.start;
    const options = { method, headers: { ...headers, "Content-Length": `${length}` } };
    return url.protocol === "https:"
      ? requestSecure(url, { ...options, agent: this.#secure })
      : requestPlain(url, { ...options, agent: this.#plain });
  }
}

/** Sends the body as fast as it is taken. */
async function sendBody(
  request: ClientRequest,
  body: StoreRequest["body"],
  moved: () => void,
): Promise<void> {
  if (typeof body === "string") {
    request.end(body);
    return;
  }
  const { handle, start, end } = body;
  handle.seekSync(start, Deno.SeekMode.Start);
  for (let left = end - start; left > 0 && !request.destroyed;) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, left));
    const count = await handle.read(chunk);
    if (count === null) throw new FileChanged("the file has become shorter");
    left -= count;
    if (!request.write(chunk.subarray(0, count))) await drained(request);
    moved();
  }
  request.end();
}

/** Thrown where a file is not what it was when it was looked at. */
export class FileChanged extends Error {
  override readonly name = "FileChanged";
}

/** Resolves when the request takes more, or is over. */
async function drained(request: ClientRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const ends = ["drain", "close", "error"] as const;
  for (const end of ends) request.on(end, resolve);
  if (!request.destroyed) await promise;
  for (const end of ends) request.off(end, resolve);
}

async function readAnswer(response: IncomingMessage, moved: () => void): Promise<StoreAnswer> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response) {
    moved();
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER_LENGTH) throw new StorageError("BadAnswer", "it is too long");
  }
  if (!response.complete) throw new Error("the answer breaks off");
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

function stopping(): StorageError {
  return new StorageError("Closed", "the server is stopping");
}

/** What went wrong, without the address, which the log has already. */
function unreachable(error: unknown): StorageError {
  const text = error instanceof Error ? error.message : String(error);
  return new StorageError("Unreachable", text === "" ? "the connection was lost" : text);
}

const ENCODER = new TextEncoder();
const LOOK_MS = 1000;
const CHUNK_BYTES = 64 * 1024;
/** A page of a thousand keys has less than half of it. */
const MAX_ANSWER_LENGTH = 4 * 2 ** 20;
