/** Broadcasts as the listener pages are told of them. */
import { Shows, type ShowStatus } from "../../../src/pages/listener/shows.ts";
import assert from "node:assert/strict";
import type { Session } from "../../../src/session/session.ts";
import type { Ingest } from "../../../src/session/ingest.ts";
import { House, START } from "../../stat/house.ts";

/** What is told of a name without a show, at the start. */
export const OFF_AIR: Omit<ShowStatus, "name"> = {
  state: "off-air",
  started_at: null,
  now: new Date(START).toISOString(),
  listeners: 0,
  title: null,
  artist: null,
  artwork: null,
  low_latency: false,
  titles: [],
  rewind_from: null,
  last_on_air: null,
};

/** Sessions, and what listeners are told of them; a name has as many listeners as letters. */
export class Broadcasts implements Disposable {
  readonly #house = new House();
  readonly clock = this.#house.clock;
  readonly shows: Shows;
  /** Whether there is room for more of them in low latency. */
  hasLowPlace = true;
  /** Whether their fallback stands in for their DJs. */
  hasStandIn = false;

  constructor({ artworkUrl }: { artworkUrl?: string } = {}) {
    const { events, sessions } = this.#house;
    this.shows = new Shows({
      clock: this.clock,
      events,
      find: (name) => {
        const session = sessions.find(name);
        if (session === undefined) return undefined;
        const { state, props } = session;
        return { state, props, fallback: { standsIn: this.hasStandIn } };
      },
      listeners: (name) => name.length,
      lowLatencyFrom: 3,
      artworkUrl,
      hasLowPlace: () => this.hasLowPlace,
    });
  }

  /** A DJ connects. */
  publish(name: string): Ingest {
    return this.#house.publish(name, "rtmp");
  }

  /** The session of a name that is on air. */
  session(name: string): Session {
    const session = this.#house.sessions.find(name);
    assert.ok(session);
    return session;
  }

  /** The first audio comes. */
  send(ingest: Ingest): void {
    ingest.write(new Uint8Array(10), 0);
  }

  [Symbol.dispose](): void {
    this.shows.close();
    this.#house[Symbol.dispose]();
  }
}
