/** Paths as logs may have them. */

/** A listener's token: it may be in a path also where this server asks for none. */
const TOKEN = /\/(?:~|%7e)[^/]+\.[^/]*/gi;

/** `path` without what may be a token in it. */
export function maskedPath(path: string): string {
  return path.replace(TOKEN, "/~…");
}
