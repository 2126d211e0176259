/**
 * What a box tells the others of its fleet about its broadcasts and its listeners.
 *
 * @module
 */
import { z } from "zod";
import type { Session } from "../../session/session.ts";
import type { SessionManager } from "../../session/session_manager.ts";
import type { Audience } from "../audience.ts";
import type { Health } from "../health.ts";

const session = z.object({
  id: z.number(),
  name: z.string(),
  state: z.string(),
  protocol: z.string(),
  /** When its first frame came, by RFC 3339; null before. */
  started: z.string().nullable(),
  /** What is heard, and who publishes; null where it is not known. */
  title: z.string().nullable(),
  artist: z.string().nullable(),
  dj: z.string().nullable(),
});

const report = z.object({
  /** When the process started, by RFC 3339. */
  started: z.string(),
  sessions: z.array(session),
  /** Those whom this box serves itself. */
  listeners: z.object({ total: z.number(), names: z.record(z.string(), z.number()) }),
  /** Broadcasts that are not over on this box in every respect. */
  left: z.number(),
  /** What is wrong, in words. */
  problems: z.array(z.string()),
});

/** What a box tells of itself; what newer boxes add is left out. */
export type BoxReport = z.infer<typeof report>;

/** One of its broadcasts. */
export type ReportedSession = z.infer<typeof session>;

export interface BoxReportSources {
  /** When the process started, in milliseconds since the epoch. */
  readonly startedMs: number;
  readonly sessions: Pick<SessionManager, "sessions">;
  readonly left: number;
  /** Of this box alone. */
  readonly audience: Audience;
  readonly health: Pick<Health, "report">;
}

/** This box as it is now. */
export function boxReport(sources: BoxReportSources): BoxReport {
  const { startedMs, sessions, left, audience, health } = sources;
  return {
    started: new Date(startedMs).toISOString(),
    sessions: sessions.sessions.map(reportedSession),
    listeners: { total: audience.total, names: Object.fromEntries(audience.byName()) },
    left,
    problems: [...health.report.problems],
  };
}

/**
 * Reads what another box has told.
 * @throws {z.ZodError} where it is none
 */
export function parseBoxReport(told: unknown): BoxReport {
  return report.parse(told);
}

function reportedSession(session: Session): ReportedSession {
  const { id, name, state, protocol, created, tags, props } = session;
  return {
    ...{ id, name, state, protocol },
    started: created === undefined ? null : new Date(created.wallMs).toISOString(),
    title: tags?.title ?? null,
    artist: tags?.artist ?? null,
    dj: props.dj ?? null,
  };
}
