/**
 * Somebody outside of the server who is asked who may publish, and what he is asked.
 *
 * @module
 */
import type { Protocol } from "./ingest.ts";

/** What a client showed to prove who it is, as it came; nothing in it has been checked. */
export interface ShownCredentials {
  /** The user of a stream id. */
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

/** Somebody outside of the server who says who may publish. */
export interface Authority {
  /**
   * Resolves where the answer is yes.
   * @throws {PublishRefused} `not-allowed` where it is no, `unavailable` where there is none, `limit`
   *   where too many questions are open
   */
  ask(question: Question): Promise<void>;
}
