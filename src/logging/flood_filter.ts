import { type Filter, getLogger, type LogRecord } from "@logtape/logtape";
import { type Clock, systemClock } from "../session/clock.ts";

const WINDOW_MS = 10_000;
/** Lines alike that a window lets pass. */
const MAX_ALIKE = 10;
/** Kinds of lines that are told apart; beyond that, the oldest is taken as over. */
const MAX_KINDS = 1000;
/** How often it is looked whether a window is over. */
const SWEEP_MS = 1000;
/** The server's own log; events and HTTP access are complete, whatever there is of them. */
const CATEGORY = "echo";

interface Flood {
  readonly endsAt: number;
  passed: number;
  suppressed: number;
  last: LogRecord;
}

/**
 * Keeps a flood of lines out of the log: of those with the same category, template and session, the
 * first ten in 10 s pass, and the others are counted in one line at the end of that time. When it is
 * disposed of, it tells what it has counted.
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

function kindOf({ category, level, rawMessage, properties }: LogRecord): string {
  return [level, ...category, rawMessage, properties.name, properties.id].join("\0");
}

/** The last of a flood, with how many there were like it. */
function repeated(last: LogRecord, count: number, timestamp: number): LogRecord {
  const { category, level, message, rawMessage, properties } = last;
  const text = [...message];
  text.push(`${text.pop() ?? ""} … and ${count} more like it`);
  return { category, level, timestamp, message: text, rawMessage, properties };
}
