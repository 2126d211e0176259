/** Counts wrong tokens, so that nobody finds the right one by trying. */
import { isIPv6 } from "node:net";

const MAX_PER_ADDRESS = 10;
const WINDOW_MS = 60_000;
/** Beyond it, who failed the longest time ago is forgotten. */
const MAX_ADDRESSES = 1000;

interface Failures {
  readonly since: number;
  readonly count: number;
}

/** Wrong tokens by address: 10 a minute are looked at. An IPv6 network (/64) is one address. */
export class Attempts {
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  /** @param now milliseconds of a clock that never jumps */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether nothing more from there is looked at, for now. */
  exhausted(address: string): boolean {
    return (this.#recent(network(address))?.count ?? 0) >= MAX_PER_ADDRESS;
  }

  /** What came from there was wrong. */
  failed(address: string): void {
    const from = network(address);
    const { since, count } = this.#recent(from) ?? { since: this.#now(), count: 0 };
    this.#failures.delete(from);
    this.#failures.set(from, { since, count: count + 1 });
    if (this.#failures.size <= MAX_ADDRESSES) return;
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest);
      return;
    }
  }

  #recent(from: string): Failures | undefined {
    const failures = this.#failures.get(from);
    if (failures === undefined) return undefined;
    return this.#now() - failures.since < WINDOW_MS ? failures : undefined;
  }
}

function network(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  // A client may be named by a proxy, with a zone or what looks like one.
  const [head = "", tail] = address.replace(/%.*$/s, "").split("::");
  const groups = head.split(":");
  // What :: stands for are zeros.
  const missing = 8 - groups.length - (tail?.split(":").length ?? 0);
  if (tail !== undefined) groups.push(...Array<string>(missing).fill("0"), ...tail.split(":"));
  return groups.slice(0, 4).map((group) => parseInt(group || "0", 16)).join(":");
}
