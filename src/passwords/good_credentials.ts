/** Remembers credentials that were found good. */
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../session/clock.ts";

/** For how long they are not checked again … */
const GOOD_MS = 5 * 60_000;
/** … and for how long they are checked before others. */
const KNOWN_MS = 24 * 3_600_000;
const MAX_REMEMBERED = 1000;

/** Credentials that were found good lately. Only digests with a key of this process are kept. */
export class GoodCredentials {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #key = randomBytes(32);
  /** When each was found good, the oldest first. */
  readonly #foundAt = new Map<string, number>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Whether they need no other check. */
  has(credentials: string): boolean {
    return this.#ageMs(credentials) < GOOD_MS;
  }

  /** Whether they were good within a day; they may not be any more. */
  knows(credentials: string): boolean {
    return this.#ageMs(credentials) < KNOWN_MS;
  }

  add(credentials: string): void {
    const digest = this.#digest(credentials);
    this.#foundAt.delete(digest);
    this.#foundAt.set(digest, this.#clock.monotonic());
    for (const oldest of this.#foundAt.keys()) {
      if (this.#foundAt.size <= MAX_REMEMBERED) break;
      this.#foundAt.delete(oldest);
    }
  }

  #ageMs(credentials: string): number {
    const foundAt = this.#foundAt.get(this.#digest(credentials));
    return foundAt === undefined ? Infinity : this.#clock.monotonic() - foundAt;
  }

  #digest(credentials: string): string {
    return createHmac("sha256", this.#key).update(credentials).digest("base64");
  }
}
