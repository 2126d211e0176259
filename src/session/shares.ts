/**
 * A bounded table in which every address has a share, so that nobody keeps all others out.
 *
 * @module
 */
import { networkOf } from "./network.ts";

export interface SharesOptions {
  /** Places in all. */
  readonly total: number;
  /** Places that one address may have. Default: as many as there are. */
  readonly perAddress?: number;
}

/** What comes to take a place. */
export interface Guest {
  /** Its address; all of an IPv6 network (/64) count as one. */
  readonly address: string;
  /** Which of the clients behind that address it is, as far as that is known. */
  readonly client?: string;
  /** Whether it keeps its place from the beginning; see {@link Place.keep}. */
  readonly keeps?: boolean;
  /** Called where it gives way: it has lost its place. */
  readonly giveWay: () => void;
}

/** A place that was taken. */
export interface Place {
  /** Who has it has shown who it is: it does not give way from now on. */
  keep(): void;
  /** Gives the place back. Does nothing where it is lost already. */
  release(): void;
}

/**
 * The places of a bounded table. Where all are taken, whoever comes gets that of another one: the
 * address with the most places that are not kept loses its oldest. So an honest client has to wait
 * for nobody, however many places an attacker takes. An address with all places that it may have
 * gives up one of its own.
 */
export class Shares {
  /** Places in all; may be changed at any time. */
  total: number;
  readonly #perAddress: number;
  /** Those that may have to give way, by network, the oldest first. */
  readonly #guests = new Map<string, Set<Guest>>();
  /** All places that a network has. */
  readonly #counts = new Map<string, number>();
  #taken = 0;

  constructor({ total, perAddress = Infinity }: SharesOptions) {
    this.total = total;
    this.#perAddress = perAddress;
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** @returns `undefined` where there is no place, and nobody has to give way */
  take(guest: Guest): Place | undefined {
    const network = networkOf(guest.address);
    while ((this.#counts.get(network) ?? 0) >= this.#perAddress) {
      if (!this.#sendAway(network)) return undefined;
    }
    while (this.#taken >= this.total) {
      const greediest = this.#greediest(network);
      if (greediest === undefined || !this.#sendAway(greediest)) return undefined;
    }
    return this.#seat(network, guest);
  }

  #seat(network: string, guest: Guest): Place {
    this.#taken++;
    this.#counts.set(network, (this.#counts.get(network) ?? 0) + 1);
    const places = this.#guests.get(network) ?? new Set();
    if (guest.keeps !== true) this.#guests.set(network, places.add(guest));
    let isKept = guest.keeps === true;
    let isGone = false;
    return {
      keep: () => {
        isKept ||= this.#forget(network, guest);
      },
      release: () => {
        if (isGone || !isKept && !this.#forget(network, guest)) return;
        isGone = true;
        this.#free(network);
      },
    };
  }

  /** The network with the most places that are not kept, once a newcomer from `from` has one. */
  #greediest(from: string): string | undefined {
    const own = this.#guests.get(from)?.size ?? 0;
    let greediest = own > 0 ? from : undefined;
    let most = own > 0 ? own + 1 : 0;
    for (const [network, { size }] of this.#guests) {
      if (size <= most) continue;
      greediest = network;
      most = size;
    }
    return greediest;
  }

  /** Has the oldest of a network's greediest client give way. @returns whether there was one */
  #sendAway(network: string): boolean {
    const guest = oldestOfGreediest(this.#guests.get(network) ?? new Set());
    if (guest === undefined) return false;
    this.#forget(network, guest);
    this.#free(network);
    guest.giveWay();
    return true;
  }

  /** Takes a guest from those that may have to give way. @returns whether it was one of them */
  #forget(network: string, guest: Guest): boolean {
    const places = this.#guests.get(network);
    const isThere = places?.delete(guest) ?? false;
    if (places?.size === 0) this.#guests.delete(network);
    return isThere;
  }

  #free(network: string): void {
    this.#taken--;
    const left = (this.#counts.get(network) ?? 0) - 1;
    if (left > 0) this.#counts.set(network, left);
    else this.#counts.delete(network);
  }
}

/** The oldest of the client that has the most of `guests`, which are in order. */
function oldestOfGreediest(guests: ReadonlySet<Guest>): Guest | undefined {
  const [oldest] = guests;
  // Where clients are not told apart there may be thousands, and it has to be quick.
  if (oldest?.client === undefined) return oldest;
  const byClient = Map.groupBy(guests, ({ client }) => client);
  const [most] = [...byClient.values()].sort((a, b) => b.length - a.length);
  return most?.[0];
}
