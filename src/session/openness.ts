/**
 * Whether the server takes broadcasts, and how many.
 *
 * @module
 */
import { PublishRefused } from "./ingest.ts";
import { isValidName } from "./name.ts";

/** How many sessions there may be at a time. */
export interface SessionLimits {
  readonly maxSessions: number;
  /** SRT sessions without a transport. */
  readonly maxWaiting: number;
}

/** What a server is open to: first all, then only broadcasts that it has already, then none. */
export class Openness {
  #state: "all" | "returns" | "none" = "all";
  /** May be replaced at any time; who is there already stays. */
  limits: SessionLimits;

  constructor(limits: SessionLimits) {
    this.limits = limits;
  }

  /** From now on it is open to broadcasts that it has already. */
  drain(): void {
    if (this.#state === "all") this.#state = "returns";
  }

  /** From now on it is open to none. */
  stop(): void {
    this.#state = "none";
  }

  /**
   * Whether `name` may be published.
   * @param isLive whether it has a session
   * @throws {PublishRefused}
   */
  checkName(name: string, isLive: boolean): void {
    if (!isValidName(name)) {
      throw new PublishRefused(
        "invalid-name",
        "Cannot publish: a name is 1 to 128 of A-Z a-z 0-9 _ and -, and not live",
      );
    }
    if (this.#state === "none") {
      throw new PublishRefused("stopping", `Cannot publish ${name}: the server is stopping`);
    }
    if (this.#state === "returns" && !isLive) {
      throw new PublishRefused(
        "stopping",
        `Cannot publish ${name}: the server is about to stop and takes no new broadcasts`,
      );
    }
  }

  /**
   * Whether there may be a session of `name` beside `count` others.
   * @throws {PublishRefused}
   */
  checkRoom(name: string, count: number): void {
    if (count < this.limits.maxSessions) return;
    throw new PublishRefused("limit", `Cannot publish ${name}: the server is full`);
  }
}
