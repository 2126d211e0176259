/**
 * Somebody who is asked who may publish, and what he is asked.
 *
 * @module
 */
import type { Approval, Protocol, Reading, Transport } from "./ingest.ts";

/** What a client showed to prove who it is, as it came; nothing in it has been checked. */
export interface ShownCredentials {
  /** The user of a stream id or a stream key. */
  readonly user?: string | undefined;
  /** What stood in the place of the key. */
  readonly key?: string | undefined;
  /** The Authorization header of a request to the control API. */
  readonly authorization?: string | undefined;
}

/** May this client publish that? */
export interface Question {
  readonly name: string;
  /** How it came; `http` is the control API. */
  readonly protocol: Protocol | "http";
  /** The client's address, without port. */
  readonly address: string;
  readonly credentials: ShownCredentials;
}

/** Somebody who is asked who may publish. */
export interface Authority {
  /** Whether the answer to a reading is known, and yes: of several ones, that one is meant. */
  recognizes?(reading: Reading): boolean;
  /**
   * Says no at once, where that needs no thought; what it lets pass has to be asked.
   * @throws {PublishRefused} `key-required`, `key-unknown` or `not-allowed`
   */
  check?(question: Question): void;
  /**
   * Resolves where the answer is yes.
   * @throws {PublishRefused} `not-allowed` where it is no (`key-required` where nothing was shown),
   *   `unavailable` where there is none, `limit` where too many questions are open; `key-unknown`
   *   and `key-expired` where what was shown is wrong and it may be told how
   */
  ask(question: Question): Promise<Approval>;
}

/** What is asked about a connection. */
export function questionAbout(
  { name, user, key }: Reading,
  { protocol, address }: Pick<Transport, "protocol" | "address">,
): Question {
  return { name, protocol, address, credentials: { user, key } };
}
