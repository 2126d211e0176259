/** The keys that the control API gives out, by which broadcasts are published. */
import { Buffer } from "node:buffer";
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "./clock.ts";

const KEYS_PER_NAME = 4;
/** The name that has been without a new key for longest goes. */
const MAX_NAMES = 100_000;
const KEY_BYTES = 16;

/** A token whose holder may publish one name until it expires. */
export interface Key {
  readonly token: string;
  /** On {@link Clock.monotonic}; `Infinity` where keys do not expire. */
  readonly expiresAt: number;
}

/** What a token was found to be. */
export type KeyCheck =
  | { readonly kind: "valid"; readonly key: Key }
  | { readonly kind: "expired" }
  | { readonly kind: "unknown" };

/** The keys that were handed out and still count: at most four a name, the oldest goes. */
export class KeyStore {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #byName = new Map<string, Key[]>();

  /** @param lifeMs how long a key lives; 0 for ever */
  constructor(clock: Clock, lifeMs: number) {
    this.#clock = clock;
    this.#lifeMs = lifeMs;
  }

  /** When a key made now expires, on {@link Clock.monotonic}. */
  get nextExpiry(): number {
    return this.#lifeMs === 0 ? Infinity : this.#clock.monotonic() + this.#lifeMs;
  }

  /** Makes a random key of 128 bits for `name`. */
  create(name: string): Key {
    const key: Key = {
      token: randomBytes(KEY_BYTES).toString("hex"),
      expiresAt: this.nextExpiry,
    };
    const keys = [...(this.#byName.get(name) ?? []), key].slice(-KEYS_PER_NAME);
    this.#byName.delete(name);
    this.#byName.set(name, keys);
    const [oldest] = this.#byName.keys();
    if (this.#byName.size > MAX_NAMES && oldest !== undefined) this.#byName.delete(oldest);
    return key;
  }

  /** Compares `token` with the keys of `name`, in time that does not depend on how it differs. */
  check(name: string, token: string): KeyCheck {
    const given = Buffer.from(token);
    const key = this.#byName.get(name)?.find((key) => {
      const known = Buffer.from(key.token);
      return known.length === given.length && timingSafeEqual(known, given);
    });
    if (key === undefined) return { kind: "unknown" };
    return key.expiresAt > this.#clock.monotonic() ? { kind: "valid", key } : { kind: "expired" };
  }

  /** Whether `name` has keys, expired ones too. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Whether `name` has keys and all of them have expired. */
  expired(name: string): boolean {
    const keys = this.#byName.get(name);
    return keys !== undefined && keys.every((key) => key.expiresAt <= this.#clock.monotonic());
  }

  /**
   * Forgets the names whose keys have all been expired for as long as they lived. Until then a
   * late holder is told that the key has expired, not that it never was.
   */
  sweep(): void {
    const now = this.#clock.monotonic();
    for (const [name, keys] of this.#byName) {
      if (keys.every((key) => key.expiresAt + this.#lifeMs <= now)) this.#byName.delete(name);
    }
  }

  /** Names that have keys. */
  get size(): number {
    return this.#byName.size;
  }
}
