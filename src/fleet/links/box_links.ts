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
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a box is. */
export type BoxPlace = Pick<KnownBox, "id" | "incarnation" | "privateUrl">;

/** Thrown where a box does not answer: it is gone, slow, or too much is asked of it. */
export class BoxUnreachable extends Error {
  override readonly name = "BoxUnreachable";
}

/** Asks other boxes, by HTTP/1.1 on connections that are kept. */
export class BoxLinks {
  readonly #options: BoxLinksOptions;
  readonly #fetch: typeof fetch;
  /** Requests under way, by box. */
  readonly #underWay = new Map<string, number>();
  readonly #closing = new AbortController();
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
    return await this.#inTime(box, init, async (signal) => {
      const answer = await this.#ask(box, path, init, signal);
      const bytes = answer.body && await readAtMost(answer.body, maxBytes);
      if (bytes === undefined) throw new BoxUnreachable(`more than ${maxBytes} bytes came`);
      return withBody(answer, bytes);
    });
  }

  /**
   * Asks a box for what goes on: its body comes bit by bit, until the signal of `init` ends it.
   * @throws {BoxUnreachable} where its header does not come
   */
  async open(box: BoxPlace, path: string, init: BoxRequest = {}): Promise<Response> {
    return await this.#inTime(box, init, (signal) => this.#ask(box, path, init, signal));
  }

  /** Gives up what is under way, and asks nothing any more. */
  close(): void {
    this.#closing.abort(new BoxUnreachable("the server is stopping"));
    this.#client?.close();
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
    return await this.#fetch(url, {
      ...{ method, signal, redirect: "manual", headers: { ...headers, ...fields } },
      ...(bytes === undefined ? {} : { body: bytes }),
    });
  }

  /** @throws {BoxUnreachable} */
  async #inTime<T>(
    { id }: BoxPlace,
    { timeoutMs = TIMEOUT_MS, signal }: BoxRequest,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const underWay = this.#underWay.get(id) ?? 0;
    if (underWay >= MAX_UNDER_WAY) throw unreachable(id, `${underWay} requests are under way`);
    this.#underWay.set(id, underWay + 1);
    const late = new AbortController();
    const timer = this.#options.clock.after(timeoutMs, () => {
      late.abort(new BoxUnreachable(`no answer within ${timeoutMs / 1000} s`));
    });
    const signals = [late.signal, this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    try {
      return await work(AbortSignal.any(signals));
    } catch (error) {
      throw unreachable(id, reasonOf(error), error);
    } finally {
      timer.cancel();
      const left = (this.#underWay.get(id) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(id);
      else this.#underWay.set(id, left);
    }
  }
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
const MAX_UNDER_WAY = 256;
/** Statuses that have no body (RFC 9110 6.4.1). */
const NO_BODY: readonly number[] = [101, 204, 205, 304];
const NOTHING = new Uint8Array();
const encoder = new TextEncoder();
