/** The live sessions as a table, which the live view sends every two seconds. */
import type { Session } from "../../session/session.ts";
import type { Audience } from "../audience.ts";
import type { InputRates } from "./input_rates.ts";
import type { SessionHistories } from "./session_histories.ts";
import type { SessionLogs } from "./session_logs.ts";
import { toldDeadAir, toldLevel } from "../told_level.ts";

/** What a row of {@link SessionTable} holds. */
export const SESSION_FIELDS = [
  "id",
  "name",
  "state",
  "protocol",
  "address",
  /** Bits of audio a second. */
  "bitrate",
  /** When its first frame came, in milliseconds since the epoch. */
  "started",
  /** Milliseconds since its last frame. */
  "silent",
  "frames",
  "dropped",
  "bad",
  "fillers",
  /** The round trip in milliseconds, and the percentage of packets lost, where SRT tells it. */
  "rtt",
  "loss",
  "listeners",
  /** What is heard. */
  "title",
  "artist",
  /** Who publishes, where DJs are known. */
  "dj",
  /** Since when it waits for audio, in milliseconds since the epoch, and why. */
  "since",
  "why",
  /** Of the last minute: percent of the audio that is not heard, and what cannot be read, a second. */
  "lost",
  "unread",
  /** 1 where some was dropped in the last minute because it was sent faster than real time. */
  "too_fast",
  /** Why its fallback is heard; null while it is not. */
  "fallback",
  /** The level (estimate) in dBFS. */
  "level",
  /** Where it is dead air: for how many milliseconds of audio. */
  "dead_air",
] as const;

type Cell = string | number | null;

/** All live sessions, as a table without repeated names: there may be thousands of rows. */
export interface SessionTable {
  readonly fields: typeof SESSION_FIELDS;
  readonly rows: readonly (readonly Cell[])[];
}

export interface SessionTableSources {
  readonly sessions: readonly Session[];
  readonly audience: Audience;
  readonly rates: Pick<InputRates, "of">;
  readonly logs: Pick<SessionLogs, "waiting">;
  readonly histories: Pick<SessionHistories, "lossesOf">;
}

export function sessionTable(sources: SessionTableSources): SessionTable {
  const { sessions, audience, rates, logs, histories } = sources;
  const listeners = new Map(audience.byName());
  const rows = sessions.map((session) => {
    const { id, name, state, protocol, transport, quality, silentForMs, created } = session;
    const { tags, props } = session;
    const link = transport?.link;
    const waiting = logs.waiting(id);
    const { lost, unread, isTooFast } = histories.lossesOf(id);
    return [
      id,
      name,
      state,
      protocol,
      transport?.address ?? null,
      rounded(rates.of(id)),
      created?.wallMs ?? null,
      Number.isFinite(silentForMs) ? rounded(silentForMs) : null,
      quality.total_count,
      quality.drop_count,
      quality.bad_count,
      quality.filler_count,
      link === undefined ? null : Math.round(link.roundTripMs * 10) / 10,
      link === undefined ? null : Math.round(link.lossPercent * 100) / 100,
      listeners.get(name) ?? 0,
      tags?.title ?? null,
      tags?.artist ?? null,
      props.dj ?? null,
      waiting?.since ?? null,
      waiting?.why ?? null,
      lost,
      unread,
      isTooFast ? 1 : 0,
      session.fallback.playing ?? null,
      toldLevel(session) ?? null,
      toldDeadAir(session) ?? null,
    ];
  });
  return { fields: SESSION_FIELDS, rows };
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}
