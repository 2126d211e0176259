/** Waits for the broadcasts that are on air to end by themselves, before the server stops. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "./clock.ts";
import type { SessionManager } from "./session_manager.ts";

const logger = getLogger(["echo"]);

const LOOK_MS = 250;

export interface DrainOptions {
  readonly clock: Clock;
  readonly sessions: Pick<SessionManager, "sessions">;
  /** Has no new broadcasts be taken. */
  readonly begin: () => void;
  /** How many broadcasts have not come to their end in every respect. */
  readonly left: () => number;
  /** No longer than this, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/**
 * The broadcasts that have not come to their end in every respect: on air, or still served or written
 * out. Those do not count that have lost their DJ for longer than the hold.
 * @param ids of the sessions that are not over for all who have to do with them
 */
export function broadcastsLeft(
  ids: readonly number[],
  sessions: Pick<SessionManager, "get">,
): readonly number[] {
  return ids.filter((id) => sessions.get(id)?.isAbandoned !== true);
}

/**
 * Takes no new broadcasts, and waits until none is left, the time is over or somebody loses
 * patience.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { clock, sessions, begin, left, timeoutMs, signal } = options;
  begin();
  logger.info("drains for up to {seconds} s: {live} broadcasts are live", {
    seconds: timeoutMs / 1000,
    live: sessions.sessions.length,
  });
  const over = Promise.withResolvers<void>();
  const look = () => {
    if (left() === 0 || signal.aborted) over.resolve();
  };
  const timers = [clock.every(LOOK_MS, look), clock.after(timeoutMs, over.resolve)];
  signal.addEventListener("abort", look);
  look();
  await over.promise;
  signal.removeEventListener("abort", look);
  for (const timer of timers) timer.cancel();
  logger.info("has drained: {live} broadcasts are cut off", { live: sessions.sessions.length });
}
