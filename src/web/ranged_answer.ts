/** Answers with all of something, or with the range of it that was asked for (RFC 9110 14). */
import type { Context } from "hono";
import { type ByteRange, type Representation, requestedRange } from "./byte_range.ts";

/** What is sent. */
export interface RangedContents extends Representation {
  /** Media type. */
  readonly type: string;
  /** The value of Cache-Control. */
  readonly caching: string;
  /** Gives the bytes of a range; asked once, and not where no bytes are to be sent. */
  readonly body: (range: ByteRange) => Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
}

/** Answers GET and HEAD. */
export function sendRanged(c: Context, contents: RangedContents): Response {
  const { size, etag, type, caching, body } = contents;
  c.header("Accept-Ranges", "bytes");
  const range = requestedRange(c, contents);
  if (range === "unsatisfiable") {
    c.header("Content-Range", `bytes */${size}`);
    return c.json({ code: 416, message: "range not satisfiable" }, 416);
  }
  const { start, end } = range ?? { start: 0, end: size };
  if (etag !== undefined) c.header("ETag", etag);
  c.header("Cache-Control", caching);
  c.header("Content-Type", type);
  c.header("Content-Length", `${end - start}`);
  if (range !== undefined) c.header("Content-Range", `bytes ${start}-${end - 1}/${size}`);
  const status = range === undefined ? 200 : 206;
  return c.req.method === "HEAD" ? c.body(null, status) : newBody(c, body({ start, end }), status);
}

function newBody(
  c: Context,
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
  status: 200 | 206,
): Response {
  return body instanceof Uint8Array ? c.body(body, status) : c.body(body, status);
}
