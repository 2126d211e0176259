// What DJs type into their encoders, which escape nothing: a key is taken as it is. Other readings of
// the same text count where a key of this server fits them.

import type { Reading } from "./ingest.ts";
import { isValidName } from "./name.ts";

/** The longest text that a message repeats. */
const MAX_SHOWN_LENGTH = 80;

/** What may stand behind a key that was typed with more after it. */
const MARKS_BEHIND_KEY = ["&", "?", ",", "/"];

/** Splits at the first `mark`; without one, all of the text stands before it. */
export function splitAt(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** What stands behind `key=` in a query, to its end; `undefined` where it has none. */
export function keyOfQuery(query: string): string | undefined {
  return /(?:^|&)key=(.*)$/s.exec(query)?.[1];
}

/** `text` with its percent-encoding taken off; as it is where it has none. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/**
 * All ways to read what was typed, none twice: those whose name may be one first, and among them the
 * given ones as they are.
 */
export function allReadings(asTyped: readonly Reading[]): Reading[] {
  const cut = asTyped.flatMap((reading) =>
    keysWithin(reading.key).map((key) => ({ ...reading, key }))
  );
  const decoded = [...asTyped, ...cut].map(({ name, key, ...rest }) => ({
    ...rest,
    name: percentDecoded(name),
    key: key === undefined ? undefined : percentDecoded(key),
  }));
  const distinct = new Map<string, Reading>();
  for (const reading of [...asTyped, ...cut, ...decoded]) {
    const id = JSON.stringify([reading.name, reading.key]);
    if (!distinct.has(id)) distinct.set(id, reading);
  }
  const { true: likely = [], false: unlikely = [] } = Object.groupBy(
    distinct.values(),
    ({ name, application }) => `${application === undefined && isValidName(name)}`,
  );
  return [...likely, ...unlikely];
}

/** Without control characters and not too long: fit for a log line. */
export function shown(text: string): string {
  const printable = text.replaceAll(/\p{C}/gu, "?");
  return printable.length > MAX_SHOWN_LENGTH
    ? `${printable.slice(0, MAX_SHOWN_LENGTH)}…`
    : printable;
}

function keysWithin(key: string | undefined): string[] {
  if (key === undefined) return [];
  return [
    ...MARKS_BEHIND_KEY.map((mark) => splitAt(key, mark)[0]),
    key.slice(key.lastIndexOf("/") + 1),
  ];
}
