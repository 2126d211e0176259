/** Reports as JSON and as CSV, piece by piece. */
import { CSV_START, csvRow } from "./csv.ts";
import type { ReportedShow, ReportRange } from "./report.ts";
import type { ReportForm } from "./report_query.ts";

/** The text of a report, in small pieces; each is made when it is asked for. */
export function reportText(
  form: ReportForm,
  range: ReportRange,
  shows: readonly ReportedShow[],
): Iterable<string> {
  if (form === "json") return json(range, shows);
  return form === "shows.csv" ? showsTable(shows) : titlesTable(shows);
}

function* json({ fromMs, toMs }: ReportRange, shows: readonly ReportedShow[]): Iterable<string> {
  const counted = shows.filter(({ seconds }) => seconds !== null);
  const sum = counted.reduce((total, { seconds }) => total + Number(seconds), 0);
  const seconds = counted.length === 0 && shows.length > 0 ? null : sum;
  const head = { from: timestamp(fromMs), to: timestamp(toMs), ...heard(seconds) };
  yield* withList(head, "shows", shows, showJson);
}

function showJson(show: ReportedShow): Iterable<string> {
  const { id, name, dj, protocol, start, end, peak, titles } = show;
  const times = { start: timestamp(start), end: end === null ? null : timestamp(end) };
  const facts = { id, name, dj, protocol, ...times, ...heard(show.seconds), peak_listeners: peak };
  return withList(facts, "titles", titles, ({ at, title, artist, listeners }) => {
    return [JSON.stringify({ time: timestamp(at), title, artist, listeners })];
  });
}

/** An object with a list in it, of which each member is written by `write`. */
function* withList<T>(
  facts: Readonly<Record<string, unknown>>,
  name: string,
  members: readonly T[],
  write: (member: T) => Iterable<string>,
): Iterable<string> {
  yield `${JSON.stringify(facts).slice(0, -1)},"${name}":[`;
  for (const [i, member] of members.entries()) {
    if (i > 0) yield ",";
    yield* write(member);
  }
  yield "]}";
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
    for (const { at, title, artist, listeners } of titles) {
      if (title === null && artist === null) continue;
      yield csvRow([timestamp(at), title, artist, listeners, id, name, dj]);
    }
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
