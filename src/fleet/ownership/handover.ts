/**
 * What boxes say to each other when a broadcast goes from one to another.
 *
 * @module
 */
import type { NameWish } from "../../session/names.ts";
import type { KnownBox, NameRecord } from "../registry.ts";

/** How the owner of a name answers another box, to which somebody has come who wants it. */
export type HandoverAnswer =
  | HandedName
  /** It does not own the name; what it knows of that. */
  | { readonly kind: "not-mine"; readonly record?: NameRecord | undefined }
  /**
   * Somebody else publishes. `later`: it may be the same client, whose old connection is about to be
   * found silent.
   */
  | { readonly kind: "refused"; readonly later: boolean };

/** A name that its owner has stopped to go on with, for {@link FREEZE_MS}. */
export interface HandedName {
  readonly kind: "handed";
  readonly record: NameRecord;
  /** Whether its right to the session was proven to the owner. */
  readonly isProven: boolean;
  /** What outputs need to go on, which is theirs to read; plain data, or absent. */
  readonly state?: unknown;
}

/** Asks other boxes. */
export interface Handovers {
  /**
   * Asks the owner of a name to hand it over; takes {@link ASK_MS} at most.
   * @returns `undefined` where the box does not answer; refused for now where it could not be asked
   */
  ask(owner: KnownBox, wish: NameWish): Promise<HandoverAnswer | undefined>;
  /**
   * Asks a box whether it has a name, as it may where it could not be asked; `undefined` where it does
   * not answer.
   */
  has(box: KnownBox, name: string): Promise<boolean | undefined>;
  /** Tells the box that had a name that another one has it. Never rejects. */
  taken(before: KnownBox, record: NameRecord): Promise<void>;
}

/** What a box does with a name that it owns, or gets, or loses: its sessions, and their outputs. */
export interface LocalShows {
  /** What is to be told of the sessions of a name; `undefined` where there are none. */
  facts(name: string): ShowFacts | undefined;
  /** Whether a client that has come to another box may go on with what this one has. */
  mayLeave(wish: NameWish): Promise<Leave>;
  /** Lists nothing more of a name. @returns what another box needs to go on, as plain data */
  freeze(name: string): unknown;
  /** Goes on as if nothing was. */
  thaw(name: string): void;
  /** Goes on with what another box had. */
  takeOver(taken: TakenName): void;
  /** Nobody goes on with a session whose box is gone: it is over, and that is to be told. */
  bury(record: NameRecord): void;
  /**
   * Another box has the name: what this one has of it ends without a word to listeners.
   * @param sessionId which session goes on there; `undefined` where that is not known
   */
  letGo(name: string, sessionId: number | undefined): void;
}

/**
 * Whether somebody may go on with a session: the place is `free`, or he has `proven` his right to it;
 * or with the name alone (`as new`), as others wait for its first audio. `later`: it may be the same
 * client, whose old connection is about to be found silent.
 */
export type Leave = "free" | "proven" | "as new" | "no" | "later";

/** What is told of the sessions of a name. */
export type ShowFacts = Pick<
  NameRecord,
  "sessionId" | "state" | "props" | "holdMs" | "createdAtMs"
>;

/** A name that this box has got. */
export interface TakenName {
  readonly wish: NameWish;
  /** What was known of it before; `undefined` where nothing was. */
  readonly before: NameRecord | undefined;
  /** Whether its session goes on, so that there is no other one. */
  readonly goesOn: boolean;
  /** See {@link HandedName}; `undefined` where the owner before is gone. */
  readonly state: unknown;
  /** See {@link HandedName}. */
  readonly isProven: boolean;
}

/** How long a box may take to answer. */
export const ASK_MS = 1500;
/** How long an owner that has handed a name over waits for the claim: an answer and a claim fit in. */
export const FREEZE_MS = 3000;
