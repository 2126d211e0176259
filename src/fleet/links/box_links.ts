/**
 * Requests to other boxes: signed, bounded, and given up when they take too long.
 *
 * @module
 */
import type { Clock } from "../../session/clock.ts";
import { readAtMost } from "../../web/read_at_most.ts";
import type { KnownBox } from "../registry.ts";
import { type BoxRun, digestOf, runOf, signedFields, TO_FIELD } from "./request_signature.ts";

/** What requests to other boxes are made of. */
export interface BoxLinksOptions {
  readonly clock: Pick<Clock, "after">;
  /** This box. */
  readonly own: BoxRun;
  /** `derivedKey(…, "between boxes")`. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** Deno's `fetch` by default, with an HTTP client of its own. */
  readonly fetch?: typeof fetch;
}

/** A request to another box. */
export interface BoxRequest {
  /** Default: GET. */
  readonly method?: string;
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
  /** Header fields; they are not signed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long it may take, in milliseconds: all of it, or of a stream its header. Default: 1500. */
  readonly timeoutMs?: number;
  /** What its body may have at most, but for a stream. Default: 16 MiB. */
  readonly maxBytes?: number;
  /** On whose behalf it is sent. Default: `boxes`. */
  readonly sender?: RequestSender;
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * On whose behalf boxes ask each other: a listener's, or that of whoever publishes or calls the control
 * API; `boxes` for what they need to be one server, such as feeds and handovers. Each has requests of
 * its own, so that none of them can keep the others from being sent.
 */
export type RequestSender = "boxes" | "listeners" | "publishers";

/** Where a box is. */
export type BoxPlace = Pick<KnownBox, "id" | "incarnation" | "privateUrl">;

/** Thrown where a box does not answer: it is gone, slow, or too much is asked of it. */
export class BoxUnreachable extends Error {
  override readonly name: string = "BoxUnreachable";
}

/** Thrown where too many requests are under way: this one was not sent, which says nothing of the box. */
export class LinkFull extends BoxUnreachable {
  override readonly name = "LinkFull";
}

/** Asks other boxes, by HTTP/1.1 on connections that are kept. */
export class BoxLinks {
  readonly #options: BoxLinksOptions;
  readonly #fetch: typeof fetch;
  /** Requests under way, by their sender and box. */
  readonly #underWay = new Map<string, number>();
  /** Of requests and of streams that go on. */
  readonly #controllers = new Set<AbortController>();
  #isClosed = false;
  /** Made for the first request. */
  #client: Deno.HttpClient | undefined;
  #lastNumber = 0;

  constructor(options: BoxLinksOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? ((input, init) => {
      return fetch(input, { ...init, client: this.#client ??= Deno.createHttpClient(CLIENT) });
    });
  }

  /**
   * Asks a box. Its answer, whatever its status is, has come whole.
   * @param path from `/fleet/1/` on, with its query
   * @throws {BoxUnreachable}
   */
  async request(box: BoxPlace, path: string, init: BoxRequest = {}): Promise<Response> {
    const { maxBytes = MAX_BYTES } = init;
    const controller = new AbortController();
    const release = this.#give(controller, init.signal);
    try {
      return await this.#inTime(box, init, controller, async () => {
        const answer = await this.#ask(box, path, init, controller.signal);
        const bytes = answer.body && await readAtMost(answer.body, maxBytes);
        if (bytes === undefined) throw new BoxUnreachable(`more than ${maxBytes} bytes came`);
        return withBody(answer, bytes);
      });
    } finally {
      release();
    }
  }

  /**
   * Asks a box for what goes on: its body comes bit by bit.
   * @param init its signal has to end it, sooner or later
   * @throws {BoxUnreachable} where its header does not come
   */
  async open(
    box: BoxPlace,
    path: string,
    init: BoxRequest & { readonly signal: AbortSignal },
  ): Promise<Response> {
    const controller = new AbortController();
    this.#give(controller, init.signal);
    return await this.#inTime(box, init, controller, () => {
      return this.#ask(box, path, init, controller.signal);
    });
  }

  /** Gives up what is under way, and asks nothing any more. */
  close(): void {
    this.#isClosed = true;
    for (const controller of this.#controllers) controller.abort(STOPPING);
    this.#client?.close();
  }

  /**
   * Has `signal` give up what `controller` does, and {@link close}. `AbortSignal.any` would not do:
   * what it makes may be collected before, where nothing but a body that is read depends on it.
   * @returns ends that
   */
  #give(controller: AbortController, signal: AbortSignal | undefined): () => void {
    const giveUp = () => {
      release();
      controller.abort(signal?.reason);
    };
    const release = () => {
      signal?.removeEventListener("abort", giveUp);
      this.#controllers.delete(controller);
    };
    this.#controllers.add(controller);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted) giveUp();
    if (this.#isClosed) controller.abort(STOPPING);
    return release;
  }

  /** Asks, and once more where the box has been started again since it was heard of. */
  async #ask(
    box: BoxPlace,
    path: string,
    init: BoxRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    const answer = await this.#send(box, box, path, init, signal);
    const now = runOf(answer.headers.get(TO_FIELD) ?? "");
    if (answer.status !== 421 || now?.id !== box.id) return answer;
    await answer.body?.cancel();
    return await this.#send(box, now, path, init, signal);
  }

  async #send(
    { privateUrl }: BoxPlace,
    to: BoxRun,
    path: string,
    { method = "GET", body, headers }: BoxRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    const { key, own: from } = this.#options;
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    const url = new URL(path, privateUrl);
    const target = url.pathname + url.search;
    const digest = digestOf(bytes ?? NOTHING);
    const fields = signedFields(key, {
      ...{ method, target, digest, from, to, number: ++this.#lastNumber },
    });
    const answer = await this.#fetch(url, {
      ...{ method, signal, redirect: "manual", headers: { ...headers, ...fields } },
      ...(bytes === undefined ? {} : { body: bytes }),
    });
    return answer.body === null ? answer : new Response(endedBy(answer.body, signal), answer);
  }

  /** @throws {BoxUnreachable} */
  async #inTime<T>(
    { id }: BoxPlace,
    { timeoutMs = TIMEOUT_MS, sender = "boxes" }: BoxRequest,
    controller: AbortController,
    work: () => Promise<T>,
  ): Promise<T> {
    const release = this.#takePlace(id, sender);
    const timer = this.#options.clock.after(timeoutMs, () => {
      controller.abort(new BoxUnreachable(`no answer within ${timeoutMs / 1000} s`));
    });
    try {
      return await work();
    } catch (error) {
      throw unreachable(id, reasonOf(error), error);
    } finally {
      timer.cancel();
      release();
    }
  }

  /** @returns gives the place back. @throws {LinkFull} */
  #takePlace(id: string, sender: RequestSender): () => void {
    const key = `${sender} ${id}`;
    const underWay = this.#underWay.get(key) ?? 0;
    if (underWay >= MAX_UNDER_WAY[sender]) {
      throw new LinkFull(`Cannot ask box ${id}: ${underWay} requests of ${sender} are under way`);
    }
    this.#underWay.set(key, underWay + 1);
    return () => {
      const left = (this.#underWay.get(key) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(key);
      else this.#underWay.set(key, left);
    };
  }
}

/**
 * `body`, until `signal` ends it. Deno forgets the signal of a request once its header has come and
 * memory is collected.
 */
function endedBy(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const end = () => reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", end);
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (!done) return controller.enqueue(value);
      signal.removeEventListener("abort", end);
      controller.close();
    },
    cancel: async (reason) => {
      signal.removeEventListener("abort", end);
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

function withBody(
  { status, headers }: Response,
  bytes: Uint8Array<ArrayBuffer> | null,
): Response {
  const isEmpty = bytes === null || NO_BODY.includes(status);
  return new Response(isEmpty ? null : bytes, { status, headers });
}

function unreachable(id: string, why: string, cause?: unknown): BoxUnreachable {
  return new BoxUnreachable(`Cannot ask box ${id}: ${why}`, { cause });
}

/** What went wrong, without the URL: `tcp connect error: Connection refused (os error 111)`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause ?? error : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  return /client error \(\w+\): (.*)$/s.exec(text)?.[1] ?? text;
}

/**
 * With HTTP/1.1, a request that is given up closes its connection, so that none is used again of which
 * the other end knows nothing. Boxes close idle connections after 75 s.
 */
const CLIENT: Deno.CreateHttpClientOptions = {
  http2: false,
  poolIdleTimeout: 30_000,
  poolMaxIdlePerHost: 32,
};
const TIMEOUT_MS = 1500;
const MAX_BYTES = 16 * 2 ** 20;
/** Requests to one box at a time. Beyond that it is slow, and no more are kept waiting. */
const MAX_UNDER_WAY: Readonly<Record<RequestSender, number>> = {
  boxes: 256,
  listeners: 128,
  publishers: 64,
};
/** Statuses that have no body (RFC 9110 6.4.1). */
const NO_BODY: readonly number[] = [101, 204, 205, 304];
const NOTHING = new Uint8Array();
const STOPPING = new BoxUnreachable("the server is stopping");
const encoder = new TextEncoder();
