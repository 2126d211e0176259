/**
 * Which sessions wait for their first audio, whose they are, and how many may wait.
 *
 * @module
 */
import { PublishRefused } from "./ingest.ts";
import { networkOf } from "./network.ts";
import type { AuthMode } from "./publish_rights.ts";
import type { Session } from "./session.ts";

/** In `open`, so many sessions of an address wait … */
const OPEN_WAITING_PER_ADDRESS = 4;
/** … and each is released after this. */
const OPEN_WAIT_MS = 60_000;

/** A client that wants a session to wait for it. */
export interface WaitingClient {
  readonly address: string;
  /** Whether its credentials were checked: it may then take all places. */
  readonly checked: boolean;
}

/**
 * Sessions that have not been heard yet, and who reserved or opened them. A name may have several, of
 * different clients.
 */
export class WaitingSessions {
  readonly #auth: AuthMode;
  /** By session, the network that it was made for. */
  readonly #from = new Map<Session, string>();

  constructor(auth: AuthMode) {
    this.#auth = auth;
  }

  /** A session was made for a client at `address`. */
  add(session: Session, address: string): void {
    this.#from.set(session, networkOf(address));
  }

  /** It is over. */
  delete(session: Session): void {
    this.#from.delete(session);
  }

  has(session: Session): boolean {
    return this.#from.has(session) && session.created === undefined;
  }

  /** Whether it was made for somebody at `address`, as far as an address tells that. */
  isFrom(session: Session, address: string): boolean {
    return this.#from.get(session) === networkOf(address);
  }

  /** Of `sessions`, that of the network with the most of them whose DJ has been gone for longest. */
  longestOfGreediest(sessions: readonly Session[]): Session | undefined {
    const byNetwork = Map.groupBy(sessions, (session) => this.#from.get(session));
    const [most] = [...byNetwork.values()].sort((a, b) => b.length - a.length);
    return most?.sort((a, b) => b.silentForMs - a.silentForMs)[0];
  }

  /** How long a session that has not been heard waits; `undefined`: as long as any other. */
  waitMsOf(session: Session): number | undefined {
    return this.#auth === "open" && this.has(session) ? OPEN_WAIT_MS : undefined;
  }

  /**
   * Whether a client may have one more session wait for it.
   * @throws {PublishRefused}
   */
  checkNew({ address }: WaitingClient): void {
    if (this.#auth !== "open") return;
    const network = networkOf(address);
    const mine = [...this.#from].filter(([session, from]) => {
      return from === network && session.transport === undefined && this.has(session);
    });
    if (mine.length >= OPEN_WAITING_PER_ADDRESS) throw tooManyOfYours();
  }

  /**
   * Whether one more session may wait for SRT, beside those of `sessions` that do.
   * @throws {PublishRefused}
   */
  checkSrt(sessions: readonly Session[], client: WaitingClient, maxWaiting: number): void {
    const waiting = sessions.filter((session) =>
      session.protocol === "srt" && session.transport === undefined
    );
    if (waiting.length >= maxWaiting) {
      throw new PublishRefused(
        "limit",
        "Cannot publish: too many sessions wait for their transport",
      );
    }
    const network = networkOf(client.address);
    const mine = waiting.filter((it) => this.has(it) && this.#from.get(it) === network);
    // Who has shown nothing leaves others a half; in `open` fewer are allowed already.
    const hasShare = this.#auth !== "open" && !client.checked;
    if (hasShare && mine.length >= maxWaiting / 2) throw tooManyOfYours();
  }
}

function tooManyOfYours(): PublishRefused {
  return new PublishRefused(
    "limit",
    "Cannot publish: too many sessions of yours wait for a transport",
  );
}
