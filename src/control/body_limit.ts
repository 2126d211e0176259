/** Limits how much of a body is read. */
import { Buffer } from "node:buffer";
import type { Context, Next } from "hono";
import { ControlError } from "./control_error.ts";

/**
 * Middleware that refuses bodies of more than `maxBytes` with 413: at once where their declared
 * length is more, else as soon as more has arrived. Hono's own middleware is not used, because it
 * copies the request's abort signal, and Deno then prints a warning.
 */
export function bodyLimit(maxBytes: number): (c: Context, next: Next) => Promise<void> {
  return async (c, next) => {
    const { url, method, headers, body } = c.req.raw;
    if (body !== null) {
      const declared = Number(headers.get("Content-Length") ?? 0);
      const bytes = declared > maxBytes ? undefined : await readAtMost(body, maxBytes);
      if (bytes === undefined) {
        throw new ControlError(413, `the body is too large: at most ${maxBytes} bytes are taken`);
      }
      c.req.raw = new Request(url, { method, headers, body: bytes });
    }
    await next();
  };
}

/** All of `stream`, or `undefined` where it is longer; the rest is cancelled then. */
export async function readAtMost(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
