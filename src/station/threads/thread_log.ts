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
  #dropped = 0;
  #maxLines = 0;

  /** @param send is given lines to write, a bounded number of times a second */
  constructor(clock: Clock, send: (lines: readonly LoggedLine[]) => void) {
    this.#send = send;
    clock.every(SEND_MS, () => this.flush(clock.now()));
  }

  /** Logs what is of these levels from now on. */
  async apply({ own, access, maxLines }: LogLevels): Promise<void> {
    this.#maxLines = maxLines;
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
    if (this.#dropped > 0) {
      const text = `${this.#dropped} lines of listeners' requests were dropped`;
      this.#lines.push({ category: [ACCESS_LOG], level: "info", timestamp: now, text });
    }
    if (this.#lines.length > 0) this.#send(this.#lines);
    this.#lines = [];
    this.#dropped = 0;
  }

  #take(record: LogRecord): void {
    const { category, level, timestamp } = record;
    if (this.#lines.length >= this.#maxLines) this.#dropped++;
    else this.#lines.push({ category, level, timestamp, text: messageText(record) });
  }
}

/** How often lines are sent. */
const SEND_MS = 100;
