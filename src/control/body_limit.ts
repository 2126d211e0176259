/** Limits how much of a body is read. */
import type { Context, Next } from "hono";
import { readAtMost } from "../web/read_at_most.ts";
import { ControlError } from "./control_error.ts";

/**
 * Middleware that refuses bodies of more than `maxBytes` with 413: at once where their declared
 * length is more, else as soon as more has arrived. Bodies that break off are refused with 400.
 * Routes find the body where Hono keeps one that was read. Hono's own middleware is not used: it
 * makes a new Request, which cannot have every method that a client may send, and copies the
 * request's abort signal, at which Deno prints a warning.
 */
export function bodyLimit(maxBytes: number): (c: Context, next: Next) => Promise<void> {
  return async (c, next) => {
    const { headers, body } = c.req.raw;
    if (body !== null) {
      const declared = Number(headers.get("Content-Length") ?? 0);
      const bytes = declared > maxBytes ? undefined : await readWhole(body, maxBytes);
      if (bytes === undefined) {
        throw new ControlError(413, `the body is too large: at most ${maxBytes} bytes are taken`);
      }
      // Sound: Hono keeps promises there, which its type does not say.
      Object.assign(c.req.bodyCache, { arrayBuffer: Promise.resolve(bytes.buffer) });
    }
    await next();
  };
}

/** As {@link readAtMost}. @throws {ControlError} 400 where the body breaks off, or is malformed */
async function readWhole(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await readAtMost(body, maxBytes);
  } catch (error) {
    throw new ControlError(400, "the body breaks off", { cause: error });
  }
}
