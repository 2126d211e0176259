/** The keys that the control API gives out, by which broadcasts are published, and where they count. */
import { Buffer } from "node:buffer";
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "./clock.ts";

/** Of each scope. */
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

/** What a key may count in. */
export interface KeyedSession {
  readonly name: string;
  readonly id: number;
}

/**
 * Against whom a key counts: whoever publishes its name, as it was given for checked credentials; or
 * who publishes in one session, by its id; or nobody (`opening`): it is good for a new session only.
 */
type Scope = "name" | "opening" | number;

/** A key that was handed out. */
interface Held extends Key {
  scope: Scope;
}

/**
 * The keys that were handed out and still count: at most four a name for checked credentials, four a
 * session for others, and four of sessions that are over; the oldest goes.
 */
export class KeyStore {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #byName = new Map<string, readonly Held[]>();

  /** @param lifeMs how long a key lives; 0 for ever */
  constructor(clock: Clock, lifeMs: number) {
    this.#clock = clock;
    this.#lifeMs = lifeMs;
  }

  /** When a key made now expires, on {@link Clock.monotonic}. */
  get nextExpiry(): number {
    return this.#lifeMs === 0 ? Infinity : this.#clock.monotonic() + this.#lifeMs;
  }

  /**
   * Makes a random key of 128 bits for `name`.
   * @param sessionId the session that it counts in; without one, in all sessions of the name
   */
  create(name: string, sessionId?: number): Key {
    const key: Held = {
      token: randomBytes(KEY_BYTES).toString("hex"),
      expiresAt: this.nextExpiry,
      scope: sessionId ?? "name",
    };
    const keys = [...(this.#byName.get(name) ?? []), key];
    this.#byName.delete(name);
    this.#byName.set(name, withoutOldest(keys, key.scope));
    const [oldest] = this.#byName.keys();
    if (this.#byName.size > MAX_NAMES && oldest !== undefined) this.#byName.delete(oldest);
    return key;
  }

  /** Compares `token` with the keys of `name`, in time that does not depend on how it differs. */
  check(name: string, token: string): KeyCheck {
    const key = this.#find(name, token);
    if (key === undefined) return { kind: "unknown" };
    return key.expiresAt > this.#clock.monotonic() ? { kind: "valid", key } : { kind: "expired" };
  }

  /** Whether `token` is a valid key that counts in `session`. */
  proves({ name, id }: KeyedSession, token: string): boolean {
    if (this.check(name, token).kind !== "valid") return false;
    const scope = this.#find(name, token)?.scope;
    return scope === "name" || scope === id;
  }

  /** A session is opened with a key, which counts in it from now on, if it counts in no other. */
  opened({ name, id }: KeyedSession, token: string): void {
    const key = this.#find(name, token);
    if (key?.scope === "opening") key.scope = id;
  }

  /** A session is over: the keys that counted in it are good for new ones. */
  release({ name, id }: KeyedSession): void {
    const keys = this.#byName.get(name);
    if (keys === undefined) return;
    for (const key of keys) {
      if (key.scope === id) key.scope = "opening";
    }
    this.#byName.set(name, withoutOldest(keys, "opening"));
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

  #find(name: string, token: string): Held | undefined {
    const given = Buffer.from(token);
    return this.#byName.get(name)?.find((key) => {
      const known = Buffer.from(key.token);
      return known.length === given.length && timingSafeEqual(known, given);
    });
  }
}

/** `keys` with as many of `scope` as there may be. */
function withoutOldest(keys: readonly Held[], scope: Scope): Held[] {
  const kept = keys.filter((key) => key.scope === scope).slice(-KEYS_PER_NAME);
  return keys.filter((key) => key.scope !== scope || kept.includes(key));
}
