/**
 * Playlists, segments and preroll over HTTP.
 *
 * @module
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { isValidName } from "../session/name.ts";
import { anyOrigin, fromInternet } from "../web/any_origin.ts";
import { requestedRange } from "../web/byte_range.ts";
import { type Origin, SegmentUnavailable, type ServedFile, type ServedPlaylist } from "./origin.ts";

export interface HlsRoutesOptions {
  readonly origin: Pick<Origin, "playlist" | "segment">;
  /** Files beside a broadcast's own that somebody else serves. */
  readonly others: readonly string[];
  /** The beginning of a segment of the broadcast `name` was sent. */
  readonly onFetch?: ((name: string, file: string) => void) | undefined;
}

/** Playlists and segments. To be mounted where broadcasts are to be found. */
export function hlsRoutes({ origin, others, onFetch }: HlsRoutesOptions): Hono {
  const app = new Hono();
  const ours = (handler: MiddlewareHandler): MiddlewareHandler => (c, next) =>
    others.includes(c.req.param("file") ?? "") ? next() : handler(c, next);
  for (const handler of forPlayers()) app.on(["GET", "OPTIONS"], FILE, ours(handler));
  app.get(FILE, async (c, next) => {
    const { name, file } = c.req.param();
    if (others.includes(file)) return await next();
    if (!isValidName(name)) return notThere(c);
    if (PLAYLIST.test(file)) {
      const playlist = await origin.playlist(name, file);
      return playlist === undefined ? notThere(c) : sendPlaylist(c, playlist);
    }
    const segment = await readSegment(origin, name, file);
    if (segment === undefined) return notThere(c);
    const response = sendSegment(c, segment);
    if (c.req.method === "GET" && isBeginning(response)) onFetch?.(name, file);
    return response;
  });
  return app;
}

/** Preroll is under this path, whatever `HLS_WEB_PATH` is. */
export const PREROLL_PATH = "/prerole";

/** Where it is beside the broadcasts, for those who show a token. No broadcast can have this name. */
export const PREROLL_NAME = "~prerole";

/** Segments of the preroll, by their names. To be mounted under {@link PREROLL_PATH}. */
export function prerollRoutes(files: ReadonlyMap<string, ServedFile>): Hono {
  const app = new Hono();
  for (const handler of forPlayers()) app.on(["GET", "OPTIONS"], "/:file", handler);
  app.get("/:file", (c) => {
    const found = files.get(c.req.param("file"));
    return found === undefined ? notThere(c) : sendSegment(c, found);
  });
  return app;
}

/** What all answers to players go through: pages of any origin may ask, and caches may ask again. */
export function forPlayers(): MiddlewareHandler[] {
  return [
    fromInternet,
    anyOrigin(["GET", "HEAD", "OPTIONS"], ["Content-Length", "Content-Range", "ETag"]),
    etag({
      retainedHeaders: [
        ...RETAINED_304_HEADERS,
        "access-control-allow-origin",
        "access-control-expose-headers",
      ],
    }),
  ];
}

/**
 * Header fields, in lower case, by which the answer to one player differs from another's: what the
 * routes here and {@link forPlayers} look at.
 */
export const SELECTING_FIELDS: ReadonlySet<string> = new Set([
  "access-control-request-private-network",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
  "upgrade",
]);

const FILE = "/:name/:file";
const PLAYLIST = /\.m3u8$/;
const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
/** What changes with every segment may be held by a CDN for a moment. */
const LIVE = "max-age=1";

/** It may be there any moment: who comes too early is not to keep the others waiting. */
function notThere(c: Context): Response {
  return c.json({ code: 404, message: "not found" }, 404, { "Cache-Control": LIVE });
}

function sendPlaylist(c: Context, { text, etag }: ServedPlaylist): Response {
  if (etag !== undefined) c.header("ETag", etag);
  c.header("Cache-Control", LIVE);
  c.header("Content-Type", PLAYLIST_TYPE);
  c.header("Content-Length", `${text.length}`);
  return c.body(text);
}

/** @throws {HTTPException} 503 where it cannot be had now */
async function readSegment(
  origin: Pick<Origin, "segment">,
  name: string,
  file: string,
): Promise<ServedFile | undefined> {
  try {
    return await origin.segment(name, file);
  } catch (error) {
    if (!(error instanceof SegmentUnavailable)) throw error;
    const body = JSON.stringify({ code: 503, message: "the disk does not keep up" });
    const headers = { "Content-Type": "application/json" };
    throw new HTTPException(503, { res: new Response(body, { status: 503, headers }) });
  }
}

function sendSegment(c: Context, { bytes, type, etag }: ServedFile): Response {
  c.header("Accept-Ranges", "bytes");
  const range = requestedRange(c, { size: bytes.length, etag });
  if (range === "unsatisfiable") {
    c.header("Content-Range", `bytes */${bytes.length}`);
    return c.json({ code: 416, message: "range not satisfiable" }, 416);
  }
  const body = range === undefined ? bytes : bytes.subarray(range.start, range.end);
  c.header("ETag", etag);
  c.header("Cache-Control", "max-age=600");
  c.header("Content-Type", type);
  c.header("Content-Length", `${body.length}`);
  if (range === undefined) return c.body(body);
  c.header("Content-Range", `bytes ${range.start}-${range.end - 1}/${bytes.length}`);
  return c.body(body, 206);
}

/** The whole of something, or the first part of it. */
function isBeginning({ status, headers }: Response): boolean {
  return status === 200 || headers.get("Content-Range")?.startsWith("bytes 0-") === true;
}
