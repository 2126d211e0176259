/**
 * The log of a thread that serves listeners: its lines are gathered and written by the thread that
 * has the log.
 *
 * @module
 */
import { configure, type LogLevel, type LogRecord } from "@logtape/logtape";
import { floodFilter } from "../../logging/flood_filter.ts";
import { messageText } from "../../logging/message.ts";
import type { Clock } from "../../session/clock.ts";
import { ACCESS_LOG, type LoggedLine, type LogLevels } from "./messages.ts";

/** Gathers what this thread logs. */
export class ThreadLog {
  readonly #send: (lines: readonly LoggedLine[]) => void;
  #lines: LoggedLine[] = [];
  readonly #own: Share = { max: MAX_OWN_LINES, taken: 0, dropped: 0 };
  readonly #requests: Share = { max: 0, taken: 0, dropped: 0 };
  /** Whether lines were sent of which it is not known that they are written. */
  #isUnderWay = false;

  /**
   * @param send is given lines to write, a bounded number of times a second, and no more before
   *   {@link written} is called
   */
  constructor(clock: Clock, send: (lines: readonly LoggedLine[]) => void) {
    this.#send = send;
    clock.every(SEND_MS, () => this.#isUnderWay || this.flush(clock.now()));
  }

  /** Logs what is of these levels from now on. */
  async apply({ own, access, maxLines }: LogLevels): Promise<void> {
    this.#requests.max = maxLines;
    const lowestLevel: LogLevel | null = access ? "info" : null;
    await configure({
      reset: true,
      sinks: { thread: (record) => this.#take(record) },
      filters: { flood: floodFilter() },
      loggers: [
        { category: [], sinks: ["thread"], lowestLevel: own, filters: ["flood"] },
        { category: [ACCESS_LOG], lowestLevel },
        { category: ["logtape", "meta"], lowestLevel: "warning" },
      ],
    });
  }

  /** Sends what was gathered. @param now milliseconds since the epoch */
  flush(now: number): void {
    const [own, requests] = [this.#own.dropped, this.#requests.dropped];
    if (own > 0) {
      const text = `${own} lines of this thread were dropped`;
      this.#lines.push({ category: OWN_LOG, level: "warning", timestamp: now, text });
    }
    if (requests > 0) {
      const text = `${requests} lines of listeners' requests were dropped`;
      this.#lines.push({ category: [ACCESS_LOG], level: "info", timestamp: now, text });
    }
    for (const share of [this.#own, this.#requests]) share.taken = share.dropped = 0;
    if (this.#lines.length === 0) return;
    this.#isUnderWay = true;
    this.#send(this.#lines);
    this.#lines = [];
  }

  /** The lines that were sent last are written. */
  written(): void {
    this.#isUnderWay = false;
  }

  /** However many requests are logged, there is room for what else is. */
  #take(record: LogRecord): void {
    const { category, level, timestamp } = record;
    const share = category[0] === ACCESS_LOG ? this.#requests : this.#own;
    if (share.taken >= share.max) {
      share.dropped++;
      return;
    }
    share.taken++;
    this.#lines.push({ category, level, timestamp, text: messageText(record) });
  }
}

/** What of the lines that are sent together may be of one kind. */
interface Share {
  max: number;
  taken: number;
  dropped: number;
}

const OWN_LOG = ["echo", "hls"];

/** How often lines are sent. */
const SEND_MS = 100;
/** Lines that are not of requests: of all alike, few come here. */
const MAX_OWN_LINES = 100;
