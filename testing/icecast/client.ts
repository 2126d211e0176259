/**
 * What is known of a source client that is no part of the tests.
 *
 * @module
 */

/** Where a client sends, and what it may use. */
export interface ClientRun {
  /** That of the server; sources of Shoutcast come to the one behind it. */
  readonly port: number;
  readonly name: string;
  readonly password: string;
  /** A file of MP3. */
  readonly mp3: string;
  /** Its own, gone at the end. */
  readonly folder: string;
}

/** A client: which program it is, its files, and how it is started. */
export interface Client {
  readonly program: string;
  readonly files?: (run: ClientRun) => Readonly<Record<string, string>>;
  readonly command: (run: ClientRun) => readonly string[];
  readonly env?: (run: ClientRun) => Readonly<Record<string, string>>;
  /** What it sends. Default: mp3. */
  readonly codec?: "mp3" | "aac";
  /** Whether it speaks Shoutcast (version 1). */
  readonly isShoutcast?: boolean;
  /** The line of Echo's log that says why it is refused, where it is to be. */
  readonly refusal?: RegExp;
  /** What the program itself says where Debian's build cannot do that. */
  readonly unable?: RegExp;
}

/** A shell that ends all that it has started, with itself. */
export const SHELL = ["setsid", "bash", "-c"];
export const END_ALL = "trap 'kill -KILL 0' EXIT; trap exit TERM INT";
