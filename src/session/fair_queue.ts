/**
 * A queue in which addresses take turns.
 *
 * @module
 */
import { networkOf } from "./network.ts";

/** What waits for its turn: in order for each address, and the addresses by turns. */
export class FairQueue<T> {
  /** By network; the one whose turn it is comes first. */
  readonly #waiting = new Map<string, T[]>();

  /** @param address of who waits; all of an IPv6 network (/64) count as one */
  push(address: string, item: T): void {
    const network = networkOf(address);
    const items = this.#waiting.get(network);
    if (items === undefined) this.#waiting.set(network, [item]);
    else items.push(item);
  }

  /** Takes the one whose turn it is. @returns `undefined` where nothing waits */
  shift(): T | undefined {
    for (const [network, items] of this.#waiting) {
      const item = items.shift();
      this.#waiting.delete(network);
      if (items.length > 0) this.#waiting.set(network, items);
      return item;
    }
    return undefined;
  }

  /** Takes one out that waits. */
  remove(address: string, item: T): void {
    const network = networkOf(address);
    const items = this.#waiting.get(network)?.filter((other) => other !== item) ?? [];
    // Setting it again keeps its turn.
    if (items.length > 0) this.#waiting.set(network, items);
    else this.#waiting.delete(network);
  }
}
