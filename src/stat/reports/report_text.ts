/** Reports as JSON and as CSV, piece by piece. */
import { CSV_START, csvRow } from "./csv.ts";
import type { ReportedShow, ReportRange } from "./report.ts";
import type { ReportForm } from "./report_query.ts";

/** The text of a report; each piece is made when it is asked for. */
export function reportText(
  form: ReportForm,
  range: ReportRange,
  shows: readonly ReportedShow[],
): Iterable<string> {
  if (form === "json") return json(range, shows);
  return form === "shows.csv" ? showsTable(shows) : titlesTable(shows);
}

/** A piece for each show. */
function* json({ fromMs, toMs }: ReportRange, shows: readonly ReportedShow[]): Iterable<string> {
  const counted = shows.filter(({ seconds }) => seconds !== null);
  const sum = counted.reduce((total, { seconds }) => total + Number(seconds), 0);
  const seconds = counted.length === 0 && shows.length > 0 ? null : sum;
  const head = { from: timestamp(fromMs), to: timestamp(toMs), ...heard(seconds) };
  yield `${JSON.stringify(head).slice(0, -1)},"shows":[`;
  for (const [i, show] of shows.entries()) {
    yield `${i === 0 ? "" : ","}${JSON.stringify(described(show))}`;
  }
  yield "]}";
}

function described(show: ReportedShow): Readonly<Record<string, unknown>> {
  const { id, name, dj, protocol, start, end, peak, titles } = show;
  return {
    id,
    name,
    dj,
    protocol,
    start: timestamp(start),
    end: end === null ? null : timestamp(end),
    ...heard(show.seconds),
    peak_listeners: peak,
    titles: titles.map(({ at, title, artist, listeners }) => {
      return { time: timestamp(at), title, artist, listeners };
    }),
  };
}

function* showsTable(shows: readonly ReportedShow[]): Iterable<string> {
  yield CSV_START + csvRow([
    ...["id", "name", "dj", "protocol", "start", "end"],
    ...["listener_seconds", "listener_hours", "peak_listeners", "titles"],
  ]);
  for (const show of shows) {
    const { id, name, dj, protocol, start, end, peak, titles } = show;
    const { listener_seconds: seconds, listener_hours: hours } = heard(show.seconds);
    const times = [timestamp(start), end === null ? null : timestamp(end)];
    yield csvRow([id, name, dj, protocol, ...times, seconds, hours, peak, titles.length]);
  }
}

/** Without those times when it was not known what is heard. */
function* titlesTable(shows: readonly ReportedShow[]): Iterable<string> {
  yield CSV_START + csvRow(["time", "title", "artist", "listeners", "show", "name", "dj"]);
  for (const { id, name, dj, titles } of shows) {
    yield titles.filter(({ title, artist }) => title !== null || artist !== null)
      .map(({ at, title, artist, listeners }) => {
        return csvRow([timestamp(at), title, artist, listeners, id, name, dj]);
      }).join("");
  }
}

interface Heard {
  readonly listener_seconds: number | null;
  readonly listener_hours: number | null;
}

/** Seconds that are whole, and hours to a ten-thousandth. */
function heard(seconds: number | null): Heard {
  if (seconds === null) return { listener_seconds: null, listener_hours: null };
  const hours = Math.round(seconds / 3600 * 10_000) / 10_000;
  return { listener_seconds: Math.round(seconds), listener_hours: hours };
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
