/** A hook server without sockets, and how a receiver verifies a signature. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";

/** A request as the hook server got it. */
export interface HookRequest {
  readonly url: string;
  readonly id: string;
  readonly headers: Headers;
  readonly text: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly dropped: unknown;
}

/** What it does with a request: a status, an answer, or none for as long as it is waited for. */
export type Behaviour = number | Response | "down" | "silent";

/** Rejects where `signal` is aborted, as `fetch` does. */
async function aborted(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal?.addEventListener("abort", () => reject(signal.reason));
  return await promise;
}

/** A hook server without sockets, that keeps what it is sent and does as it is told. */
export class FakeHookServer {
  readonly requests: HookRequest[] = [];
  /** For the requests to come. */
  behave: (request: HookRequest) => Behaviour | Promise<Behaviour> = () => 204;
  underWay = 0;
  mostUnderWay = 0;

  readonly fetch: typeof fetch = async (url, init) => {
    const text = String(init?.body);
    const headers = new Headers(init?.headers);
    const body: unknown = JSON.parse(text);
    assert.ok(isRecord(body) && isRecord(body.data));
    assert.deepEqual([init?.method, init?.redirect], ["POST", "manual"]);
    const request: HookRequest = {
      url: String(url),
      id: headers.get("webhook-id") ?? "",
      headers,
      text,
      type: String(body.type),
      data: body.data,
      dropped: body.dropped,
    };
    this.requests.push(request);
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    try {
      const signal = init?.signal ?? undefined;
      const behaviour = this.behave(request);
      return await Promise.race([aborted(signal), this.#answerAs(behaviour, signal)]);
    } finally {
      this.underWay--;
    }
  };

  get types(): string[] {
    return this.requests.map(({ type }) => type);
  }

  async #answerAs(
    behaving: Behaviour | Promise<Behaviour>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const behaviour = await behaving;
    if (behaviour === "down") {
      const cause = new Error(
        "error sending request for url (https://u:pa55@hooks.example/t0ken): " +
          "client error (Connect): tcp connect error: Connection refused (os error 111)",
      );
      throw new TypeError("fetch failed", { cause });
    }
    if (behaviour !== "silent") {
      return behaviour instanceof Response ? behaviour : new Response(null, { status: behaviour });
    }
    return await aborted(signal);
  }
}

/**
 * Verifies a request as its receiver does, by WebCrypto, which the server does not use.
 * @throws where it is not signed, not by this secret, or more than five minutes old
 */
export async function verify(
  { headers, text }: Pick<HookRequest, "headers" | "text">,
  secret: Uint8Array<ArrayBuffer>,
  nowMs: number = Date.now(),
): Promise<void> {
  const id = headers.get("webhook-id");
  const seconds = headers.get("webhook-timestamp");
  const [version, given = ""] = (headers.get("webhook-signature") ?? "").split(",");
  assert.equal(version, "v1");
  assert.ok(Math.abs(nowMs / 1000 - Number(seconds)) <= 300, "the request is old");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["verify"]);
  const signed = new TextEncoder().encode(`${id}.${seconds}.${text}`);
  const signature = new Uint8Array(Buffer.from(given, "base64"));
  assert.ok(await crypto.subtle.verify("HMAC", key, signature, signed), "the signature is wrong");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
