/** The queue of one session's events. */
import type { Timer } from "../session/clock.ts";
import type { SessionEvent } from "../session/events.ts";
import type { HookMessage } from "./endpoint.ts";

/** An event that has not been sent yet. */
export interface Waiting {
  readonly event: SessionEvent;
  /** When it happened, on {@link Clock.awake}. */
  readonly since: number;
}

/** An event whose sending has begun. It is sent again until it is delivered. */
export interface Begun extends Waiting, HookMessage {
  /** How many dropped events its body tells of. */
  readonly dropped: number;
  attempts: number;
}

/** The events of one session that are not delivered yet, in order. */
export class EventQueue {
  /** The first event, once its sending has begun. */
  begun: Begun | undefined;
  /** Runs until the first event is sent again. */
  retry: Timer | undefined;
  /** Whether the first event is being sent, or waits for its turn. */
  isActive = false;
  readonly #waiting: Waiting[] = [];

  get length(): number {
    return this.#waiting.length + (this.begun === undefined ? 0 : 1);
  }

  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  /**
   * Takes out an event that has not been sent, where there are too many: the oldest title, as others
   * have come since; where there is none, the oldest event.
   */
  giveUp(): Waiting | undefined {
    const title = this.#waiting.findIndex(({ event }) => event.kind === "metadata");
    return title === -1 ? this.shift() : this.#waiting.splice(title, 1)[0];
  }

  /** Takes out the oldest event that has not been sent. */
  shift(): Waiting | undefined {
    return this.#waiting.shift();
  }
}
