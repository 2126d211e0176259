/**
 * A session that another box has begun, and that goes on here.
 *
 * @module
 */
import type { Protocol } from "./ingest.ts";

/** What goes on of it. */
export interface CarriedSession {
  readonly id: number;
  readonly name: string;
  /** How it is to be sent from now on. */
  readonly protocol: Protocol;
  /** What the client said of itself when it published. */
  readonly props: Readonly<Record<string, string>>;
  /** When its first audio came, in milliseconds since the epoch; `undefined` where none has. */
  readonly createdAtMs: number | undefined;
  /** Whether its DJ was away, so that events tell of his return. */
  readonly isPaused: boolean;
  /** For how long its DJ may come back, in milliseconds. */
  readonly holdMs: number;
}
