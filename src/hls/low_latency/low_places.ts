/**
 * How many broadcasts are there in low latency at a time, whose they are, and in which order they
 * come to be.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../session/clock.ts";
import { siteOf } from "../../session/network.ts";

const logger = getLogger(["echo", "hls"]);

/** The address of a client; `undefined` where it stands for many. */
export type LowClient = string | undefined;

/** Who wants a broadcast in low latency. */
export interface LowGuest {
  /** The broadcast. */
  readonly name: string;
  readonly client: LowClient;
  /** Called where the place is another one's. */
  readonly giveWay: () => void;
}

/** The place of a broadcast. */
export interface LowPlace {
  /** These have heard the broadcast just now. */
  hear(clients: readonly LowClient[]): void;
  /** Gives the place back. Does nothing where it is lost already. */
  release(): void;
}

/** How many broadcasts may be there in low latency. */
export interface LowLimits {
  readonly total: number;
  /** Those that one site may have opened in a minute. */
  readonly openings: number;
}

/**
 * The places of all broadcasts of this process. Each site (an address, or the /48 of an IPv6 one) has
 * one vote, which is divided among the broadcasts that it has heard or asked for lately. Where all
 * places are taken, the broadcast with the fewest votes gives way to one that gets more by who asks
 * for it. So the place that one site has among many others is nobody's loss, and what nobody hears
 * keeps nobody out.
 */
export class LowPlaces {
  readonly #clock: Pick<Clock, "after" | "monotonic">;
  readonly #limits: LowLimits;
  /** By name of the broadcast, the oldest first. */
  readonly #taken = new Map<string, TakenPlace>();
  /** The votes, as they were counted a moment ago. */
  #counted: Votes | undefined;
  /** How many places a site got in the minute since {@link #minute}. */
  readonly #openings = new Map<string, number>();
  #minute = 0;
  /** Settles when the one that opens now is open, and ingest has had its turn. */
  #turn: Promise<unknown> = Promise.resolve();
  #pause: Timer | undefined;
  /** When it was last told that there is no room, on `Clock.monotonic`. */
  #toldAt = -Infinity;

  constructor(clock: Pick<Clock, "after" | "monotonic">, limits: LowLimits = LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** @returns `undefined` where all others have as many votes, or the site has opened too many */
  take({ name, client, giveWay }: LowGuest): LowPlace | undefined {
    const site = siteIn(name, client);
    const openings = this.#openingsOf(site);
    if (openings >= this.#limits.openings) return this.#refuse(name, client);
    if (this.#taken.size >= this.#limits.total) {
      const { least, share, names } = this.#votes();
      const loser = least === undefined ? undefined : this.#taken.get(least);
      const isMore = 1 / ((names.get(site) ?? 0) + 1) > share;
      if (loser === undefined || !isMore) return this.#refuse(name, client);
      this.#free(loser);
      loser.giveWay();
    }
    this.#openings.set(site, openings + 1);
    const place = { name, giveWay, heardAt: new Map([[site, this.#clock.monotonic()]]) };
    this.#taken.set(name, place);
    this.#counted = undefined;
    return {
      hear: (clients) => this.#hear(place, clients),
      release: () => this.#free(place),
    };
  }

  /** Whether whoever asks for `name` is likely to get it. */
  isOffered(name: string): boolean {
    if (this.#taken.has(name) || this.#taken.size < this.#limits.total) return true;
    return this.#votes().share < 1;
  }

  /**
   * Opens what needs much work at once, when the others before it are open. Then others have the
   * thread for several times as long.
   * @param read gets what is needed, which may take long and is no work
   * @param open does the work
   */
  async inTurn<T>(read: () => Promise<T>, open: (found: T) => void): Promise<void> {
    let workMs = 0;
    const opened = this.#turn.then(read).then((found) => {
      const from = this.#clock.monotonic();
      try {
        open(found);
      } finally {
        workMs = this.#clock.monotonic() - from;
      }
    });
    this.#turn = opened.catch(() => {}).then(() => this.#rest(workMs));
    await opened;
  }

  /** Nothing is opened any more. */
  close(): void {
    this.#pause?.cancel();
  }

  #hear({ name, heardAt }: TakenPlace, clients: readonly LowClient[]): void {
    const now = this.#clock.monotonic();
    forgetOld(heardAt, now);
    for (const client of clients) {
      const site = siteIn(name, client);
      if (heardAt.has(site) || heardAt.size < MAX_SITES) heardAt.set(site, now);
    }
  }

  #free(place: TakenPlace): void {
    if (this.#taken.get(place.name) !== place) return;
    this.#taken.delete(place.name);
    this.#counted = undefined;
  }

  /** The votes now, or a moment ago: many may ask for them. */
  #votes(): Votes {
    const now = this.#clock.monotonic();
    if (this.#counted === undefined || now - this.#counted.at >= COUNTED_MS) {
      this.#counted = countVotes(this.#taken, now);
    }
    return this.#counted;
  }

  #openingsOf(site: string): number {
    const minute = Math.floor(this.#clock.monotonic() / MINUTE_MS);
    if (minute !== this.#minute) this.#openings.clear();
    this.#minute = minute;
    return this.#openings.get(site) ?? 0;
  }

  #refuse(name: string, client: LowClient): undefined {
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < MINUTE_MS) return;
    this.#toldAt = now;
    logger.warn(
      "{name} cannot be heard in low latency now by {client}, but by its ordinary playlist: " +
        "{total} broadcasts can at a time, and one address may open {openings} of them in a minute",
      { name, client: client ?? "who asks", ...this.#limits },
    );
  }

  #rest(workMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pause = this.#clock.after(workMs * REST, resolve);
    return promise;
  }
}

interface TakenPlace extends Pick<LowGuest, "name" | "giveWay"> {
  /** When sites have heard or asked for it last, on `Clock.monotonic`. */
  readonly heardAt: Map<string, number>;
}

interface Votes {
  /** The broadcast with the fewest, and of those the oldest … */
  readonly least: string | undefined;
  /** … and its votes. */
  readonly share: number;
  /** How many broadcasts a site hears. */
  readonly names: ReadonlyMap<string, number>;
  /** When they were counted, on `Clock.monotonic`. */
  readonly at: number;
}

function countVotes(taken: ReadonlyMap<string, TakenPlace>, at: number): Votes {
  const names = new Map<string, number>();
  for (const { heardAt } of taken.values()) {
    forgetOld(heardAt, at);
    for (const site of heardAt.keys()) names.set(site, (names.get(site) ?? 0) + 1);
  }
  let [least, share]: [string | undefined, number] = [undefined, Infinity];
  for (const [name, { heardAt }] of taken) {
    const votes = [...heardAt.keys()].reduce((sum, site) => sum + 1 / (names.get(site) ?? 1), 0);
    if (votes < share) [least, share] = [name, votes];
  }
  return { least, share, names, at };
}

function forgetOld(heardAt: Map<string, number>, now: number): void {
  for (const [site, at] of heardAt) if (now - at >= LATELY_MS) heardAt.delete(site);
}

/** What stands for many at one broadcast is another one at each. */
function siteIn(name: string, client: LowClient): string {
  return client === undefined ? `~${name}` : siteOf(client);
}

/**
 * At 128 kb/s and with segments of a second, each takes 1.4 MB of memory, and all together one
 * twentieth of a processor. One address may have many listeners behind it.
 */
const LIMITS: LowLimits = { total: 100, openings: 30 };
/** Who has heard a broadcast no longer ago has a vote for it. */
const LATELY_MS = 10_000;
const COUNTED_MS = 1000;
const MINUTE_MS = 60_000;
/** Sites that have a vote for a broadcast, at most. */
const MAX_SITES = 16;
/** Others have the thread so many times as long as openings have. */
const REST = 5;
