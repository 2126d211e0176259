/**
 * Which requests of other boxes have come, so that none is taken twice.
 *
 * @module
 */

/** Remembers the numbers of requests, by who has sent them. */
export class SeenRequests {
  /** The newest last. */
  readonly #senders = new Map<string, SeenNumbers>();

  /**
   * Takes note of a request.
   * @param sender a box in one run; each has numbers of its own, which go up
   * @returns whether it has not come before; false also where that is not known any more
   */
  take(sender: string, number: number): boolean {
    const seen = this.#senders.get(sender) ?? new SeenNumbers();
    this.#senders.delete(sender);
    this.#senders.set(sender, seen);
    const [oldest] = this.#senders.keys();
    if (this.#senders.size > MAX_SENDERS && oldest !== undefined) this.#senders.delete(oldest);
    return seen.take(number);
  }
}

/** As RFC 4303 3.4.3 does: what is far behind the highest number is refused. */
class SeenNumbers {
  #highest = 0;
  /** About in the order of the numbers. */
  readonly #seen = new Set<number>();

  take(number: number): boolean {
    if (number <= this.#highest - WINDOW || this.#seen.has(number)) return false;
    this.#seen.add(number);
    this.#highest = Math.max(this.#highest, number);
    for (const earlier of this.#seen) {
      if (earlier > this.#highest - WINDOW) break;
      this.#seen.delete(earlier);
    }
    return true;
  }
}

/** So many requests may overtake one on its way. */
const WINDOW = 4096;
/** Boxes, each in one of its runs. Nobody who has no key makes one. */
const MAX_SENDERS = 1024;
