/** Where the picture of a broadcast is. */

/** What stands for the broadcast's name in {@link artworkOf}'s pattern. */
export const NAME_IN_PATTERN = "{name}";

/** Longer URLs are not told. */
const MAX_URL = 2048;

/**
 * The URL of the picture of the broadcast `name`: the show's own, else the one of the pattern.
 * @param pattern an http: or https: URL, in which `{name}` stands for the name
 * @param own what a stranger says that it is; nothing but http: and https: counts
 * @returns null where there is none
 */
export function artworkOf(
  name: string,
  pattern: string | undefined,
  own: string | undefined,
): string | null {
  return webUrl(own) ?? webUrl(pattern?.replaceAll(NAME_IN_PATTERN, name)) ?? null;
}

/** @returns `undefined` where it is no absolute http: or https: URL, or has a password in it */
function webUrl(text: string | undefined): string | undefined {
  const url = text === undefined || text.length > MAX_URL ? null : URL.parse(text);
  if (url === null || !SCHEMES.includes(url.protocol)) return undefined;
  return url.username === "" && url.password === "" ? url.href : undefined;
}

const SCHEMES: readonly string[] = ["http:", "https:"];
