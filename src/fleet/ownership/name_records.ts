/**
 * What is told of names when they are got, and given up.
 *
 * @module
 */
import type { NameWish } from "../../session/names.ts";
import { type NameRecord, newRecord } from "../registry.ts";
import type { GotName } from "./take_name.ts";

/** The record of a name that this box has just got. */
export function recordOf(
  { name }: NameWish,
  { own, before }: GotName,
  goesOn: boolean,
): NameRecord {
  const record = before ?? newRecord(name);
  if (goesOn) return { ...record, ...own };
  return { ...record, ...own, ...NO_SESSION };
}

/** What is told of a name that has no session yet. */
export const NO_SESSION = {
  sessionId: 0,
  state: "held",
  props: {},
  holdMs: 0,
  createdAtMs: 0,
} as const;

/** A record that says the same at `now`: what is listed goes on with the time, at most. */
export function toldAgain(record: NameRecord, now: number): NameRecord {
  const { endsAtMs, toldAtMs } = record;
  return { ...record, endsAtMs: endsAtMs && endsAtMs + now - toldAtMs, toldAtMs: now };
}

/** A record with numbers behind what outputs list when sessions are over. */
export function behindEnd(record: NameRecord): NameRecord {
  return { ...record, mediaSequence: record.mediaSequence + BEHIND_END };
}

/** A record without numbers: none were listed, as nothing was heard. */
export function nothingHeard(record: NameRecord): NameRecord {
  return { ...record, mediaSequence: 0, discontinuitySequence: 0, endsAtMs: 0 };
}

/** Media sequence numbers that outputs may use once the last session of a name is over. */
const BEHIND_END = 16;
