/**
 * What is heard: title and artist, as encoders tell them while they send.
 *
 * @module
 */

/** What is heard from some frame on. */
export interface Tags {
  /** As the encoder has it, which may be empty; `undefined` where it does not say. */
  readonly title: string | undefined;
  readonly artist: string | undefined;
}

/** What encoders call the title of what is heard; the first of these that says something counts. */
export const TITLE_FACTS: readonly string[] = ["StreamTitle", "title"];

/** The same for who is heard. */
export const ARTIST_FACTS: readonly string[] = ["artist", "author"];

/**
 * Finds the tags in what an encoder tells of its stream.
 * @returns `undefined` where there are none
 */
export function tagsOf(facts: Readonly<Record<string, unknown>>): Tags | undefined {
  const title = textOf(facts, TITLE_FACTS);
  const artist = textOf(facts, ARTIST_FACTS);
  return title === undefined && artist === undefined ? undefined : { title, artist };
}

function textOf(
  facts: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string | undefined {
  const texts = names.map((name) => facts[name]).filter((value) => typeof value === "string");
  return texts.find((text) => text !== "") ?? texts[0];
}
