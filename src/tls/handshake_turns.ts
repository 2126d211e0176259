/**
 * Spreads TLS handshakes over time: each costs its thread a signature, whoever asks for it.
 *
 * @module
 */
import type { Clock, Timer } from "../session/clock.ts";
import { networkOf } from "../session/network.ts";

export interface HandshakeTurnsOptions {
  readonly clock: Pick<Clock, "monotonic" | "at">;
  /** So many begin in a second at most, once {@link FREE_TURNS} have begun. */
  readonly perSecond: number;
}

/** So many begin at once after a while without any. */
export const FREE_TURNS = 20;

/** Who waits for a turn. */
interface Waiting {
  readonly network: string;
  readonly begin: () => void;
}

/**
 * Lets a few handshakes begin at a time. Where more want to, addresses take turns, and each of them
 * has its own in order: however many one address asks for, another one has its turn next.
 */
export class HandshakeTurns {
  readonly #clock: HandshakeTurnsOptions["clock"];
  readonly #intervalMs: number;
  /** By network, and that in the order of turns. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  /** Turns that may be had now, with fractions of one, at {@link #countedAt}. */
  #free = FREE_TURNS;
  #countedAt: number;
  #timer: Timer | undefined;

  constructor({ clock, perSecond }: HandshakeTurnsOptions) {
    this.#clock = clock;
    this.#intervalMs = 1000 / perSecond;
    this.#countedAt = clock.monotonic();
  }

  /**
   * Waits for a turn.
   * @param address whose; all of an IPv6 network (/64) count as one
   * @param begin called when it has come, which may be at once
   * @returns lets the turn go to others, where it has not come
   */
  await(address: string, begin: () => void): () => void {
    const waiting: Waiting = { network: networkOf(address), begin };
    const ofNetwork = this.#waiting.get(waiting.network) ?? new Set();
    this.#waiting.set(waiting.network, ofNetwork.add(waiting));
    this.#giveTurns();
    return () => this.#forget(waiting);
  }

  #giveTurns(): void {
    const now = this.#clock.monotonic();
    this.#free = Math.min(FREE_TURNS, this.#free + (now - this.#countedAt) / this.#intervalMs);
    this.#countedAt = now;
    for (let next = this.#next(); next !== undefined && this.#free >= 1; next = this.#next()) {
      this.#free--;
      this.#pass(next);
      next.begin();
    }
    if (this.#waiting.size === 0) return;
    this.#timer ??= this.#clock.at(now + this.#intervalMs, () => {
      this.#timer = undefined;
      this.#giveTurns();
    });
  }

  #next(): Waiting | undefined {
    const [first] = this.#waiting.values();
    const [next] = first ?? [];
    return next;
  }

  /** It has its turn, and its network's next one comes after those of all others. */
  #pass(waiting: Waiting): void {
    const others = this.#waiting.get(waiting.network);
    this.#forget(waiting);
    if (others === undefined || others.size === 0) return;
    this.#waiting.delete(waiting.network);
    this.#waiting.set(waiting.network, others);
  }

  #forget(waiting: Waiting): void {
    const ofNetwork = this.#waiting.get(waiting.network);
    ofNetwork?.delete(waiting);
    if (ofNetwork?.size === 0) this.#waiting.delete(waiting.network);
    if (this.#waiting.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
