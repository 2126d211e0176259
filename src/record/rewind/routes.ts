/** Shows that may be rewound over HTTP: their playlists and what these name. */
import { getLogger } from "@logtape/logtape";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { LimiterFull } from "../../disk/limiter.ts";
import { isValidName } from "../../session/name.ts";
import { isBeginning } from "../../web/byte_range.ts";
import { acceptsGzip } from "../../web/gzip.ts";
import { sendRanged } from "../../web/ranged_answer.ts";
import { messageOf } from "../files.ts";
import type { ArchivedFiles } from "./archived_files.ts";
import type { ShowCopies } from "./show_copies.ts";
import { type ShowCopy, ShowVersion } from "./show_copy.ts";
import { readInitSection, readSegmentBytes } from "./show_media.ts";
import { parseShowFile, SHOW_FOLDER, type ShowFile } from "./show_playlist.ts";

const logger = getLogger(["echo", "hls"]);

export interface RewindRoutesOptions {
  readonly shows: Pick<ShowCopies, "find">;
  readonly files: Pick<ArchivedFiles, "read">;
  /** The beginning of a segment was sent. @param file its path beside the playlist of `name` */
  readonly onFetch?: ((name: string, file: string) => void) | undefined;
  /**
   * What another box has of a show: `show.m3u8`, or a file that it names; "late" where that cannot be
   * had now. There is no other box by default.
   */
  readonly elsewhere?:
    | ((name: string, file: string) => Promise<Uint8Array<ArrayBuffer> | "late" | undefined>)
    | undefined;
  /** What all answers to players go through. */
  readonly forPlayers: readonly MiddlewareHandler[];
}

/** The file of a show's playlist. */
export const SHOW_FILE = "show.m3u8";

/** Playlists, segments and init sections. To be mounted where broadcasts are to be found. */
export function rewindRoutes(options: RewindRoutesOptions): Hono {
  const { shows, files, onFetch, forPlayers, elsewhere = () => undefined } = options;
  const app = new Hono();
  for (const path of [PLAYLIST, MEDIA]) {
    for (const handler of forPlayers) app.on(["GET", "OPTIONS"], path, handler);
  }
  app.get(PLAYLIST, async (c) => {
    const name = c.req.param("name");
    if (!isValidName(name)) return notThere(c);
    const show = await shows.find(name);
    if (show === "unread") return notYet(c);
    if (show?.version !== undefined) return await sendPlaylist(c, show.version);
    const text = await elsewhere(name, SHOW_FILE);
    if (text === "late") return notYet(c);
    return text === undefined ? notThere(c) : await sendPlaylist(c, new ShowVersion(text));
  });
  app.get(MEDIA, async (c) => {
    const { name, file } = c.req.param();
    const asked = parseShowFile(file);
    if (asked === undefined || !isValidName(name)) return notThere(c);
    const show = await shows.find(name);
    if (show === "unread") return notYet(c);
    try {
      const bytes = show?.start === asked.start
        ? await readFile(files, name, show, asked)
        : await elsewhere(name, `${SHOW_FOLDER}/${file}`);
      if (bytes === "late") return notYet(c);
      if (bytes === undefined) return notThere(c);
      const response = sendMedia(c, bytes, `"${file}"`);
      const isFetch = c.req.method === "GET" && asked.kind === "segment" && isBeginning(response);
      if (isFetch) onFetch?.(name, `${SHOW_FOLDER}/${file}`);
      return response;
    } catch (error) {
      return unavailable(c, file, error);
    }
  });
  return app;
}

const PLAYLIST = `/:name/${SHOW_FILE}`;
const MEDIA = `/:name/${SHOW_FOLDER}/:file`;
/** What changes with every segment may be held by a CDN for a moment. */
const LIVE = "max-age=1";
/** Playlists that are longer are compressed for those who take that. */
const LONG_BYTES = 4096;

/** The bytes of a file of a show; `undefined` where there is none. */
async function readFile(
  files: Pick<ArchivedFiles, "read">,
  name: string,
  show: ShowCopy,
  { kind, number }: ShowFile,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const segment = kind === "segment" ? show.segment(number) : show.segmentOf(number);
  if (segment === undefined) return undefined;
  return kind === "segment"
    ? await readSegmentBytes(files, name, segment)
    : await readInitSection(files, name, segment);
}

function notThere(c: Context): Response {
  return c.json({ code: 404, message: "not found" }, 404, { "Cache-Control": LIVE });
}

/** Players ask again where the server says that it cannot answer now, and not where nothing is there. */
function notYet(c: Context): Response {
  return c.json({ code: 503, message: "the recording is being read" }, 503, { "Retry-After": "1" });
}

async function sendPlaylist(c: Context, version: ShowVersion): Promise<Response> {
  const { text, etag } = version;
  const isLong = text.length > LONG_BYTES;
  if (isLong) c.header("Vary", "Accept-Encoding");
  const isCompressed = isLong && acceptsGzip(c.req.header("Accept-Encoding"));
  if (isCompressed) c.header("Content-Encoding", "gzip");
  const body = isCompressed ? await version.compressed : text;
  c.header("ETag", isCompressed ? etag.replace(/"$/, '-gzip"') : etag);
  c.header("Cache-Control", LIVE);
  c.header("Content-Type", "application/vnd.apple.mpegurl");
  c.header("Content-Length", `${body.length}`);
  return c.body(body);
}

function sendMedia(c: Context, bytes: Uint8Array<ArrayBuffer>, etag: string): Response {
  return sendRanged(c, {
    ...{ size: bytes.length, etag, type: "audio/mp4", caching: "max-age=600" },
    body: ({ start, end }) => bytes.subarray(start, end),
  });
}

function unavailable(c: Context, file: string, error: unknown): Response {
  if (!(error instanceof LimiterFull)) {
    logger.error("Cannot read what {file} is of: {error}", { file, error: messageOf(error) });
  }
  return c.json({ code: 503, message: "the disk does not keep up" }, 503);
}
