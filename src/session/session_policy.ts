/**
 * What holds for all sessions of a server.
 *
 * @module
 */
import type { DeadAirLimits } from "./dead_air.ts";
import type { FallbackSource } from "./fallback_audio.ts";
import type { Protocol } from "./ingest.ts";
import type { TimelineOptions } from "./timeline.ts";

/** What all sessions of a server have in common. */
export interface SessionPolicy {
  readonly timeline: TimelineOptions;
  readonly deadAir: DeadAirLimits;
  /** How long a broadcast without a transport is kept going with silence. */
  readonly holdMs: number;
  /** How long a session that was reserved waits for its first audio. */
  readonly firstWaitMs: number;
  /** How long a session waits for a transport to come back, by what it had last. */
  readonly waitMs: Readonly<Record<Protocol, number>>;
  /** The same for one that has not sent any audio, and was not reserved. */
  readonly unheardWaitMs: number;
  /** What is heard where a DJ is gone or silent, and how long at most; by default that is silence. */
  readonly fallback?: { readonly source: FallbackSource; readonly forMs: number };
}
