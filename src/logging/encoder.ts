/** How records become lines: by a pattern of log4rs, or as JSON. */
import type { LogRecord } from "@logtape/logtape";
import { LEVEL_NAMES, messageText } from "./message.ts";

/** Makes a line of a record, without its end. */
export type Encode = (record: LogRecord) => string;

/**
 * Makes lines by a pattern of log4rs, which has time `{d}`, level `{l}`, target `{t}`, message
 * `{m}` and newline `{n}` in it; braces that stand for themselves are doubled. Each record has a
 * line of its own, also where the pattern has no newline at its end.
 * @returns `undefined` where the pattern has anything else in braces
 */
export function patternEncoder(pattern: string): Encode | undefined {
  const parts: Encode[] = [];
  for (const [text] of pattern.matchAll(PART)) {
    const part = /[{}]/.test(text) ? FORMATTERS.get(text) : () => text;
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return (record) => parts.map((part) => part(record)).join("").replace(/\n$/, "");
}

/** Makes a JSON object of a record, with `time`, `level`, `target` and `message`. */
export function encodeJson(record: LogRecord): string {
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: LEVEL_NAMES[record.level],
    target: targetOf(record),
    message: messageText(record),
  });
}

const PART = /\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g;

/** What a pattern may have in it besides text. */
const FORMATTERS: ReadonlyMap<string, Encode> = new Map<string, Encode>([
  ["{d}", ({ timestamp }) => new Date(timestamp).toISOString()],
  ["{l}", ({ level }) => LEVEL_NAMES[level]],
  ["{t}", targetOf],
  ["{m}", messageText],
  ["{n}", () => "\n"],
  ["{{", () => "{"],
  ["}}", () => "}"],
]);

/** The category as a logging file names it: `echo_stat::session`. */
function targetOf({ category }: LogRecord): string {
  return category.join("::");
}
