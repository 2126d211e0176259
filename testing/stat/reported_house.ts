/** Shows with listeners, and the reports of them, on a clock that is moved by hand. */
import { Listeners } from "../../src/hls/listeners.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import type { ReportedShow } from "../../src/stat/reports/report.ts";
import { Reporter } from "../../src/stat/reports/reporter.ts";
import { House } from "./house.ts";

/** How long segments are. */
const SEGMENT_SECONDS = 2;

/** A {@link House} with a {@link Reporter}, whose listeners are counted as all others are. */
export class ReportedHouse implements Disposable {
  readonly house: House;
  readonly listeners: Listeners;
  readonly reporter: Reporter;
  #sequence = 0;

  constructor(folder: string, startMs?: number) {
    this.house = new House(undefined, startMs);
    const { clock, events } = this.house;
    this.listeners = new Listeners(SEGMENT_SECONDS * 1000, () => clock.awake());
    const countListeners = (name: string) => this.listeners.count(name);
    this.reporter = new Reporter({ clock, events, countListeners, folder });
  }

  /** Lets time go by in which `count` players fetch each segment of `name`. */
  listen(name: string, count: number, seconds: number, ...ingests: readonly Ingest[]): void {
    for (let passed = 0; passed < seconds; passed += SEGMENT_SECONDS) {
      const file = `${this.#sequence++}-demo.ts`;
      this.listeners.listed(name, file);
      // Threads tell of several at a time.
      this.listeners.fetched(name, file, count);
      this.house.play(SEGMENT_SECONDS, ...ingests);
    }
  }

  /** All shows there were. */
  report(): Promise<ReportedShow[]> {
    return this.reporter.report({ fromMs: 0, toMs: this.house.clock.now() + 1 });
  }

  [Symbol.dispose](): void {
    this.house[Symbol.dispose]();
  }
}
