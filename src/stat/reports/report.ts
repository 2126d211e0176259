/** What is reported of shows in a range of time: how long they were heard, and what they played. */
import { QUARTER_MS } from "./counted_show.ts";
import type { ReportLine, ShowLine, TitleLine } from "./report_line.ts";

/** A time from which on, and a time up to which, in milliseconds since the epoch. */
export interface ReportRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A show in the range. */
export interface ReportedShow extends Pick<ShowLine, "name" | "dj" | "protocol" | "start" | "end"> {
  readonly id: number;
  /** Within the range; null where listeners are not counted. */
  readonly seconds: number | null;
  /** The most listeners at a time, in those quarters of an hour that touch the range. */
  readonly peak: number | null;
  /** What began within the range, in order. */
  readonly titles: readonly TitleLine[];
}

/** So many an answer has at most, so that none takes all memory. */
export const MAX_REPORTED_SHOWS = 10_000;
export const MAX_REPORTED_TITLES = 100_000;

/** There is more in a range than an answer has. */
export class ReportTooLarge extends Error {
  override readonly name = "ReportTooLarge";
}

/**
 * Makes a report, the earliest show first.
 * @param parts lines from the day on in which the range begins, as they were written
 * @param open how the shows are now that are not over: of these, no line tells the end
 * @throws {ReportTooLarge}, and what `parts` throws
 */
export async function makeReport(
  range: ReportRange,
  parts: AsyncIterable<readonly ReportLine[]>,
  open: readonly ShowLine[],
): Promise<ReportedShow[]> {
  const report = new OpenReport(range, open);
  for await (const lines of parts) {
    for (const line of lines) report.add(line);
    // Until then, each show that goes on has had another line.
    if (Number(lines.at(-1)?.at) >= range.toMs + QUARTER_MS && report.knowsEnds) break;
  }
  return report.end();
}

/** A report of which lines come. */
class OpenReport {
  readonly #range: ReportRange;
  readonly #open: ReadonlyMap<number, ShowLine>;
  readonly #shows = new Map<number, ShowSums>();
  /** By show, of which lines may come later. */
  readonly #titles = new Map<number, TitleLine[]>();
  #titleCount = 0;

  constructor(range: ReportRange, open: readonly ShowLine[]) {
    this.#range = range;
    this.#open = new Map(open.map((line) => [line.show, line]));
  }

  /** Whether it is known of each show when it ended, or that it has not. */
  get knowsEnds(): boolean {
    return this.#shows.values().every(({ last }) => last.end !== null || this.#open.has(last.show));
  }

  add(line: ReportLine): void {
    if (line.kind === "title") this.#addTitle(line);
    else this.#addShow(line);
  }

  end(): ReportedShow[] {
    for (const line of this.#open.values()) this.#addShow(line);
    const { fromMs } = this.#range;
    return Array.from(this.#shows.values(), (sums) => this.#reported(sums))
      .filter(({ start, end, seconds }) => {
        return start >= fromMs || end === null || end > fromMs || Number(seconds) > 0;
      })
      .sort((a, b) => a.start - b.start || a.id - b.id);
  }

  #addShow(line: ShowLine): void {
    const known = this.#shows.get(line.show);
    if (known !== undefined) return known.add(line);
    if (line.start >= this.#range.toMs) return;
    if (this.#shows.size >= MAX_REPORTED_SHOWS) tooLarge();
    this.#shows.set(line.show, new ShowSums(this.#range, line));
  }

  #addTitle(line: TitleLine): void {
    if (line.at < this.#range.fromMs || line.at >= this.#range.toMs) return;
    if (++this.#titleCount > MAX_REPORTED_TITLES) tooLarge();
    const titles = this.#titles.get(line.show);
    if (titles === undefined) this.#titles.set(line.show, [line]);
    else titles.push(line);
  }

  #reported({ start, last, seconds, peak }: ShowSums): ReportedShow {
    const { show: id, name, dj, protocol, heard, at } = last;
    const isCounted = heard !== null;
    return {
      ...{ id, name, dj, protocol, start },
      // The end of a show that is not open any more was lost.
      end: last.end ?? (this.#open.has(id) ? null : at),
      seconds: isCounted ? seconds : null,
      peak: isCounted ? peak : null,
      titles: inOrder(this.#titles.get(id) ?? []),
    };
  }
}

/** What the lines of one show come to. */
class ShowSums {
  readonly #range: ReportRange;
  readonly start: number;
  /** The latest line. */
  last: ShowLine;
  seconds = 0;
  peak = 0;

  constructor(range: ReportRange, first: ShowLine) {
    this.#range = range;
    this.start = first.start;
    // What began on that day or later has all its lines here, unless the first one is damaged.
    const isWhole = first.start >= startOfDay(range.fromMs);
    this.last = isWhole ? startOf(first) : first;
    this.add(first);
  }

  add(line: ShowLine): void {
    // It was at another box meanwhile, and is counted anew.
    if (line.start > this.last.start) this.last = startOf(line);
    const { last } = this;
    const heard = Number(line.heard) - Number(last.heard);
    // A line may have been written twice.
    if (line.start < last.start || heard < 0) return;
    // One that was kept in case that the process died comes behind the show's end where it did then.
    if (heard === 0 && last.end !== null && line.at < last.at) return;
    const part = this.#partOf(last.at, line.at);
    this.seconds += part * heard;
    if (part > 0) this.peak = Math.max(this.peak, line.peak);
    this.last = line;
  }

  /** Which part of the time between two lines is in the range. */
  #partOf(from: number, to: number): number {
    const { fromMs, toMs } = this.#range;
    // The clock was set back, or no time has passed.
    if (to <= from) return to >= fromMs && to < toMs ? 1 : 0;
    return Math.max(0, Math.min(to, toMs) - Math.max(from, fromMs)) / (to - from);
  }
}

/** A show as it was when it began, by a line of it. */
function startOf(line: ShowLine): ShowLine {
  return { ...line, at: line.start, heard: line.heard === null ? null : 0 };
}

/** In order, and each once: a line may have been written twice. */
function inOrder(titles: readonly TitleLine[]): TitleLine[] {
  return titles.toSorted((a, b) => a.at - b.at).filter((line, i, all) => {
    const before = all[i - 1];
    return before?.at !== line.at || before.title !== line.title || before.artist !== line.artist;
  });
}

function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

function tooLarge(): never {
  throw new ReportTooLarge(
    `more than ${MAX_REPORTED_SHOWS} shows or ${MAX_REPORTED_TITLES} titles are in that range: ` +
      "ask for a shorter one",
  );
}

const DAY_MS = 86_400_000;
