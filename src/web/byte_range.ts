/** Which bytes an HTTP request asks for (RFC 9110 14). */
import type { Context } from "hono";

/** Bytes `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What there is of something. */
export interface Representation {
  readonly size: number;
  /** A strong entity tag, with its quotes; `undefined` where none is told. */
  readonly etag: string | undefined;
}

/**
 * What a request asks for of `whole`. Range is for GET alone (RFC 9110 14.2), and for who has the
 * rest of the same: If-Range compares strongly, and no date matches, because no `Last-Modified` is
 * told (RFC 9110 13.1.5).
 * @returns `undefined` where the whole is to be sent; `"unsatisfiable"` where the range begins
 *   behind the end
 */
export function requestedRange(
  { req }: Context,
  { size, etag }: Representation,
): ByteRange | "unsatisfiable" | undefined {
  const condition = req.header("If-Range");
  const isOther = condition !== undefined && condition !== etag;
  return req.method !== "GET" || isOther ? undefined : byteRange(req.header("Range"), size);
}

/** Whether an answer has the whole of something, or the first part of it. */
export function isBeginning({ status, headers }: Response): boolean {
  return status === 200 || headers.get("Content-Range")?.startsWith("bytes 0-") === true;
}

/**
 * The one range that a Range header asks for of `size` bytes (RFC 9110 14.1.2).
 * @returns `undefined` where the whole is to be sent, as for other units and several ranges;
 *   `"unsatisfiable"` where it begins behind the end
 */
function byteRange(
  header: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = header?.trim().match(/^bytes=(\d*)-(\d*)$/);
  if (!match) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  return start >= end ? "unsatisfiable" : { start, end };
}
