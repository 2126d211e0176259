/** What the control API is made of. */
import type { Clock } from "../session/clock.ts";
import type { KeyStore } from "../session/key_store.ts";
import type { Session } from "../session/session.ts";
import type { SessionManager } from "../session/session_manager.ts";
import type { Authorizer } from "./authorization.ts";
import type { AnsweringBoxes } from "./answering_boxes.ts";
import type { PageOrigins } from "./page_origins.ts";
import type { PublicAddress } from "./publish_answer.ts";

/** The SRT listeners that serve one session each. */
export interface SessionPorts {
  /**
   * Opens a listener for a session that has none. It is closed when the session ends.
   * @throws {PublishRefused} of kind `limit`, where no port is free
   */
  open(session: Session): number;
  /** The port of the session's listener; `undefined` where it has none. */
  portOf(session: Session): number | undefined;
}

export interface ControlOptions {
  readonly clock: Clock;
  readonly sessions: Pick<SessionManager, "own" | "reserve" | "get" | "provenBy">;
  readonly keys: Pick<KeyStore, "expired">;
  readonly authorizer: Pick<Authorizer, "check">;
  /** Pages of other sites that may call what changes something. */
  readonly origins: Pick<PageOrigins, "check">;
  /** `undefined` where there is no SRT. */
  readonly ports: SessionPorts | undefined;
  /** What clients are told; it is read again for each answer. */
  readonly address: PublicAddress;
  /** This box's address in the cookie and between boxes. */
  readonly privateIp: string;
  /** Signs the cookie. */
  readonly cookieKey: string;
  /** The SRT port that the dry run tells. */
  readonly dryRunPort: number;
  /** The other boxes of the fleet; `undefined` where there are none, or one of them passes calls on. */
  readonly others?: AnsweringBoxes | undefined;
  /** Whether another box passes the calls on, which knows that this one has the session. */
  readonly isPassedOn?: boolean;
  /** Called when a session is torn down that has already ended, so that nobody waits for it. */
  readonly onLateTeardown?: (name: string, id: number) => void;
}
