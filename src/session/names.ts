/**
 * Which names this server may have sessions of: all of them, unless others are one server with it.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import type { Protocol } from "./ingest.ts";
import type { Shown } from "./places.ts";

/** Who wants a session of a name, and what speaks for him. */
export interface NameWish {
  readonly name: string;
  /** How it is to be sent. */
  readonly protocol: Protocol;
  /** The client's address. */
  readonly address: string;
  readonly shown: Shown;
}

/** Says which names this server has, and gets it those that others have. */
export interface Names {
  /** Whether it has the name now, so that there may be sessions of it. */
  owns(name: string): boolean;
  /**
   * Gets it the name, and what is to go on of it.
   * @throws {PublishRefused} `name-in-use` where somebody publishes it elsewhere
   */
  own(wish: NameWish): Promise<void>;
  /** The id of a new session. */
  sessionId(): number;
}

/** The names of a server that is alone: it has them all. */
export class AllNames implements Names {
  #nextId: number;

  constructor(clock: Pick<Clock, "now">) {
    this.#nextId = clock.now();
  }

  owns(): boolean {
    return true;
  }

  async own(): Promise<void> {}

  sessionId(): number {
    return this.#nextId++;
  }
}
