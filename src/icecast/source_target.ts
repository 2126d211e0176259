/**
 * What a source wants to publish, and what it shows for that.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeText } from "../audio/text_bytes.ts";
import type { PublishRefused, Reading } from "../session/ingest.ts";
import { allReadings, type PublishTarget, splitAt } from "../session/typed_text.ts";

/** Who somebody says he is, and his password, which is a key or a token. */
export interface SourceCredentials {
  readonly user: string;
  readonly key: string;
}

/** What encoders put behind the name, as the names of files have it. */
const EXTENSION = /\.(?:mp3|aac)$/i;

/** The name that a mount stands for: `/demo` and `/demo.mp3` are `demo`. */
export function nameOfMount(mount: string): string {
  return mount.replace(/^\/+/, "").replace(EXTENSION, "");
}

/**
 * Reads an Authorization header (RFC 7617 2). Encoders write it in UTF-8, or in the 8-bit characters of
 * their own system.
 * @returns `undefined` where it shows no password
 */
export function basicCredentials(header: string | undefined): SourceCredentials | undefined {
  const [, token] = /^Basic +(\S+)$/i.exec(header ?? "") ?? [];
  if (token === undefined) return undefined;
  const [user, key] = splitAt(decodeText(Buffer.from(token, "base64")), ":");
  return { user, key };
}

/** What a source of Icecast wants to publish: the mount, with the password as key. */
export function mountTarget(
  mount: string,
  credentials: SourceCredentials | undefined,
): PublishTarget {
  const name = nameOfMount(mount);
  return targetOf([
    credentials === undefined ? { name, key: undefined } : { name, ...credentials },
  ]);
}

/**
 * What a source of Shoutcast wants to publish, which knows no mount: its password is `NAME:KEY`,
 * `NAME:USER:KEY`, or `NAME` where no key is needed.
 */
export function passwordTarget(password: string): PublishTarget {
  return targetOf(readingsOf(password));
}

function readingsOf(password: string): Reading[] {
  const [name, rest] = splitAt(password, ":");
  const whole: Reading = { name, key: rest === "" ? undefined : rest };
  if (!rest.includes(":")) return [whole];
  const [user, key] = splitAt(rest, ":");
  return [{ name, user, key }, whole];
}

/**
 * Why somebody was refused, fit for a log. A password that has no `:` may be a key alone, as Shoutcast
 * itself has it, and is not shown as a name; what is on air is none.
 * @param password that of a Shoutcast source, where it had to tell the name
 */
export function refusalOf(
  password: string | undefined,
  { kind, message }: PublishRefused,
): string {
  if (password === undefined || password.includes(":") || kind === "name-in-use") return message;
  return message.replace(/^Cannot publish [^:]+:/, "Cannot publish …:");
}

/** What a client shows that tells a title. */
export interface ShownForTitle {
  readonly mount: string | undefined;
  readonly credentials: SourceCredentials | undefined;
  /** All ways to read that of a Shoutcast source, the likeliest first; empty where it has none. */
  readonly passwords: readonly string[];
}

/** Whose title it is; `undefined` where that is not told. A password may stand beside a mount. */
export function titleTarget(
  { mount, credentials, passwords }: ShownForTitle,
): PublishTarget | undefined {
  if (mount === undefined) {
    return passwords.length === 0 ? undefined : targetOf(passwords.flatMap(readingsOf));
  }
  if (credentials !== undefined || passwords.length === 0) return mountTarget(mount, credentials);
  const name = nameOfMount(mount);
  return targetOf(passwords.map((key) => ({ name, user: "", key })));
}

function targetOf(asTyped: readonly Reading[]): PublishTarget {
  const [first, ...others] = allReadings(asTyped);
  if (first === undefined) throw new Error("Cannot be: there is always a reading");
  return { ...first, others };
}
