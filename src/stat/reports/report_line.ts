/**
 * What is kept of shows for reports: lines of JSON. A line stands for itself, so that one that is
 * damaged costs no other.
 *
 * @module
 */

/** A show as it is at a time: once when it begins, then every quarter of an hour, and at its end. */
export interface ShowLine {
  readonly kind: "show";
  /** The session's id. */
  readonly show: number;
  /** In milliseconds since the epoch, as all times here. */
  readonly at: number;
  readonly name: string;
  /** Who published last; null where DJs are not known. */
  readonly dj: string | null;
  /** Of the last connection. */
  readonly protocol: string;
  readonly start: number;
  /** null while it is on air. */
  readonly end: number | null;
  /** Listener seconds since its start; null where listeners are not counted. */
  readonly heard: number | null;
  /** The most listeners since the line before. */
  readonly peak: number;
}

/** What is heard from a time on. Without title and artist, it is not known what is. */
export interface TitleLine {
  readonly kind: "title";
  readonly show: number;
  readonly at: number;
  readonly title: string | null;
  readonly artist: string | null;
  /** How many listened at that time; null where they are not counted. */
  readonly listeners: number | null;
}

export type ReportLine = ShowLine | TitleLine;

/** A line's text, with the line's end. */
export function formatLine(line: ReportLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** The line that a text is; `undefined` where it is none. */
export function parseLine(text: string): ReportLine | undefined {
  const line = parseJson(text);
  const { kind, show, at } = line;
  if (!isNumber(show) || !isNumber(at)) return undefined;
  if (kind === "title") {
    const { title, artist, listeners } = line;
    if (!isTextOrNull(title) || !isTextOrNull(artist) || !isNumberOrNull(listeners)) {
      return undefined;
    }
    return { kind, show, at, title, artist, listeners };
  }
  const { name, dj, protocol, start, end, heard, peak } = line;
  const isShow = kind === "show" && isText(name) && isTextOrNull(dj) && isText(protocol) &&
    isNumber(start) && isNumberOrNull(end) && isNumberOrNull(heard) && isNumber(peak);
  return isShow ? { kind, show, at, name, dj, protocol, start, end, heard, peak } : undefined;
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= MAX_NUMBER;
}

function isNumberOrNull(value: unknown): value is number | null {
  return value === null || isNumber(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value);
}

/** The last time that a `Date` has (ECMA-262 21.4.1.1). */
const MAX_NUMBER = 8.64e15;
