/**
 * Segments of this box's broadcasts, for other boxes.
 *
 * @module
 */
import { Hono } from "hono";
import { mediaTypeOf } from "../../hls/formats.ts";
import { SegmentUnavailable } from "../../hls/origin.ts";
import { isValidName } from "../../session/name.ts";

/**
 * To be mounted at `/file`: `GET /NAME/FILE`. Whoever asks is no listener.
 * @param read finds what this box has made itself; throws {@link SegmentUnavailable} where it may be
 *   there and cannot be had now
 */
export function fileRoutes(
  read: (name: string, file: string) => Promise<Uint8Array<ArrayBuffer> | undefined>,
): Hono {
  const app = new Hono();
  app.get("/:name/:file", async (c) => {
    const { name, file } = c.req.param();
    try {
      const isSegment = isValidName(name) && mediaTypeOf(file) !== undefined;
      const bytes = isSegment ? await read(name, file) : undefined;
      return bytes === undefined ? c.body(null, 404) : c.body(bytes);
    } catch (error) {
      if (!(error instanceof SegmentUnavailable)) throw error;
      return c.json({ code: 503, message: error.message }, 503);
    }
  });
  return app;
}
