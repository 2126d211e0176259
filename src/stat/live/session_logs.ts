/** What has happened to each live session, since when it waits for audio, and why. */
import type { Clock } from "../../session/clock.ts";
import type { SessionEvent } from "../../session/events.ts";
import { Moment } from "../../session/moment.ts";
import { UNKNOWN_REASON } from "../../session/reason.ts";
import type { RecentEvent } from "./recent_events.ts";

/** So many events are kept of each session. */
export const SESSION_EVENTS = 50;

/** That a session waits for audio. */
export interface AwaitedAudio {
  /** In milliseconds since the epoch. */
  readonly since: number;
  /** What ended the audio, or came instead of it; null where nobody has said. */
  readonly why: string | null;
}

/** The last events of each session that is live; the oldest goes when there are too many. */
export class SessionLogs {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  readonly #logs = new Map<number, SessionLog>();

  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.#clock = clock;
  }

  /** @param recent the same event, as operators see it */
  note(event: SessionEvent, recent: RecentEvent): void {
    // What follows after it is of outputs that end; the session is no longer listed.
    if (event.kind === "release") this.#logs.delete(event.id);
    else if (event.kind === "authorize") this.#logOf(event.id).note(event, recent);
    else this.#logs.get(event.id)?.note(event, recent);
  }

  /** The events of a session, the oldest first. */
  of(id: number): readonly RecentEvent[] {
    return this.#logs.get(id)?.events ?? [];
  }

  /** `undefined` where it does not wait. */
  waiting(id: number): AwaitedAudio | undefined {
    return this.#logs.get(id)?.waiting;
  }

  #logOf(id: number): SessionLog {
    const log = this.#logs.get(id) ?? new SessionLog(this.#clock);
    this.#logs.set(id, log);
    return log;
  }
}

class SessionLog {
  readonly events: RecentEvent[] = [];
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  /** Since when it waits; `undefined` while it does not. */
  #since: Moment | undefined;
  #why: string | null = null;

  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.#clock = clock;
    this.#since = new Moment(clock);
  }

  get waiting(): AwaitedAudio | undefined {
    return this.#since && { since: this.#since.wallMs, why: this.#why };
  }

  note(event: SessionEvent, recent: RecentEvent): void {
    this.events.push(recent);
    if (this.events.length > SESSION_EVENTS) this.events.shift();
    switch (event.kind) {
      case "create":
      case "resume":
        this.#since = undefined;
        this.#why = null;
        break;
      case "input-error":
        this.#why = event.message;
        break;
      case "pause":
        this.#since = new Moment(this.#clock);
        if (event.reason !== UNKNOWN_REASON) this.#why ??= event.reason.message;
    }
  }
}
