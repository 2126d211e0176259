/** Counts wrong credentials, and slows down who guesses. */
import type { Clock } from "../session/clock.ts";
import { networkOf } from "../session/network.ts";

const MAX_PER_ADDRESS = 10;
const WINDOW_MS = 60_000;
/** How long an answer is held back from who has failed too often. */
const SLOW_MS = 1000;
/** Beyond it, who failed the longest time ago is forgotten. */
const MAX_ADDRESSES = 1000;

interface Failures {
  readonly since: number;
  readonly count: number;
}

/**
 * Wrong credentials by address: after 10 in a minute, each further one is answered late. What is
 * right is to be let in at once, from whatever address: so nobody is locked out by others. An IPv6
 * network (/64) is one address.
 */
export class Attempts {
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Pick<Clock, "monotonic" | "after">) {
    this.#clock = clock;
  }

  /** Whether too much that came from there lately was wrong. */
  exhausted(address: string): boolean {
    return (this.#recent(networkOf(address))?.count ?? 0) > MAX_PER_ADDRESS;
  }

  /** What came from there was wrong. */
  failed(address: string): void {
    const from = networkOf(address);
    const { since, count } = this.#recent(from) ?? { since: this.#clock.monotonic(), count: 0 };
    this.#failures.delete(from);
    this.#failures.set(from, { since, count: count + 1 });
    if (this.#failures.size <= MAX_ADDRESSES) return;
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest);
      return;
    }
  }

  /** Resolves when an answer to what was not right may go there. */
  async slowDown(address: string): Promise<void> {
    if (!this.exhausted(address)) return;
    await new Promise<void>((resolve) => this.#clock.after(SLOW_MS, resolve));
  }

  #recent(from: string): Failures | undefined {
    const failures = this.#failures.get(from);
    if (failures === undefined) return undefined;
    return this.#clock.monotonic() - failures.since < WINDOW_MS ? failures : undefined;
  }
}
