/**
 * A queue in which addresses take turns, and at each address its clients.
 *
 * @module
 */
import { networkOf } from "./network.ts";

/** Who waits. */
export interface Waiter {
  /** All addresses of an IPv6 network (/64) count as one. */
  readonly address: string;
  /** Which of the clients behind that address it is, as far as that is known. */
  readonly client: string;
}

/** What waits for its turn: in order for each client, and clients and addresses by turns. */
export class FairQueue<T> {
  /** By network and client; whose turn it is comes first. */
  readonly #waiting = new Map<string, Map<string, T[]>>();

  push({ address, client }: Waiter, item: T): void {
    const network = networkOf(address);
    const clients = this.#waiting.get(network) ?? new Map<string, T[]>();
    // Setting what is there already keeps its turn.
    this.#waiting.set(network, clients.set(client, [...clients.get(client) ?? [], item]));
  }

  /** Takes the one whose turn it is. @returns `undefined` where nothing waits */
  shift(): T | undefined {
    for (const [network, clients] of this.#waiting) {
      for (const [client, [item, ...others]] of clients) {
        clients.delete(client);
        if (others.length > 0) clients.set(client, others);
        this.#waiting.delete(network);
        if (clients.size > 0) this.#waiting.set(network, clients);
        return item;
      }
    }
    return undefined;
  }

  /** Takes one out that waits. */
  remove({ address, client }: Waiter, item: T): void {
    const network = networkOf(address);
    const clients = this.#waiting.get(network);
    const others = clients?.get(client)?.filter((other) => other !== item) ?? [];
    if (others.length > 0) clients?.set(client, others);
    else clients?.delete(client);
    if (clients?.size === 0) this.#waiting.delete(network);
  }
}
