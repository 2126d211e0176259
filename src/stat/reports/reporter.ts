/** Counts for reports how long shows are listened to, and notes what they play. */
import type { Clock } from "../../session/clock.ts";
import type { EventBus, SessionEvent } from "../../session/events.ts";
import { CountedShow } from "./counted_show.ts";
import { makeReport, type ReportedShow, type ReportRange } from "./report.ts";
import { ReportFiles } from "./report_files.ts";
import type { ShowLine } from "./report_line.ts";

/** Segments are as long at least, so that no number of listeners is missed. */
const COUNT_MS = 1000;
/** What is lost at most when the process dies. */
const SAVE_MS = 5000;

export interface ReporterOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  /** How many listen to a name; `undefined` where they are not counted. */
  readonly countListeners: ((name: string) => number) | undefined;
  /** Where reports are kept. */
  readonly folder: string;
}

/**
 * Keeps of each show, which is a session from its first audio to its end, what reports tell of it.
 * Who still hears it after its end counts for it, until nothing of it is served any more, or another
 * show of that name begins. Of one that goes to another box, that one counts who hears it, here too.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #files: ReportFiles;
  readonly #shows = new Map<number, CountedShow>();
  readonly #stops: readonly (() => void)[];
  /** The report that is made: one at a time, as each may take much memory. */
  #making: Promise<unknown> = Promise.resolve();

  constructor(options: ReporterOptions) {
    const { clock, events } = options;
    this.#options = options;
    this.#files = new ReportFiles(options);
    const count = clock.every(COUNT_MS, () => this.#countAll());
    const save = clock.every(SAVE_MS, () => this.#files.save(this.#endings()));
    this.#stops = [
      () => count.cancel(),
      () => save.cancel(),
      events.subscribe((event) => this.#note(event)),
    ];
  }

  /** Why what is counted cannot be kept at the moment; `undefined` where it can. */
  get problem(): string | undefined {
    return this.#files.problem;
  }

  /** Lines that no report will have, because they could not be kept. */
  get lost(): number {
    return this.#files.lost;
  }

  /** What is known of shows in a range. @throws {ReportTooLarge}, and what the disk says */
  report(range: ReportRange): Promise<ReportedShow[]> {
    const report = this.#making.then(() => {
      this.#countAll();
      const now = this.#options.clock.now();
      const open = Array.from(this.#shows.values(), (show) => show.line(now));
      return makeReport(range, this.#files.read(range.fromMs), open);
    });
    this.#making = report.catch(() => {});
    return report;
  }

  /** Ends what is counted, and writes it. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    for (const line of this.#endings()) this.#files.add(line);
    this.#shows.clear();
    await this.#files.close();
  }

  #note(event: SessionEvent): void {
    if (event.kind === "create") this.#begin(event);
    const show = this.#shows.get(event.id);
    if (show === undefined) return;
    this.#count(show);
    show.note(event);
    if (event.kind === "metadata") {
      const line = show.titled(event);
      if (line === undefined) this.#files.refuse();
      else this.#files.add(line);
    } else if (event.kind === "release") {
      // Another box counts who hears it from now on.
      if (event.goesOn === true) this.#end(show);
      else this.#files.add(show.line(event.at));
    }
  }

  #begin(event: SessionEvent<"create">): void {
    const { clock, countListeners } = this.#options;
    for (const show of this.#shows.values()) if (show.name === event.name) this.#end(show);
    const show = new CountedShow(event, countListeners && clock.awake());
    this.#shows.set(show.id, show);
    this.#count(show);
    this.#files.add(show.line(event.at));
  }

  #end(show: CountedShow): void {
    this.#count(show);
    this.#files.add(show.line(this.#options.clock.now()));
    this.#shows.delete(show.id);
  }

  #countAll(): void {
    for (const show of this.#shows.values()) {
      this.#count(show);
      if (show.isOver) this.#end(show);
    }
  }

  #count(show: CountedShow): void {
    const { clock, countListeners } = this.#options;
    const listeners = countListeners?.(show.name) ?? 0;
    const line = show.count(listeners, { awakeMs: clock.awake(), wallMs: clock.now() });
    if (line !== undefined) this.#files.add(line);
  }

  /** The lines that end all shows now. */
  #endings(): ShowLine[] {
    const now = this.#options.clock.now();
    return Array.from(this.#shows.values(), (show) => show.line(now))
      .map((line) => ({ ...line, end: line.end ?? now }));
  }
}
