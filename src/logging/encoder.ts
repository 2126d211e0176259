import type { LogRecord } from "@logtape/logtape";
import { LEVEL_NAMES, messageText } from "./message.ts";

/** Makes a record a line, without its end. */
export type Encode = (record: LogRecord) => string;

/** What a pattern may hold besides text. */
const FORMATTERS: ReadonlyMap<string, Encode> = new Map<string, Encode>([
  ["{d}", ({ timestamp }) => new Date(timestamp).toISOString()],
  ["{l}", ({ level }) => LEVEL_NAMES[level]],
  ["{t}", targetOf],
  ["{m}", messageText],
  ["{n}", () => "\n"],
  ["{{", () => "{"],
  ["}}", () => "}"],
]);

const PART = /\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g;

/**
 * Lines after a pattern of log4rs, with time `{d}`, level `{l}`, target `{t}`, message `{m}` and
 * newline `{n}`; braces are written twice. Each record ends its line, also where the pattern does
 * not.
 * @returns `undefined` where there is something else in it
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

/** A JSON object a line, with `time`, `level`, `target` and `message`. */
export function encodeJson(record: LogRecord): string {
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: LEVEL_NAMES[record.level],
    target: targetOf(record),
    message: messageText(record),
  });
}

/** The category as a logging file names it: `echo_stat::session`. */
function targetOf({ category }: LogRecord): string {
  return category.join("::");
}
