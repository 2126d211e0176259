/** The archive over HTTP. */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import type { ByteRange } from "../web/byte_range.ts";
import { sendRanged } from "../web/ranged_answer.ts";
import { BucketUnavailable } from "./bucket_copies.ts";
import type { Catalogue, CatalogueEntry, OpenedRecording } from "./catalogue.ts";
import { clipAnswer, closeUnsent } from "./clip_answer.ts";
import type { Clips } from "./clips.ts";
import { PART } from "./file_names.ts";

export interface RecordRoutesOptions {
  readonly catalogue: Pick<Catalogue, "list" | "open" | "remove" | "urlOf"> & {
    readonly clips: Pick<Clips, "make">;
  };
  /** Lets in who may see recordings. */
  readonly guard: MiddlewareHandler;
}

/** Lists, sends and deletes recordings. To be mounted on the prefix where they are to be found. */
export function recordRoutes({ catalogue, guard }: RecordRoutesOptions): Hono {
  const app = new Hono();
  app.use(guard);
  app.onError((error, c) => {
    if (!(error instanceof BucketUnavailable)) throw error;
    return c.json({ code: 503, message: error.message }, 503);
  });
  app.get("/", async (c) => c.json((await catalogue.list()).map(describe)));
  app.get("/:file", async (c) => {
    const opened = await catalogue.open(c.req.param("file"));
    if (opened !== undefined) return send(c, opened, c.req.param("file"));
    const url = await catalogue.urlOf(c.req.param("file"), c.req.method);
    if (url === undefined) return notFound(c);
    c.header("Cache-Control", "private, no-store");
    return c.redirect(url, 302);
  });
  app.get(
    "/:file/clip.mp4",
    closeUnsent,
    etag(),
    (c) => clipAnswer(c, c.req.param("file"), catalogue.clips),
  );
  app.delete("/:file", async (c) => {
    const state = await catalogue.remove(c.req.param("file"));
    if (state === undefined) return notFound(c);
    if (state === "live" || state === "finishing") {
      return c.json({ code: 409, message: `the recording is ${state}` }, 409);
    }
    return c.body(null, 204);
  });
  return app;
}

/** `start` is as in RFC 3339, `duration` in seconds, to the microsecond; null is not known. */
function describe(entry: CatalogueEntry): Record<string, unknown> {
  const { file, name, state, startTime, durationMs, bytes, places } = entry;
  return {
    file,
    name,
    state,
    start: startTime === undefined ? null : new Date(startTime).toISOString(),
    duration: durationMs === undefined ? null : Math.round(durationMs * 1000) / 1e6,
    size: bytes,
    ...places === undefined ? {} : { places },
  };
}

function notFound(c: Context): Response {
  return c.json({ code: 404, message: "recording not found" }, 404);
}

/** Sends a file. Of one that grows, it sends what is there now. */
function send(c: Context, opened: OpenedRecording, file: string): Response {
  const { handle, bytes, changedAt } = opened;
  const isPart = file.endsWith(PART);
  // Bytes that are in a part do not change, so a player may go on reading when more have come.
  const etag = isPart ? undefined : `"${bytes.toString(36)}-${changedAt.toString(36)}"`;
  const sent: { body?: ReadableStream<Uint8Array> } = {};
  c.header("Content-Disposition", `attachment; filename="${file.replace(PART, "")}"`);
  const response = sendRanged(c, {
    ...{ size: bytes, etag, type: "audio/mp4", caching: "private, no-cache" },
    body: (range) => sent.body = read(handle, range),
  });
  if (sent.body === undefined) handle.close();
  return response;
}

/** Reads the file as fast as it is sent, and closes it in the end. */
function read(handle: Deno.FsFile, { start, end }: ByteRange): ReadableStream<Uint8Array> {
  let left = end - start;
  handle.seekSync(start, Deno.SeekMode.Start);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, left));
        const count = left === 0 ? 0 : await handle.read(chunk);
        // It was cut short meanwhile, which the client has to notice.
        if (count === null) throw new Error("the recording has changed meanwhile");
        left -= count;
        if (count > 0) controller.enqueue(chunk.subarray(0, count));
      } catch (error) {
        handle.close();
        throw error;
      }
      if (left > 0) return;
      handle.close();
      controller.close();
    },
    cancel: () => handle.close(),
  }, { highWaterMark: 0 });
}

const CHUNK_BYTES = 64 * 1024;
