/**
 * Who may see and do what only operators may, as the routes behind it ask.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";

/**
 * Whether a client may see more than what is open to all.
 * - `granted`: it may
 * - `unknown`: it has not shown the token, or not the right one
 * - `closed`: there is no token to show, and it is not on this box
 * - `foreign`: it is a browser that another site uses
 * - `guessing`: wrong tokens came too often from its address
 * - `unavailable`: nobody can tell, as there is nothing yet to check its token with
 */
export type Verdict = "granted" | "unknown" | "closed" | "foreign" | "guessing" | "unavailable";

/** Tokens of an issuer that let operators in, beside the one that is configured. */
export interface OperatorTokens {
  /** Whether a text has the form of one, whatever it is worth. */
  recognizes(text: string): boolean;
  /**
   * Whether it lets somebody in.
   * @returns why not; `undefined` where it does
   */
  fault(token: string): Promise<OperatorTokenFault | undefined>;
  /** Has `tell` called each time that tokens may have become void. */
  watch(tell: () => void): void;
}

/** Why a token lets nobody in. */
export interface OperatorTokenFault {
  /** In words. */
  readonly message: string;
  /** Whether nobody can tell what it is worth. */
  readonly isUnavailable: boolean;
}

/** Lets operators in. */
export interface Entrance {
  /** Resolves late where somebody guesses. */
  check(c: Context): Promise<Verdict>;
  /** Has the browser stay signed in, where the token is the right one. */
  signIn(c: Context, token: string): Promise<Verdict>;
  signOut(c: Context): void;
  /** Answers in the place of what it guards where a client is not let in. */
  readonly guard: MiddlewareHandler;
}
