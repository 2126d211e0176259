/**
 * What the control API asks for, before anything is sent.
 *
 * @module
 */
import type { Protocol, Terms } from "./ingest.ts";
import type { Session } from "./session.ts";

/** What the control API asks for. */
export interface ReserveRequest {
  readonly name: string;
  readonly protocol: Protocol;
  /** The client's address. */
  readonly address: string;
  readonly props: Readonly<Record<string, string>>;
  /**
   * What the client has shown: credentials that were checked, which are good for every name, or the
   * cookie or a key of a session, which are for this one; `undefined` where it was nothing of that.
   */
  readonly shown?: "credentials" | Session | undefined;
  /** Whose credentials they are, where DJs are known. */
  readonly dj?: string | undefined;
  /** How long what it has shown counts; `undefined`: as long as a key does. */
  readonly terms?: Terms | undefined;
  /**
   * Provides what the session needs before anything is promised. What it throws undoes the
   * reservation.
   */
  readonly prepare?: (session: Session) => void;
}
