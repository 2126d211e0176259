/** Remembers which cookies operators gave back by signing out. */
import { LIFETIME_MS } from "./sign_in_cookie.ts";

/** Cookies that are remembered one by one. */
const MAX_REMEMBERED = 1000;

/**
 * The cookies that were given back before their end, by when they end: two that end in the same
 * millisecond are one. Where there are too many, all that were ever given out count as given back.
 */
export class SignedOut {
  readonly #expiries = new Set<number>();
  /** Cookies that end by then count for nothing. */
  #allUntil = -Infinity;

  /** @param now milliseconds since the epoch, as `expiry` */
  add(expiry: number, now: number): void {
    for (const other of this.#expiries) if (other <= now) this.#expiries.delete(other);
    if (this.#expiries.size === MAX_REMEMBERED) {
      this.#expiries.clear();
      this.#allUntil = now + LIFETIME_MS;
    }
    this.#expiries.add(expiry);
  }

  has(expiry: number): boolean {
    return expiry <= this.#allUntil || this.#expiries.has(expiry);
  }
}
