/** The last events of all sessions, for those who begin to watch. */
import type { EventKind, SessionEvent } from "../../session/events.ts";
import type { Protocol } from "../../session/ingest.ts";

/** So many are kept. */
export const RECENT_EVENTS = 200;

/** An event as operators see it: with what belongs to it, without what clients said of themselves. */
export interface RecentEvent {
  /** Counts up, also over restarts. */
  readonly number: number;
  /** RFC 3339. */
  readonly time: string;
  readonly event: EventKind;
  readonly session_id: number;
  readonly name: string;
  readonly protocol: Protocol;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The last events; the oldest goes when there are too many. */
export class RecentEvents {
  readonly #events: RecentEvent[] = [];
  #next: number;

  /** @param first the first event's number: more than any before a restart had */
  constructor(first: number) {
    this.#next = first;
  }

  add(event: SessionEvent): RecentEvent {
    const { kind, at, id, name, protocol, props: _, ...details } = event;
    const recent: RecentEvent = {
      number: this.#next++,
      time: new Date(at).toISOString(),
      event: kind,
      session_id: id,
      name,
      protocol,
      details,
    };
    this.#events.push(recent);
    if (this.#events.length > RECENT_EVENTS) this.#events.shift();
    return recent;
  }

  /** Those that came after the one of that number, the oldest first. */
  after(number: number): readonly RecentEvent[] {
    // Of a run before this one, on a box whose clock was set back meanwhile.
    if (number >= this.#next) return this.#events;
    return this.#events.filter((event) => event.number > number);
  }
}
