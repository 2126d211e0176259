/**
 * What DJs type into their encoders, which escape nothing: a key is taken as it is. Other readings of
 * the same text count where a key of this server fits them.
 *
 * @module
 */
import type { Reading } from "./ingest.ts";
import { isValidName } from "./name.ts";

/** What somebody wants to publish, as it was typed; nothing in it has been checked. */
export interface PublishTarget extends Reading {
  /** Other ways to read what was typed, the likeliest first. */
  readonly others: readonly Reading[];
}

/** The application under which the stream key is the broadcast's name. */
export const PLAIN_APPLICATION = "live";

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

/** What stands behind `user=` in a query; `undefined` where it has none. */
export function userOfQuery(query: string): string | undefined {
  return /(?:^|&)user=([^&]*)/.exec(query)?.[1];
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
  const decoded = [...asTyped, ...cut].map(({ name, key, user, ...rest }) => ({
    ...rest,
    name: percentDecoded(name),
    key: key === undefined ? undefined : percentDecoded(key),
    ...(user === undefined ? {} : { user: percentDecoded(user) }),
  }));
  const distinct = new Map<string, Reading>();
  for (const reading of [...asTyped, ...cut, ...decoded]) {
    const id = JSON.stringify([reading.name, reading.key, reading.user]);
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

/** What DJs put between a name and a key, rightly or wrongly. */
const MARKS_BEHIND_NAME = /[%&:,;=?/#].*$/s;
/** The keys that this server gives out, and tokens (RFC 7519). */
const SECRET = /^(?:[0-9a-f]{32}$|[\w-]+\.[\w-]+\.)/;

/** A name as a message tells it: what may be a key, behind it or in its place, is left out. */
export function shownName(typed: string): string {
  const name = typed.replace(MARKS_BEHIND_NAME, "");
  const rest = name === typed ? "" : `${typed[name.length]}…`;
  return SECRET.test(name) ? "…" : shown(name) + rest;
}

/** A path as a message tells it: the name, where `live` stands before it with that, and no more. */
export function shownPath(typed: string): string {
  const segments = typed.split("/").filter((segment) => segment !== "");
  const told = segments.slice(0, segments[0] === PLAIN_APPLICATION ? 2 : 1).map(shownName);
  const [last = ""] = told.slice(-1);
  return shown(told.join("/")) + (segments.length > told.length && !last.endsWith("…") ? "/…" : "");
}

function keysWithin(key: string | undefined): string[] {
  if (key === undefined) return [];
  return [
    ...MARKS_BEHIND_KEY.map((mark) => splitAt(key, mark)[0]),
    key.slice(key.lastIndexOf("/") + 1),
  ];
}
