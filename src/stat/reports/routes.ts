/** The HTTP route of reports, for operators. */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { Clock } from "../../session/clock.ts";
import { ReportTooLarge } from "./report.ts";
import { BadReportQuery, readForm, readRange, type ReportForm } from "./report_query.ts";
import { reportText } from "./report_text.ts";
import type { Reporter } from "./reporter.ts";

export interface ReportRoutesOptions {
  readonly reporter: Pick<Reporter, "report">;
  readonly clock: Pick<Clock, "now">;
  /** Lets in who may see reports. */
  readonly guard: MiddlewareHandler;
}

/** Tells how long shows were listened to, and what they played, in a range of time. */
export function reportRoutes({ reporter, clock, guard }: ReportRoutesOptions): Hono {
  const app = new Hono();
  app.get("/stat/1/reports", guard, async (c) => {
    const find = (name: string) => c.req.query(name);
    try {
      const form = readForm(find, c.req.header("Accept"));
      const range = readRange(find, clock.now());
      const shows = await reporter.report(range);
      return send(c, form, reportText(form, range, shows));
    } catch (error) {
      if (error instanceof BadReportQuery || error instanceof ReportTooLarge) {
        return c.json({ code: 400, message: error.message }, 400);
      }
      throw error;
    }
  });
  return app;
}

function send(c: Context, form: ReportForm, text: Iterable<string>): Response {
  c.header("Cache-Control", "no-store");
  c.header("Vary", "Accept");
  if (form !== "json") {
    c.header("Content-Disposition", `attachment; filename="echo-${form}"`);
  }
  c.header("Content-Type", form === "json" ? "application/json" : "text/csv; charset=utf-8");
  return c.body(bodyOf(text));
}

/** Makes it as fast as it is sent, a part at a time, so that nothing else waits for long. */
function bodyOf(text: Iterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const pieces = text[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      let part = "";
      while (part.length < PART_CHARACTERS) {
        const { done, value } = pieces.next();
        if (done === true) {
          if (part !== "") controller.enqueue(encoder.encode(part));
          return controller.close();
        }
        part += value;
      }
      controller.enqueue(encoder.encode(part));
    },
  }, { highWaterMark: 0 });
}

const PART_CHARACTERS = 32_768;
