/** What a request for a report asks for: which range of time, and in which form. */
import type { ReportRange } from "./report.ts";

/** The form of an answer: JSON, or a table with a row for each show or for each title. */
export type ReportForm = "json" | "shows.csv" | "titles.csv";

/** What of a request is wrong. */
export class BadReportQuery extends Error {
  override readonly name = "BadReportQuery";
}

const DAY_MS = 86_400_000;
/** Where no `from` is asked for. */
const USUAL_MS = 30 * DAY_MS;

/**
 * Reads `from` and `to`, each a time (RFC 3339) or a day (UTC). A day counts whole, also the last one.
 * @param find finds a parameter of the request
 * @param nowMs ends the range where no `to` is asked for; 30 days before its end is where it begins
 * @throws {BadReportQuery}
 */
export function readRange(find: (name: string) => string | undefined, nowMs: number): ReportRange {
  const to = timeOf("to", find("to"));
  const toMs = to === undefined ? nowMs : to.isDay ? to.ms + DAY_MS : to.ms;
  const fromMs = timeOf("from", find("from"))?.ms ?? toMs - USUAL_MS;
  if (fromMs >= toMs) throw new BadReportQuery("from is not before to");
  return { fromMs, toMs };
}

/**
 * Reads `format` and `view`.
 * @param accept the header Accept, which counts where there is no `format`
 * @throws {BadReportQuery}
 */
export function readForm(
  find: (name: string) => string | undefined,
  accept: string | undefined,
): ReportForm {
  const format = find("format") ?? (accept?.includes("text/csv") ? "csv" : "json");
  if (format !== "csv" && format !== "json") {
    throw new BadReportQuery(`format is json or csv, not ${quoted(format)}`);
  }
  const view = find("view") ?? "shows";
  if (view !== "shows" && view !== "titles") {
    throw new BadReportQuery(`view is shows or titles, not ${quoted(view)}`);
  }
  if (format === "csv") return `${view}.csv`;
  if (view === "shows") return "json";
  throw new BadReportQuery("view=titles is for format=csv: JSON has the titles of each show");
}

function timeOf(
  name: string,
  text: string | undefined,
): { readonly ms: number; readonly isDay: boolean } | undefined {
  if (text === undefined) return undefined;
  // In a query, + stands for a space.
  const [whole, day = "", time] = TIME.exec(text.replace(" ", "+")) ?? [];
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Of a day that there is not, such as 30 February, `Date` makes another one.
  const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
  const ms = time === undefined ? midnight : Date.parse(`${whole}`.toUpperCase());
  if (whole === undefined || !isDay || !(ms >= 0)) {
    throw new BadReportQuery(
      `${name} is a time such as 2026-11-01T00:00:00Z or a day such as 2026-11-01, ` +
        `not ${quoted(text)}`,
    );
  }
  return { ms, isDay: time === undefined };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

/** `full-date`, and `date-time` (RFC 3339 5.6). */
const TIME = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/i;
