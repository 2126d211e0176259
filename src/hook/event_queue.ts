import type { Timer } from "../session/clock.ts";
import type { SessionEvent } from "../session/events.ts";
import type { HookMessage } from "./endpoint.ts";

/** An event that has not been sent. */
export interface Waiting {
  readonly event: SessionEvent;
  /** When it happened, on {@link Clock.awake}. */
  readonly since: number;
}

/** An event that has been sent, or is being sent, and will be sent again until it is delivered. */
export interface Begun extends Waiting, HookMessage {
  /** The dropped events that its body tells of. */
  readonly dropped: number;
  attempts: number;
}

/** The events of one session that are not delivered yet, in order. */
export class EventQueue {
  /** The first one, once it has been sent. */
  begun: Begun | undefined;
  /** Runs where it is to be sent again later. */
  retry: Timer | undefined;
  /** Whether it is under way or has its turn soon. */
  isActive = false;
  readonly #waiting: Waiting[] = [];

  get length(): number {
    return this.#waiting.length + (this.begun === undefined ? 0 : 1);
  }

  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  /** Takes out the oldest event that has not been sent. */
  shift(): Waiting | undefined {
    return this.#waiting.shift();
  }
}
