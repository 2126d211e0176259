/** Forwards a call of the control API to the box that has the session. */
import { isIPv6 } from "node:net";
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ControlError } from "./control_error.ts";
import type { Clock } from "../session/clock.ts";
import { peerAddress } from "../web/peer_address.ts";
import { readAtMost } from "../web/read_at_most.ts";

const logger = getLogger(["echo", "control"]);

/** Header that marks a request as forwarded by another box. */
const FORWARDED = "x-echo-forwarded";

/** How long the other box may take for its whole answer. */
const TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 16_384;

export interface ForwardOptions {
  /** The port of the control API, which is the same on all boxes. */
  readonly port: number;
  readonly clock: Clock;
}

/**
 * Has another box answer the request.
 * @param address the other box's IP address
 * @throws {ControlError} 404 where it has been forwarded already, 503 where the other box does not
 *   answer as Echo does
 */
export async function forward(
  c: Context,
  address: string,
  options: ForwardOptions,
): Promise<Response> {
  if (c.req.header(FORWARDED) !== undefined) throw new ControlError(404, "session not found");
  const late = new AbortController();
  const timer = options.clock.after(TIMEOUT_MS, () => {
    late.abort(new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
  });
  try {
    const answer = await askOther(c, address, options.port, late.signal);
    const body = await readJson(answer);
    return c.body(body, answer.status as ContentfulStatusCode, {
      "Content-Type": "application/json",
    });
  } catch (error) {
    logger.warning("Cannot forward {method} {path} to {address}: {error}", {
      method: c.req.method,
      path: c.req.path,
      address,
      error: String(error),
    });
    throw new ControlError(503, "the server that has the session does not answer");
  } finally {
    timer.cancel();
  }
}

async function askOther(
  c: Context,
  address: string,
  port: number,
  signal: AbortSignal,
): Promise<Response> {
  const { method, path } = c.req;
  const host = isIPv6(address) ? `[${address}]` : address;
  const bodiless = method === "GET" || method === "HEAD";
  return await fetch(`http://${host}:${port}${path}`, {
    method,
    headers: forwardedHeaders(c),
    body: bodiless ? null : await c.req.arrayBuffer(),
    redirect: "manual",
    signal,
  });
}

function forwardedHeaders(c: Context): Headers {
  const headers = new Headers({ [FORWARDED]: "1" });
  for (const name of ["content-type", "cookie"]) {
    const value = c.req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  const path = [c.req.header("x-forwarded-for"), peerAddress(c)];
  headers.set("x-forwarded-for", path.filter((hop) => hop !== undefined).join(", "));
  return headers;
}

/** The answer's bytes. @throws {Error} where the answer is not JSON, or too long */
async function readJson(answer: Response): Promise<Uint8Array<ArrayBuffer>> {
  const { body, headers, status } = answer;
  if (!headers.get("Content-Type")?.startsWith("application/json")) {
    await body?.cancel();
    throw new Error(`Cannot read the answer: expected JSON, got status ${status}`);
  }
  const bytes = body === null ? new Uint8Array() : await readAtMost(body, MAX_ANSWER_BYTES);
  if (bytes !== undefined) return bytes;
  throw new Error(`Cannot read the answer: expected at most ${MAX_ANSWER_BYTES} bytes, got more`);
}
