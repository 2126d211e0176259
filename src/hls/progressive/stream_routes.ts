/**
 * Endless streams over HTTP, for receivers that know nothing else.
 *
 * @module
 */
import { Hono } from "hono";
import { LiveBody, type LiveSource } from "../../http/live_body.ts";
import type { Clock, Timer } from "../../session/clock.ts";
import { answerEnd } from "../../web/answer_end.ts";
import { anyOrigin, fromInternet } from "../../web/any_origin.ts";
import { notThere } from "../answers.ts";
import { icyInterval, IcySource } from "./icy_metadata.ts";
import type { Joined, StreamCopies } from "./stream_copies.ts";
import { ANY_STREAM_FILE, STREAM_FILES, streamTypeOf } from "./stream_form.ts";

export interface StreamRoutesOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly streams: Pick<StreamCopies, "fileOf" | "join">;
}

/** The streams. To be mounted where broadcasts are to be found. */
export function streamRoutes({ clock, streams }: StreamRoutesOptions): Hono {
  const app = new Hono();
  for (const file of STREAM_FILES) {
    const path = `/:name/${file}`;
    // No entity tag: it would be made of the whole answer.
    app.use(path, fromInternet, anyOrigin(["GET", "HEAD", "OPTIONS"], ICY_FIELDS));
    app.get(path, async (c) => {
      const name = c.req.param("name") ?? "";
      const there = streams.fileOf(name);
      const isMeant = there === file || file === ANY_STREAM_FILE;
      if (there === undefined || !isMeant) return notThere(c);
      const common = headersOf(name, there);
      if (c.req.method === "HEAD") return c.body(null, 200, common);
      const joined = await streams.join(name);
      if (joined === undefined) return notThere(c);
      if (joined === "late") return c.json({ code: 503, message: "the stream is late" }, 503);
      // It may have begun anew as another one meanwhile.
      if (streams.fileOf(name) !== there) {
        joined.cursor.leave();
        return notThere(c);
      }
      const wantsTitles = c.req.header("Icy-MetaData") === "1";
      const { source, fields } = streamFor(joined, wantsTitles);
      return new Response(new LiveBody(endingAt(answerEnd(c), source, clock)), {
        headers: { ...common, ...fields },
      });
    });
  }
  return app;
}

/** Header fields of a stream. */
export function headersOf(name: string, file: string): Record<string, string> {
  return {
    "Accept-Ranges": "none",
    "Cache-Control": "no-store",
    "Content-Type": streamTypeOf(file) ?? "",
    "icy-name": name,
    // nginx would take in megabytes for whoever is slow.
    "X-Accel-Buffering": "no",
  };
}

/** What a receiver is sent, and the header fields that tell of it. */
export function streamFor(
  { cursor, bytesPerSecond }: Joined,
  wantsTitles: boolean,
): { readonly source: LiveSource; readonly fields: Record<string, string> } {
  const fields = { "icy-br": `${Math.round(bytesPerSecond * 8 / 1000)}` };
  if (!wantsTitles) return { source: cursor, fields };
  const interval = icyInterval(bytesPerSecond);
  return {
    source: new IcySource(cursor, interval),
    fields: { ...fields, "icy-metaint": `${interval}` },
  };
}

/** Ends a source at `at`, in milliseconds since the epoch. */
function endingAt(at: number, source: LiveSource, clock: StreamRoutesOptions["clock"]): LiveSource {
  if (at === Infinity) return source;
  let timer: Timer;
  const arm = () => {
    const leftMs = Math.max(0, at - clock.now());
    timer = leftMs > MAX_TIMER_MS
      ? clock.after(MAX_TIMER_MS, arm)
      : clock.after(leftMs, () => source.leave());
  };
  arm();
  return {
    next: () => {
      const bytes = source.next();
      if (bytes === undefined) timer.cancel();
      return bytes;
    },
    sent: (bytes) => source.sent(bytes),
    onMore: (tell) => source.onMore(tell),
    leave: () => {
      timer.cancel();
      source.leave();
    },
  };
}

/** What players may read of an answer, besides what they always may. */
export const ICY_FIELDS: readonly string[] = ["icy-br", "icy-metaint", "icy-name"];
/** 20 days: timers take no more than 24. Then another one is set. */
const MAX_TIMER_MS = 1_728_000_000;
