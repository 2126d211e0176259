/** What happens to broadcasts: the events, and the bus on which everybody hears of them. */
import { getLogger } from "@logtape/logtape";
import type { Protocol } from "./ingest.ts";
import type { Reason } from "./reason.ts";

const logger = getLogger(["echo", "session"]);

/** Sums of a session's input so far. */
export interface InputQuality {
  /** Frames that arrived. */
  readonly total_count: number;
  /**
   * Packets that the transport gave up, and frames that are not heard: they came too late, or their
   * configuration waits.
   */
  readonly drop_count: number;
  /** What could not be parsed. */
  readonly bad_count: number;
  /** Silent frames that were put in. */
  readonly filler_count: number;
}

/** What every event tells of its session. */
export interface SessionFacts {
  readonly id: number;
  readonly name: string;
  readonly protocol: Protocol;
  /** What the client said of itself when it published. */
  readonly props: Readonly<Record<string, string>>;
}

/**
 * Why a fallback is heard. `gone`: there is no connection, or none by which audio comes. `dead-air`:
 * nothing can be heard in what comes.
 */
export type FallbackWhy = "gone" | "dead-air";

/**
 * What ends a fallback: the DJ is heard again, it was heard for as long as it may be, or the
 * broadcast is over.
 */
export type FallbackEnd = "live" | "limit" | "over";

/** What can happen to a session, and what belongs to each event besides the session's facts. */
export interface EventDetails {
  /** A publish was accepted. */
  "authorize": { readonly address: string };
  /** The first audio frame arrived; `goesOn`: of a session that another box has begun. */
  "create": { readonly address: string; readonly goesOn?: boolean };
  /** The transport is gone. */
  "pause": { readonly reason: Reason };
  /** A transport is back and audio arrived. */
  "resume": { readonly reason: Reason };
  /** The session is over; `goesOn`: here, as another box has it. */
  "release": { readonly reason: Reason; readonly goesOn?: boolean };
  /** Enough is in the playlist for players to start; `goesOn`: another box had as much already. */
  "hls-ready": { readonly path: string; readonly goesOn?: boolean };
  /**
   * So many listen, and so many did at most. Told when the number has changed, once a minute at most,
   * and only where listeners are counted.
   */
  "audience": { readonly listeners: number; readonly peak: number };
  /**
   * Nothing of the broadcast is served any more; how many listened at most, where it was counted;
   * `goesOn`: here, as another box has it.
   */
  "hls-release": { readonly peakListeners?: number; readonly goesOn?: boolean };
  /** A file of the broadcast begins; there may be several, one after another. */
  "record-start": { readonly path: string };
  /** `path` is not written or not finished, for now at least; so it may follow on a start or not. */
  "record-error": { readonly path: string; readonly message: string };
  /** What began as `part` is finished as `path`; its duration is in whole milliseconds. */
  "record-complete": { readonly path: string; readonly part: string; readonly durationMs: number };
  /** What a connection sends cannot be broadcast, so the server ends it. */
  "input-error": { readonly message: string };
  /** What is heard has changed; null where nothing is known of it. */
  "metadata": { readonly title: string | null; readonly artist: string | null };
  /** The fallback file is heard instead of the DJ, and why. */
  "fallback-start": { readonly why: FallbackWhy };
  /** It is no longer heard: why it was, and what ended it. */
  "fallback-end": { readonly why: FallbackWhy; readonly end: FallbackEnd };
  /**
   * Audio arrives, and nothing is to be heard: its level (estimate) in dBFS; null where it is digital
   * silence.
   */
  "dead-air": { readonly levelDb: number | null };
  /** Sound is there again, after so many milliseconds of audio without. */
  "sound": { readonly silentMs: number };
  /** A connection ended; the sums are the session's. */
  "input-quality": { readonly quality: InputQuality };
}

export type EventKind = keyof EventDetails;

/** One event: when, what, of which session. */
export type SessionEvent<K extends EventKind = EventKind> = {
  [P in K]: SessionFacts & { readonly kind: P; readonly at: number } & EventDetails[P];
}[K];

/** An event of `session`, with the facts that every event carries. */
export function sessionEvent<K extends EventKind>(
  session: SessionFacts,
  kind: K,
  at: number,
  details: EventDetails[K],
): SessionEvent {
  const { id, name, protocol, props } = session;
  return { kind, at, id, name, protocol, props, ...details } as SessionEvent;
}

/** Carries events from where they happen to whoever wants to know, in order. */
export class EventBus {
  readonly #listeners = new Set<(event: SessionEvent) => void>();

  /** @returns a function that ends the subscription */
  subscribe(listener: (event: SessionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: SessionEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // Who listens must not stop what happens.
        logger.error("A listener to events failed at {kind}: {error}", { ...event, error });
      }
    }
  }
}
