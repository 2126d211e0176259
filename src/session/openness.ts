/**
 * Whether the server takes broadcasts, and how many.
 *
 * @module
 */
import { PublishRefused } from "./ingest.ts";
import type { LiveSessions } from "./live_sessions.ts";
import { isValidName } from "./name.ts";
import { NO_ROOM_REASON } from "./reason.ts";
import type { WaitingSessions } from "./waiting_sessions.ts";

/** How many sessions there may be at a time. */
export interface SessionLimits {
  readonly maxSessions: number;
  /** SRT sessions without a transport. */
  readonly maxWaiting: number;
}

/**
 * Who a server that drains is open to: broadcasts that it has already, or nobody, where there are
 * other boxes that take them.
 */
export type DrainingOpenness = "returns" | "nobody";

/** What a server is open to: all, as it drains fewer, as it stops none. */
export class Openness {
  #state: "all" | DrainingOpenness | "stopped" = "all";
  /** Places of sessions that may come from other servers. */
  #held = 0;
  /** May be replaced at any time; who is there already stays. */
  limits: SessionLimits;

  constructor(limits: SessionLimits) {
    this.limits = limits;
  }

  /** From now on it is open to no others than these. */
  drain(openTo: DrainingOpenness): void {
    if (this.#state !== "stopped") this.#state = openTo;
  }

  /** It drains no more. */
  reopen(): void {
    if (this.#state !== "stopped") this.#state = "all";
  }

  /** From now on it is open to none. */
  stop(): void {
    this.#state = "stopped";
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
    if (this.#state === "stopped") {
      throw new PublishRefused("stopping", `Cannot publish ${name}: the server is stopping`);
    }
    if (this.#state === "nobody") {
      throw new PublishRefused(
        "stopping",
        `Cannot publish ${name}: this box gives its broadcasts to others; connect again`,
      );
    }
    if (this.#state === "returns" && !isLive) {
      throw new PublishRefused(
        "stopping",
        `Cannot publish ${name}: the server is about to stop and takes no new broadcasts`,
      );
    }
  }

  /**
   * Whether there may be another session, of `name`.
   * @throws {PublishRefused}
   */
  checkRoom(name: string, sessions: Pick<LiveSessions, "size" | "unattended">): void {
    const places = this.limits.maxSessions - this.#held;
    if (sessions.size < places) return;
    if (sessions.size - sessions.unattended.length < places) return;
    throw new PublishRefused("limit", `Cannot publish ${name}: the server is full`);
  }

  /**
   * Holds the place of a session that may come from another server, until what is returned is called.
   * @throws {PublishRefused} where there is none
   */
  holdPlace(name: string, sessions: Pick<LiveSessions, "size" | "unattended">): () => void {
    this.checkRoom(name, sessions);
    this.#held++;
    return () => void this.#held--;
  }

  /** Has those give way whose DJs are gone, where there is no room otherwise for another session. */
  makeRoom(
    sessions: Pick<LiveSessions, "size" | "unattended">,
    owners: Pick<WaitingSessions, "longestOfGreediest">,
  ): void {
    while (sessions.size >= this.limits.maxSessions) {
      const gone = owners.longestOfGreediest(sessions.unattended);
      if (gone === undefined) return;
      gone.end("lost", NO_ROOM_REASON);
    }
  }
}
