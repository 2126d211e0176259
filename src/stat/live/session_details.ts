/** What operators see of one live session when they look closer. */
import type { Session } from "../../session/session.ts";
import type { RecentEvent } from "./recent_events.ts";
import type { SessionColumns } from "./session_histories.ts";

/** One live session, without what its client said of itself and without its keys. */
export interface SessionDetails {
  readonly id: number;
  readonly name: string;
  /** The codecs parameter of RFC 6381; null before the first frame, as the next two. */
  readonly codecs: string | null;
  /** In hertz. */
  readonly sample_rate: number | null;
  readonly channels: number | null;
  /** The encoder and its version, where it tells them. */
  readonly encoder: string | null;
  /** The last hour; `at` in milliseconds since the epoch. */
  readonly history: SessionColumns;
  /** Its last events, the oldest first. */
  readonly log: readonly RecentEvent[];
}

/** @param known what is kept of it */
export function sessionDetails(
  { id, name, audio, streamFacts: { encoder } }: Session,
  known: Pick<SessionDetails, "history" | "log">,
): SessionDetails {
  return {
    ...{ id, name },
    codecs: audio?.codecs ?? null,
    sample_rate: audio?.sampleRate ?? null,
    channels: audio?.channels ?? null,
    encoder: typeof encoder === "string" ? encoder : null,
    ...known,
  };
}
