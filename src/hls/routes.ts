/**
 * Playlists, segments and preroll over HTTP.
 *
 * @module
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import { isValidName } from "../session/name.ts";
import { anyOrigin, fromInternet } from "../web/any_origin.ts";
import { isBeginning } from "../web/byte_range.ts";
import { noPlace, notThere, readSegment, sendPlaylist, sendSegment } from "./answers.ts";
import { isLowFile } from "./low_latency/low_names.ts";
import { LowAnswers } from "./low_latency/low_answers.ts";
import { NoPlace, type Origin, type ServedFile } from "./origin.ts";

export interface HlsRoutesOptions {
  readonly origin: Pick<Origin, "playlist" | "segment" | "hear" | "wait" | "catchUp">;
  /** Whether broadcasts may be had in low latency. Default true. */
  readonly lowLatency?: boolean;
  /** Files beside a broadcast's own that somebody else serves. */
  readonly others: readonly string[];
  /** The beginning of a segment of the broadcast `name` was sent. */
  readonly onFetch?: ((name: string, file: string) => void) | undefined;
}

/** Playlists and segments. To be mounted where broadcasts are to be found. */
export function hlsRoutes({ origin, lowLatency = true, others, onFetch }: HlsRoutesOptions): Hono {
  const app = new Hono();
  const low = new LowAnswers({ origin, onFetch });
  const isOthers = (name: string, file: string) => name === PREROLL_NAME || others.includes(file);
  const ours = (handler: MiddlewareHandler): MiddlewareHandler => (c, next) => {
    const [name = "", file = ""] = [c.req.param("name"), c.req.param("file")];
    return isOthers(name, file) ? next() : handler(c, next);
  };
  for (const handler of forPlayers()) app.on(["GET", "OPTIONS"], FILE, ours(handler));
  app.get(FILE, async (c, next) => {
    const { name, file } = c.req.param();
    if (isOthers(name, file)) return await next();
    if (!isValidName(name)) return notThere(c);
    if (isLowFile(file)) return lowLatency ? await low.answer(c, name, file) : notThere(c);
    try {
      return await answer(c, name, file);
    } catch (error) {
      if (!(error instanceof NoPlace)) throw error;
      return noPlace(c, "it cannot be heard now", RETRY_AFTER_S);
    }
  });
  const answer = async (c: Context, name: string, file: string) => {
    if (PLAYLIST.test(file)) {
      const playlist = await origin.playlist(name, file);
      return playlist === undefined ? notThere(c) : sendPlaylist(c, playlist);
    }
    const segment = await readSegment(origin, name, file);
    if (segment === undefined) return notThere(c);
    const response = sendSegment(c, segment);
    if (c.req.method === "GET" && isBeginning(response)) onFetch?.(name, file);
    return response;
  };
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
    anyOrigin(["GET", "HEAD", "OPTIONS"], ["Age", "Content-Length", "Content-Range", "ETag"]),
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
/** A DJ whose box is gone comes to another one within seconds. */
const RETRY_AFTER_S = 2;
