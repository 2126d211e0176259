/** Keeps the log readable where the same happens again and again. */
import { type Filter, getLogger, type LogRecord } from "@logtape/logtape";
import { type Clock, systemClock } from "../session/clock.ts";

/**
 * Keeps a flood of lines out of the log. Of lines that have the same level, category, template and
 * session, the first ten in 10 s pass. One line at the end of that time says how many more there
 * were, and so does disposing of the filter.
 */
export function floodFilter(clock: Clock = systemClock): Filter & Disposable {
  const windows = new Map<string, Flood>();
  let isTelling = false;

  const close = (kind: string, { suppressed, last }: Flood) => {
    windows.delete(kind);
    if (suppressed === 0) return;
    isTelling = true;
    getLogger(last.category).emit(repeated(last, suppressed, clock.now()));
    isTelling = false;
  };
  const sweep = (now: number) => {
    for (const [kind, window] of windows) {
      if (window.endsAt > now) break;
      close(kind, window);
    }
  };
  const timer = clock.every(SWEEP_MS, () => sweep(clock.monotonic()));

  const filter = (record: LogRecord): boolean => {
    if (record.category[0] !== CATEGORY || isTelling) return true;
    const now = clock.monotonic();
    sweep(now);
    const kind = kindOf(record);
    const window = windows.get(kind);
    if (window === undefined) {
      const [oldest] = windows.size < MAX_KINDS ? [] : windows;
      if (oldest !== undefined) close(...oldest);
      windows.set(kind, { endsAt: now + WINDOW_MS, passed: 1, suppressed: 0, last: record });
      return true;
    }
    window.last = record;
    if (window.passed < MAX_ALIKE) window.passed++;
    else window.suppressed++;
    return window.suppressed === 0;
  };
  return Object.assign(filter, {
    [Symbol.dispose]: () => {
      timer.cancel();
      for (const [kind, window] of windows) close(kind, window);
    },
  });
}

/** Counts lines of one kind, from the first of them on. */
interface Flood {
  readonly endsAt: number;
  passed: number;
  suppressed: number;
  last: LogRecord;
}

const WINDOW_MS = 10_000;
/** How many lines of a kind pass within a window. */
const MAX_ALIKE = 10;
/** How many windows are open at a time. The oldest ends before its time where there are more. */
const MAX_KINDS = 1000;
/** How often windows are looked at, to end those that are over. */
const SWEEP_MS = 1000;
/** The server's own log. Those of events and of HTTP access stay complete. */
const CATEGORY = "echo";

function kindOf({ category, level, rawMessage, properties }: LogRecord): string {
  return [level, ...category, rawMessage, properties.name, properties.id].join("\0");
}

/** The last line of a flood, which says how many more there were like it. */
function repeated(last: LogRecord, count: number, timestamp: number): LogRecord {
  const { category, level, message, rawMessage, properties } = last;
  const text = [...message];
  text.push(`${text.pop() ?? ""} … and ${count} more like it`);
  return { category, level, timestamp, message: text, rawMessage, properties };
}
