/**
 * How playlists and segments are answered over HTTP.
 *
 * @module
 */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { requestedRange } from "../web/byte_range.ts";
import { encodedFor } from "./gzipped.ts";
import {
  type ClientAddress,
  type Origin,
  SegmentUnavailable,
  type ServedFile,
  type ServedPlaylist,
} from "./origin.ts";

/** What changes with every segment may be held by a CDN for a moment. */
export const LIVE = "max-age=1";

/** It may be there any moment: who comes too early is not to keep the others waiting. */
export function notThere(c: Context): Response {
  return c.json({ code: 404, message: "not found" }, 404, { "Cache-Control": LIVE });
}

/** It cannot be had now: {@link NoPlace}. */
export function noPlace(c: Context, message: string, retryAfterS: number): Response {
  const headers = { "Cache-Control": "no-store", "Retry-After": `${retryAfterS}` };
  return c.json({ code: 503, message }, 503, headers);
}

/** @param caching the value of Cache-Control */
export function sendPlaylist(
  c: Context,
  playlist: ServedPlaylist,
  caching = LIVE,
): Response {
  const { text, etag, encoding } = encodedFor(playlist, c.req.header("Accept-Encoding") ?? "");
  c.header("Vary", "Accept-Encoding");
  if (encoding !== undefined) c.header("Content-Encoding", encoding);
  if (etag !== undefined) c.header("ETag", etag);
  c.header("Cache-Control", caching);
  c.header("Content-Type", PLAYLIST_TYPE);
  c.header("Content-Length", `${text.length}`);
  return c.body(text);
}

/** @param client as `Origin.segment` @throws {HTTPException} 503 where it cannot be had now */
export async function readSegment(
  origin: Pick<Origin, "segment">,
  name: string,
  file: string,
  client?: ClientAddress,
): Promise<ServedFile | undefined> {
  try {
    return await origin.segment(name, file, client);
  } catch (error) {
    if (!(error instanceof SegmentUnavailable)) throw error;
    const body = JSON.stringify({ code: 503, message: "the disk does not keep up" });
    const headers = { "Content-Type": "application/json" };
    throw new HTTPException(503, { res: new Response(body, { status: 503, headers }) });
  }
}

/** @param caching the value of Cache-Control */
export function sendSegment(
  c: Context,
  { bytes, type, etag }: ServedFile,
  caching = "max-age=600",
): Response {
  c.header("Accept-Ranges", "bytes");
  const range = requestedRange(c, { size: bytes.length, etag });
  if (range === "unsatisfiable") {
    c.header("Content-Range", `bytes */${bytes.length}`);
    return c.json({ code: 416, message: "range not satisfiable" }, 416);
  }
  const body = range === undefined ? bytes : bytes.subarray(range.start, range.end);
  c.header("ETag", etag);
  c.header("Cache-Control", caching);
  c.header("Content-Type", type);
  c.header("Content-Length", `${body.length}`);
  if (range === undefined) return c.body(body);
  c.header("Content-Range", `bytes ${range.start}-${range.end - 1}/${bytes.length}`);
  return c.body(body, 206);
}

const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
