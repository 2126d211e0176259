/**
 * Titles as sources tell them, in the query of a request.
 *
 * @module
 */
import { decodeText } from "../audio/text_bytes.ts";
import { cleanText, type Tags } from "../session/tags.ts";

/** The texts of a query by their names, not decoded; of several of one name, the first. */
export function queryFields(query: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!fields.has(name)) fields.set(name, equals < 0 ? "" : pair.slice(equals + 1));
  }
  return fields;
}

/**
 * What is heard, as an update of metadata tells it: `title` and `artist`, or all of it as `song`.
 * @returns `undefined` where nothing of that is told
 */
export function titleOf(fields: ReadonlyMap<string, string>): Tags | undefined {
  const charset = fields.get("charset");
  const textOf = (name: string) => {
    const raw = fields.get(name);
    return raw === undefined ? undefined : queryText(raw, charset);
  };
  const [song, title, artist] = [textOf("song"), textOf("title"), textOf("artist")];
  if (song === undefined && title === undefined && artist === undefined) return undefined;
  return cleanText(title) === undefined && cleanText(artist) === undefined
    ? { title: cleanText(song), artist: undefined }
    : { title: cleanText(title) ?? cleanText(song), artist: cleanText(artist) };
}

/**
 * A text of a query.
 * @param raw a character for each byte
 * @param charset what its bytes are in, by the client's word
 */
export function queryText(raw: string, charset?: string): string {
  return headText(unescaped(raw), charset);
}

/**
 * All ways to read a password of a query, the likeliest first: many clients escape nothing in it, and
 * mean a plus sign by `+`.
 */
export function queryPasswords(raw: string): string[] {
  return [...new Set([headText(withoutPercents(raw)), queryText(raw)])];
}

/** A text that has no percent-encoding, as header fields. */
export function headText(raw: string, charset?: string): string {
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  if (charset === undefined) return decodeText(bytes);
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    // RangeError: nobody knows that charset. TypeError: the bytes are in another one.
    if (error instanceof RangeError || error instanceof TypeError) return decodeText(bytes);
    throw error;
  }
}

/**
 * A text of a query without its percent-encoding. Forms write a space as `+`. Who writes it as `%20`
 * means a plus sign.
 */
function unescaped(raw: string): string {
  return withoutPercents(/%20| /.test(raw) ? raw : raw.replaceAll("+", " "));
}

function withoutPercents(text: string): string {
  return text.replaceAll(
    /%([0-9a-f]{2})/gi,
    (_, digits) => String.fromCharCode(parseInt(digits, 16)),
  );
}
