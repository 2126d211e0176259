/**
 * How many broadcasts are there in low latency at a time, and in which order they come to be. One of
 * which nobody hears anything gives way to others.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../session/clock.ts";
import { type Place, Shares } from "../../session/shares.ts";

const logger = getLogger(["echo", "hls"]);

/** Who wants a broadcast in low latency. */
export interface LowGuest {
  /** The broadcast. */
  readonly name: string;
  /** The address of who asks for it; `undefined` where it stands for many. */
  readonly client: string | undefined;
  /** Called where the place is another one's. */
  readonly giveWay: () => void;
}

/** How many broadcasts may be there in low latency. */
export interface LowLimits {
  readonly total: number;
  /** Those that one address may have asked for first. */
  readonly perAddress: number;
}

/** The places of all broadcasts of this process. */
export class LowPlaces {
  readonly #clock: Pick<Clock, "after" | "monotonic">;
  readonly #limits: LowLimits;
  readonly #shares: Shares;
  /** Broadcasts that have a place … */
  readonly #names = new Set<string>();
  /** … and that are heard. */
  readonly #heard = new Set<string>();
  /** Settles when the one that opens now is open, and ingest has had its turn. */
  #turn: Promise<unknown> = Promise.resolve();
  #pause: Timer | undefined;
  /** When it was last told that there is no room, on `Clock.monotonic`. */
  #toldAt = -Infinity;

  constructor(clock: Pick<Clock, "after" | "monotonic">, limits: LowLimits = LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
    this.#shares = new Shares(limits);
  }

  /** @returns `undefined` where all places are heard, or the address has all that it may have */
  take({ name, client = name, giveWay }: LowGuest): Place | undefined {
    const place = this.#shares.take({
      address: client,
      giveWay: () => {
        this.#names.delete(name);
        giveWay();
      },
    });
    if (place === undefined) return this.#refuse(name);
    this.#names.add(name);
    return {
      keep: () => {
        place.keep();
        this.#heard.add(name);
      },
      release: () => {
        place.release();
        this.#names.delete(name);
        this.#heard.delete(name);
      },
    };
  }

  /** Whether whoever asks for `name` is likely to get it. */
  isOffered(name: string): boolean {
    return this.#names.has(name) || this.#heard.size < this.#limits.total;
  }

  /** Opens what needs much work at once, when the others before it are open. */
  async inTurn(open: () => Promise<void>): Promise<void> {
    const opened = this.#turn.then(open);
    this.#turn = opened.then(() => this.#giveTurn(), () => this.#giveTurn());
    await opened;
  }

  /** Nothing is opened any more. */
  close(): void {
    this.#pause?.cancel();
  }

  #refuse(name: string): undefined {
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < TOLD_EVERY_MS) return;
    this.#toldAt = now;
    const { total, perAddress } = this.#limits;
    logger.warn(
      "{name} cannot be heard in low latency now, but by its ordinary playlist: {total} broadcasts " +
        "can at a time, {perAddress} of them at the request of one address",
      { name, total, perAddress },
    );
  }

  #giveTurn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pause = this.#clock.after(0, resolve);
    return promise;
  }
}

/**
 * At 128 kb/s and with segments of a second, each takes 1.4 MB of memory, and all together one
 * twentieth of a processor. One address may have many listeners behind it.
 */
const LIMITS: LowLimits = { total: 100, perAddress: 25 };
const TOLD_EVERY_MS = 60_000;
