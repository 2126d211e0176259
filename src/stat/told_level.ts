/** What people are told of how loud sessions are. */
import type { Session } from "../session/session.ts";

/** In decibels: what digital silence is told as, and all that is quieter than this. */
export const LEAST_DB = -100;

/** What is asked of a session. */
export type HeardSession = Pick<Session, "state" | "sound">;

/** The level (estimate) in dBFS; `undefined` where it is not known, or nothing is sent. */
export function toldLevel({ state, sound: { levelDb } }: HeardSession): number | undefined {
  if (state !== "publishing" || levelDb === undefined) return undefined;
  return Math.max(LEAST_DB, Math.round(levelDb * 10) / 10);
}

/** How many milliseconds of audio had no sound; `undefined` where it is not dead air. */
export function toldDeadAir({ state, sound }: HeardSession): number | undefined {
  return state === "publishing" && sound.isDeadAir ? Math.round(sound.silentMs) : undefined;
}
