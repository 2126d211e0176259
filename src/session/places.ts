/**
 * Who may take the place of a broadcast's publisher. A key is proof; the address that asked for the
 * broadcast is a hint, which counts against strangers; silence gives the place to anybody.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { Transport } from "./ingest.ts";
import type { KeyStore } from "./key_store.ts";
import { networkOf } from "./network.ts";
import type { Session } from "./session.ts";

/** Without a key, only a publisher that has sent nothing for this long is replaced. */
export const SILENT_MS = 2000;
/** How often it is looked whether a publisher has become silent, while somebody waits for that. */
const LOOK_MS = 100;

/** What a connection shows for itself. */
export interface Shown {
  /** All that may be a key of the broadcast's name. */
  readonly tokens: readonly string[];
  /** Whether its right to the name is proven already, as by the word of an authority. */
  readonly approved: boolean;
}

/** What a connection without a key shows. */
export const NOTHING_SHOWN: Shown = { tokens: [], approved: false };

/** The higher, the more speaks for somebody: nothing, the address that asked for it, or proof. */
export type Rank = 0 | 1 | 2;
const STRANGER: Rank = 0;
const ASKED_FROM_THERE: Rank = 1;
const PROVEN: Rank = 2;

/** The places of all sessions: from where each was asked for, and what its publisher has shown. */
export class Places {
  readonly #clock: Clock;
  readonly #keys: Pick<KeyStore, "proves">;
  readonly #askedFrom = new WeakMap<Session, string>();
  readonly #ranks = new WeakMap<Transport, Rank>();
  /** Connections whose encoders were asked to go elsewhere. */
  readonly #leaving = new WeakSet<Transport>();

  constructor(clock: Clock, keys: Pick<KeyStore, "proves">) {
    this.#clock = clock;
    this.#keys = keys;
  }

  /** A client at `address` has asked for `session`, and was given a key. */
  asked(session: Session, address: string): void {
    this.#askedFrom.set(session, address);
  }

  /**
   * `transport` is let into `session`.
   * @returns whose it is: who has proven his right is one client, from wherever he comes; of others
   *   each network is one
   */
  taken(session: Session, transport: Transport, shown: Shown): string {
    const rank = this.rankOf(session, transport.address, shown);
    this.#ranks.set(transport, rank);
    return rank === PROVEN ? "proven" : networkOf(transport.address);
  }

  /** The encoder of `transport` was asked to publish elsewhere. */
  leaves(transport: Transport): void {
    this.#leaving.add(transport);
  }

  /**
   * Whether anybody may take the place: nobody is there, or has sent nothing for 2 s, or was asked to
   * go elsewhere.
   */
  isFree(session: Session): boolean {
    const { transport, silentForMs } = session;
    return transport === undefined || silentForMs >= SILENT_MS || this.#leaving.has(transport);
  }

  /** What speaks for a connection from `address` that wants into `session`. */
  rankOf(session: Session, address: string, { tokens, approved }: Shown): Rank {
    if (approved || tokens.some((token) => this.#keys.proves(session, token))) return PROVEN;
    return this.#askedFrom.get(session) === address ? ASKED_FROM_THERE : STRANGER;
  }

  /**
   * Whether a connection from `address` may take the place of `session`'s own: it is free, or a key
   * was shown, or it is a stranger's and `address` asked for the session.
   */
  mayTake(session: Session, address: string, shown: Shown): boolean {
    if (this.isFree(session)) return true;
    const rank = this.rankOf(session, address, shown);
    const { transport } = session;
    const held = transport === undefined ? STRANGER : this.#ranks.get(transport) ?? STRANGER;
    return rank === PROVEN || rank > held;
  }

  /**
   * Has what arrived from the connection of `session` be read before another one takes its place: it
   * may have said goodbye, or be all but silent. Nobody approves anything by that.
   * @returns `undefined` where there is none
   */
  readFirst(session: Session): Promise<undefined> | undefined {
    if (session.transport === undefined) return undefined;
    session.transport.readAtOnce?.();
    return new Promise((resolve) => this.#clock.after(0, () => resolve(undefined)));
  }

  /**
   * As {@link readFirst}; but who comes from the address of `session`'s own connection, and may not
   * take its place, waits: he may be the same client, whose old connection is broken and silent.
   */
  awaitTurn(session: Session, address: string, shown: Shown): Promise<undefined> | undefined {
    const isReturn = session.transport?.address === address;
    if (!isReturn || this.mayTake(session, address, shown)) return this.readFirst(session);
    const endsAt = this.#clock.monotonic() + SILENT_MS + LOOK_MS;
    return new Promise((resolve) => {
      const timer = this.#clock.every(LOOK_MS, () => {
        if (!this.isFree(session) && this.#clock.monotonic() < endsAt) return;
        timer.cancel();
        resolve(undefined);
      });
    });
  }
}
