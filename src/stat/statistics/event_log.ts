/** Writes statistics to the event log, for programs: one JSON object a line. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../session/clock.ts";
import type { SessionInfo } from "./session_info.ts";
import type { SessionCount, StatisticsEvent } from "./statistics.ts";

const COUNT_MS = 60_000;

const sessionLogger = getLogger(["echo_stat", "session"]);
const countLogger = getLogger(["echo_stat", "logger"]);

/** Writes what is told of a session to the event log: a JSON object a line. */
export function logSessionEvent(event: StatisticsEvent, id: number, info: SessionInfo): void {
  const line = JSON.stringify({ session_id: id, session_event: event, session_info: info });
  sessionLogger.info("{line}", { line });
}

/**
 * Writes how many sessions there are every minute: a JSON object a line.
 * @returns a function that ends it
 */
export function logCounts(clock: Clock, count: () => SessionCount): () => void {
  const timer = clock.every(COUNT_MS, () => {
    countLogger.info("{line}", { line: JSON.stringify({ session_count: count() }) });
  });
  return () => timer.cancel();
}
