import { type Context, Hono } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { LimiterFull } from "../disk/limiter.ts";
import { isValidName } from "../session/name.ts";
import { anyOrigin, fromInternet } from "../web/any_origin.ts";
import { requestedRange } from "../web/byte_range.ts";
import type { HlsStream } from "./stream.ts";
import { type Preroll, PREROLL_PATH, type ServedFile } from "./preroll.ts";
import { FileUnreadable, PLAYLIST_FILE, SEGMENT_FILE } from "./stream_files.ts";

const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
/** The master playlist, for players that want one. */
const MASTER_FILE = "index.m3u8";
const SEGMENT_TYPE = "video/mp2t";
/** What changes with every segment may be held by a CDN for a moment. */
const LIVE = "max-age=1";

/** What is asked of a stream over HTTP. */
export type ServedStream = Pick<HlsStream, "playlist" | "masterPlaylist" | "segment">;

export interface HlsRoutesOptions {
  /** What is served of the broadcast `name`. */
  readonly find: (name: string) => ServedStream | undefined;
  readonly preroll: Preroll;
  /** First part of every path, without slashes around it. */
  readonly path: string;
  /** A file of the broadcast `name`, `undefined` where there is none. */
  readonly readFile: (name: string, file: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The beginning of a segment of the broadcast `name` was sent. */
  readonly onFetch?: ((name: string, file: string) => void) | undefined;
}

/** Playlists and segments over HTTP: what is live from memory, what is older from disk. */
export function hlsRoutes(options: HlsRoutesOptions): Hono {
  const { find, path, preroll, readFile, onFetch } = options;
  const base = `/${path}`;
  const app = new Hono();
  app.use(fromInternet);
  app.use(anyOrigin(["GET", "HEAD", "OPTIONS"], ["Content-Length", "Content-Range", "ETag"]));
  app.use(etag({
    retainedHeaders: [
      ...RETAINED_304_HEADERS,
      "access-control-allow-origin",
      "access-control-expose-headers",
    ],
  }));
  app.get(`${base}/:name/:file`, async (c) => {
    const { name, file } = c.req.param();
    if (!isValidName(name)) return notThere(c);
    if (file === PLAYLIST_FILE) {
      const playlist = find(name)?.playlist;
      return playlist === undefined ? notThere(c) : sendPlaylist(c, playlist.text, playlist.etag);
    }
    if (file === MASTER_FILE) {
      const master = find(name)?.masterPlaylist;
      return master === undefined ? notThere(c) : sendPlaylist(c, master);
    }
    if (!SEGMENT_FILE.test(file)) return notThere(c);
    const bytes = find(name)?.segment(file) ?? await readOlder(name, file, readFile);
    if (bytes === undefined) return notThere(c);
    // No two segments of a name have the same file's name.
    const response = sendSegment(c, { bytes, type: SEGMENT_TYPE, etag: `"${file}"` });
    if (c.req.method === "GET" && isBeginning(response)) onFetch?.(name, file);
    return response;
  });
  app.get(`${PREROLL_PATH}/:file`, (c) => {
    const { file } = c.req.param();
    const found = preroll.files.get(file);
    return found === undefined ? notThere(c) : sendSegment(c, found);
  });
  return app;
}

/** @throws {HTTPException} 503 where the disk does not keep up */
async function readOlder(
  name: string,
  file: string,
  readFile: HlsRoutesOptions["readFile"],
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await readFile(name, file);
  } catch (error) {
    if (!(error instanceof LimiterFull || error instanceof FileUnreadable)) throw error;
    const body = JSON.stringify({ code: 503, message: "the disk does not keep up" });
    const headers = { "Content-Type": "application/json" };
    throw new HTTPException(503, { res: new Response(body, { status: 503, headers }) });
  }
}

/** It may be there any moment: who comes too early is not to keep the others waiting. */
function notThere(c: Context): Response {
  return c.json({ code: 404, message: "not found" }, 404, { "Cache-Control": LIVE });
}

function sendPlaylist(
  c: Context,
  text: Uint8Array<ArrayBuffer> | string,
  tag?: string,
): Response {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  if (tag !== undefined) c.header("ETag", tag);
  c.header("Cache-Control", LIVE);
  c.header("Content-Type", PLAYLIST_TYPE);
  c.header("Content-Length", `${bytes.length}`);
  return c.body(bytes);
}

/** Sends a copy: `bytes` may be another segment by the time that a slow client has read them. */
function sendSegment(c: Context, { bytes, type, etag }: ServedFile): Response {
  c.header("Accept-Ranges", "bytes");
  const range = requestedRange(c, { size: bytes.length, etag });
  if (range === "unsatisfiable") {
    c.header("Content-Range", `bytes */${bytes.length}`);
    return c.json({ code: 416, message: "range not satisfiable" }, 416);
  }
  const body = range === undefined ? bytes.slice() : bytes.slice(range.start, range.end);
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
