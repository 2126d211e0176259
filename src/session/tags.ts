/**
 * What is heard: title and artist, as encoders and clients tell them while a broadcast goes on.
 *
 * @module
 */

/** What is heard from some frame on. Its texts are as {@link cleanText} makes them. */
export interface Tags {
  /** Never empty; `undefined` where nothing is known. */
  readonly title: string | undefined;
  readonly artist: string | undefined;
}

/** Tags that have their place on a session's timeline. */
export interface PlacedTags extends Tags {
  /** That of the frame from which on they count, as `Frame.position`. */
  readonly position: number;
  /** When that frame is due, as `Frame.dueMs`. */
  readonly dueMs: number;
}

/** Tags as playlists tell their time. */
export interface TimedTags extends PlacedTags {
  /** When they are heard by `EXT-X-PROGRAM-DATE-TIME`, in milliseconds since the epoch. */
  readonly wallMs: number;
}

/** The most characters (code points) of a title or of an artist's name; longer ones are cut. */
export const MAX_TAG_TEXT = 256;

/**
 * Finds the tags in what is told of a stream, under the names that encoders have for them.
 * @returns `undefined` where nothing is told of title and artist; where what is told is empty,
 *   nothing is heard that has a name
 */
export function tagsOf(facts: Readonly<Record<string, unknown>>): Tags | undefined {
  const title = findText(facts, TITLE_FACTS);
  const artist = findText(facts, ARTIST_FACTS);
  if (title === undefined && artist === undefined) return undefined;
  return { title: cleanText(title), artist: cleanText(artist) };
}

/**
 * Makes a text of a stranger fit for a line of a log, a page, a header or a playlist: without control
 * characters, line breaks and what changes the direction of text; cut to {@link MAX_TAG_TEXT}.
 * Quotes stay: who writes a text between quotes has to replace them.
 * @returns `undefined` where nothing is left
 */
export function cleanText(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  // A character has two code units at most. What is far behind the cut is not looked at.
  const start = text.trimStart().slice(0, LOOKED_AT);
  const clean = start.toWellFormed().replace(UNPRINTABLE, " ").trim();
  const cut = [...clean].slice(0, MAX_TAG_TEXT).join("").trimEnd();
  return cut === "" ? undefined : cut;
}

/** Whether both say the same. */
export function sameTags(a: Tags, b: Tags): boolean {
  return a.title === b.title && a.artist === b.artist;
}

/** What encoders call the title of what is heard; the first of these that says something counts. */
const TITLE_FACTS: readonly string[] = ["StreamTitle", "title"];

/** The same for who is heard. */
const ARTIST_FACTS: readonly string[] = ["artist", "author"];

/**
 * White space of any length, control characters, line and paragraph separators, marks that change the direction of text, and
 * the byte order mark.
 */
const UNPRINTABLE = /[\s\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

const LOOKED_AT = 4 * MAX_TAG_TEXT;

function findText(
  facts: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string | undefined {
  const texts = names.map((name) => facts[name]).filter((value) => typeof value === "string");
  return texts.find((text) => text.trim() !== "") ?? texts[0];
}
