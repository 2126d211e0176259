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
 */
export type Verdict = "granted" | "unknown" | "closed" | "foreign" | "guessing";

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
