/**
 * The log lines about sources whose timestamps jump.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "./clock.ts";
import type { FeedOwner } from "./feed_owner.ts";

/** Tells that the source's timestamps jumped, now and then. */
export class ReanchorLog {
  readonly #owner: FeedOwner;
  readonly #clock: Clock;
  #logged = 0;
  #loggedAt = -Infinity;

  constructor(owner: FeedOwner, clock: Clock) {
    this.#owner = owner;
    this.#clock = clock;
  }

  /** @param count how often they have jumped so far */
  note(count: number): void {
    if (count === this.#logged) return;
    const now = this.#clock.monotonic();
    if (now - this.#loggedAt < REANCHOR_LOG_MS) return;
    logger.warn(
      "The source's timestamps jumped; the broadcast goes on from there ({count} in all)",
      { ...this.#owner, count },
    );
    this.#loggedAt = now;
    this.#logged = count;
  }
}

/** Jumps of the source's timestamps share a log line this often. */
const REANCHOR_LOG_MS = 10_000;

const logger = getLogger(["echo", "session"]);
