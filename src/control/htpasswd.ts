/**
 * Reads password files.
 *
 * @module
 */
import { bcryptCost, describeHash } from "../passwords/bcrypt_hash.ts";

/** The highest bcrypt cost allowed. Each step doubles the time of a check; 12 is about 0.3 s. */
const MAX_COST = 12;

/** Why a password file cannot be used; `message` is one line for the operator. */
export class HtpasswdError extends Error {
  override readonly name = "HtpasswdError";
}

/**
 * Parses a password file as `htpasswd -B` makes it, with lines of `user:hash`. Empty lines and
 * lines that begin with `#` are ignored.
 *
 * @param file its name, for errors
 * @returns bcrypt hashes by user, at least one
 * @throws {HtpasswdError} at the first line that cannot be used; the message names it, and no hash
 */
export function parseHtpasswd(text: string, file: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    const entry = line.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    const where = `${file}, line ${index + 1}`;
    const [user, hash] = parseEntry(entry, where);
    if (users.has(user)) throw refusal(where, "each user once", `"${user}" again`);
    users.set(user, hash);
  }
  if (users.size === 0) throw refusal(file, "at least one user", "none");
  return users;
}

function parseEntry(entry: string, where: string): [user: string, hash: string] {
  const colon = entry.indexOf(":");
  if (colon <= 0) throw refusal(where, "user:hash", "something else");
  const hash = entry.slice(colon + 1);
  const cost = bcryptCost(hash);
  if (Number.isNaN(cost)) {
    throw refusal(where, "a bcrypt hash, as htpasswd -B makes it", describeHash(hash));
  }
  if (cost > MAX_COST) throw refusal(where, `a bcrypt cost of at most ${MAX_COST}`, String(cost));
  return [entry.slice(0, colon), hash];
}

function refusal(where: string, expected: string, got: string): HtpasswdError {
  return new HtpasswdError(`Cannot parse ${where}: expected ${expected}, got ${got}`);
}
