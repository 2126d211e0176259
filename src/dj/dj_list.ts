/**
 * The DJs of a file: a line each, `user:hash:names`.
 *
 * @module
 */
import { bcryptCost, describeHash } from "../passwords/bcrypt_hash.ts";
import { isValidName } from "../session/name.ts";

/** The highest bcrypt cost allowed: DJs are to be back soon after a restart, one after another. */
const MAX_COST = 10;
/** What neither ends a field in a stream id, a query or a header, nor has to be escaped there. */
const USER = /^[A-Za-z0-9._@-]{1,64}$/;
/** `user`, `sha256:hex` or what bcrypt makes, and names. */
const LINE = /^([^:]*):((?:sha256:)?[^:]*):([^:]*)$/;
const SHA256 = /^sha256:[0-9a-f]{64}$/;

/** A DJ. */
export interface Dj {
  readonly user: string;
  /** `sha256:` and 64 hexadecimal digits, or a bcrypt hash. */
  readonly hash: string;
  /** The names that may be published; one that ends with `*` stands for all that begin so. */
  readonly names: readonly string[];
}

/** Why DJs cannot be read or changed; `message` is one line for the operator, and has no hash. */
export class DjError extends Error {
  override readonly name = "DjError";
}

/** All DJs, by user. */
export type DjList = ReadonlyMap<string, Dj>;

/**
 * Parses a file of DJs. Empty lines and lines that begin with `#` are passed over. There may be none.
 * @param file its name, for errors
 * @throws {DjError} at the first line that cannot be used
 */
export function parseDjs(text: string, file: string): DjList {
  const djs = new Map<string, Dj>();
  for (const [index, line] of text.split("\n").entries()) {
    if (!isOfDj(line)) continue;
    const where = `${file}, line ${index + 1}`;
    const dj = parseLine(line.trim(), where);
    if (djs.has(dj.user)) throw refusal(where, "each user once", `"${dj.user}" again`);
    djs.set(dj.user, dj);
  }
  return djs;
}

/** Whether a line of the file is one of a DJ. */
export function isOfDj(line: string): boolean {
  const entry = line.trim();
  return entry !== "" && !entry.startsWith("#");
}

/** The line of a DJ. */
export function djLine({ user, hash, names }: Dj): string {
  return `${user}:${hash}:${names.join(",")}`;
}

/** Whether a DJ may publish `name`. */
export function mayPublish({ names }: Pick<Dj, "names">, name: string): boolean {
  return names.some((own) => own.endsWith("*") ? name.startsWith(own.slice(0, -1)) : own === name);
}

/** The users whose line is not the same in both lists. */
export function changedDjs(before: DjList, after: DjList): ReadonlySet<string> {
  const line = (list: DjList, user: string) => {
    const dj = list.get(user);
    return dj === undefined ? undefined : djLine(dj);
  };
  const users = new Set([...before.keys(), ...after.keys()]);
  return new Set([...users].filter((user) => line(before, user) !== line(after, user)));
}

/** @throws {DjError} where it is no user's name */
export function checkUser(user: string, where: string): string {
  if (USER.test(user)) return user;
  throw refusal(where, "a user of 1 to 64 of A-Z a-z 0-9 . _ @ and -", JSON.stringify(user));
}

/** Reads names with commas between them. @throws {DjError} where one is no name */
export function parseNames(text: string, where: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !isPattern(name));
  if (wrong === undefined) return names;
  throw refusal(where, "names with commas between, or beginnings of names with *", `"${wrong}"`);
}

function parseLine(line: string, where: string): Dj {
  const [, user, hash, names] = LINE.exec(line) ?? [];
  if (user === undefined || hash === undefined || names === undefined) {
    throw refusal(where, "user:hash:names", "something else");
  }
  checkHash(hash, where);
  return { user: checkUser(user, where), hash, names: parseNames(names, where) };
}

function checkHash(hash: string, where: string): void {
  if (SHA256.test(hash)) return;
  const cost = bcryptCost(hash);
  if (Number.isNaN(cost)) {
    throw refusal(where, "sha256: and 64 hexadecimal digits, or bcrypt", describeHash(hash));
  }
  if (cost > MAX_COST) throw refusal(where, `a bcrypt cost of at most ${MAX_COST}`, String(cost));
}

function isPattern(text: string): boolean {
  if (!text.endsWith("*")) return isValidName(text);
  const beginning = text.slice(0, -1);
  // The name that is reserved begins others that are not.
  return beginning === "" || isValidName(`${beginning}_`);
}

function refusal(where: string, expected: string, got: string): DjError {
  return new DjError(`Cannot parse ${where}: expected ${expected}, got ${got}`);
}
