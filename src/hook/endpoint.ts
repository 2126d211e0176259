/** The hook server: how messages are signed and posted to it. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../session/clock.ts";
import { SERVER_NAME } from "../version.ts";
import { signature } from "./signature.ts";

/** This much of an answer's body is read, so that the connection can be used again … */
const MAX_ANSWER_BYTES = 16_384;
/** … and for this long. */
const MAX_ANSWER_MS = 1000;

/**
 * With HTTP/1.1, a request that is given up closes its connection. With HTTP/2 it would not: a
 * connection that a router has forgotten would be used until TCP gives it up, a quarter of an hour
 * later. Most servers close idle connections after 5 s or more, so Echo closes them earlier.
 */
const CLIENT: Deno.CreateHttpClientOptions = { http2: false, poolIdleTimeout: 4000 };

const STOPPING = "the server is stopping";

const logger = getLogger(["echo", "hook"]);

/** Where hooks go, and what signs them. */
export interface HookTarget {
  /** `undefined`: nothing is posted. */
  readonly url: string | undefined;
  /** `undefined`: messages are not signed. */
  readonly secret: string | undefined;
}

export interface HookEndpointOptions extends HookTarget {
  readonly clock: Clock;
  /** Deno's `fetch` by default, with an HTTP client of its own. */
  readonly fetch?: typeof fetch;
}

/** What is posted. */
export interface HookMessage {
  /** The same each time that the message is sent. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

/** What the hook server said. */
export interface HookAnswer {
  readonly status: number;
  /** The header `Retry-After`, in milliseconds; `undefined` where there is none. */
  readonly retryAfterMs: number | undefined;
}

/** Why there was no answer. The log may show `message`: it has nothing of the URL but its host. */
export class HookUnreachable extends Error {
  override readonly name = "HookUnreachable";
}

/** The hook server: signs messages and posts them to it. */
export class HookEndpoint {
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #underWay = new Set<AbortController>();
  #target: HookTarget;
  /** Made for the first message. */
  #client: Deno.HttpClient | undefined;
  #closed = false;

  constructor({ clock, url, secret, fetch: send }: HookEndpointOptions) {
    this.#clock = clock;
    this.#fetch = send ?? ((input, init) => {
      return fetch(input, { ...init, client: this.#client ??= Deno.createHttpClient(CLIENT) });
    });
    this.#target = { url, secret };
  }

  /** Whether there is a hook server. */
  get exists(): boolean {
    return this.#target.url !== undefined;
  }

  /** What the log may show of the URL, which often holds a token. */
  get origin(): string {
    return this.#target.url === undefined ? "nowhere" : new URL(this.#target.url).origin;
  }

  /** Posts to `target` from now on. */
  replace(target: HookTarget): void {
    this.#target = target;
  }

  /**
   * Posts a message once. Redirects are not followed.
   * @param timeoutMs how long to wait for the answer's status; nothing else of the answer matters
   * @param signal gives it up
   * @throws {HookUnreachable} where there is no answer
   */
  async post(message: HookMessage, timeoutMs: number, signal?: AbortSignal): Promise<HookAnswer> {
    const { url, secret } = this.#target;
    if (this.#closed) throw new HookUnreachable(STOPPING);
    if (url === undefined) throw new HookUnreachable("HOOK_URL is unset");
    const controller = new AbortController();
    const give = (ms: number) =>
      this.#clock.after(
        ms,
        () => controller.abort(new HookUnreachable(`no answer within ${ms / 1000} s`)),
      );
    let timer = give(timeoutMs);
    const giveUp = () => controller.abort(new HookUnreachable("it is given up"));
    signal?.addEventListener("abort", giveUp);
    this.#underWay.add(controller);
    try {
      const response = await this.#fetch(url, {
        method: "POST",
        headers: this.#headers(message, secret),
        body: message.body,
        redirect: "manual",
        signal: controller.signal,
      });
      timer.cancel();
      timer = give(MAX_ANSWER_MS);
      await finish(response);
      const { status, headers } = response;
      return { status, retryAfterMs: this.#retryAfterMs(headers) };
    } catch (error) {
      throw error instanceof HookUnreachable ? error : new HookUnreachable(reasonOf(error));
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", giveUp);
      this.#underWay.delete(controller);
    }
  }

  /** Gives up the requests that are under way, and posts nothing any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const controller of this.#underWay) controller.abort(new HookUnreachable(STOPPING));
    this.#client?.close();
  }

  #headers({ id, body }: HookMessage, secret: string | undefined): Record<string, string> {
    const seconds = Math.floor(this.#clock.now() / 1000);
    return {
      "Content-Type": "application/json",
      "User-Agent": SERVER_NAME,
      "webhook-id": id,
      "webhook-timestamp": String(seconds),
      ...(secret === undefined
        ? {}
        : { "webhook-signature": signature(secret, id, seconds, body) }),
    };
  }

  /** RFC 9110 10.2.3: seconds, or a date by the clock of the server that answers (6.6.1). */
  #retryAfterMs(headers: Headers): number | undefined {
    const header = headers.get("Retry-After");
    if (header === null) return undefined;
    const answeredAt = headers.get("Date");
    const ms = /^\d+$/.test(header)
      ? Number(header) * 1000
      : Date.parse(header) - (answeredAt === null ? this.#clock.now() : Date.parse(answeredAt));
    return Number.isNaN(ms) ? undefined : Math.max(0, ms);
  }
}

/** Reads the rest of a short answer. Cancels a longer one. */
async function finish({ body }: Response): Promise<void> {
  if (body === null) return;
  let left = MAX_ANSWER_BYTES;
  try {
    for await (const chunk of body) {
      left -= chunk.length;
      // Leaving the loop cancels the rest.
      if (left < 0) return;
    }
  } catch (error) {
    // Only the status matters, and it has arrived.
    logger.debug("The answer to a hook broke off: {why}", { why: reasonOf(error) });
  }
}

/** What went wrong, without the URL: `tcp connect error: Connection refused (os error 111)`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause ?? error : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  // The client names the URL in front of what happened.
  return /client error \(\w+\): (.*)$/s.exec(text)?.[1] ?? text.replaceAll(/\S*:\/\/\S*/g, "URL");
}
