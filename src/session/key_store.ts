/** The keys that the control API gives out, by which broadcasts are published, and where they count. */
import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { Terms } from "./ingest.ts";

/** Of each scope. */
const KEYS_PER_NAME = 4;
/** Beyond this, the names without a session go that have been without a new key for longest. */
const MAX_NAMES = 100_000;
/** Of sessions that ended unheard, in all: whoever may make one may make many. */
const MAX_UNUSED = 10_000;
const KEY_BYTES = 16;

/** A token whose holder may publish one name until it expires. */
export interface Key {
  readonly token: string;
  /** On {@link Clock.monotonic}; `Infinity` where keys do not expire. */
  readonly expiresAt: number;
  /** When a session that it opens ends, on the same clock. */
  readonly sessionEndsAt: number;
}

/** What a token was found to be. */
export type KeyCheck =
  | { readonly kind: "valid"; readonly key: ValidKey }
  | { readonly kind: "expired" }
  | { readonly kind: "unknown" };

/** What a token is good for. */
export interface ValidKey extends Pick<Key, "expiresAt" | "sessionEndsAt"> {
  /** The DJ to whom it was given, where DJs are known. */
  readonly dj: string | undefined;
  /** Whether it counts in `session`, which is one of its name. */
  countsIn(session: Pick<KeyedSession, "id">): boolean;
}

/** What a key may count in. */
export interface KeyedSession {
  readonly name: string;
  readonly id: number;
}

/** The keys that a server gives out; see {@link KeyStore}. */
export type Keys = Pick<KeyStore, keyof KeyStore>;

/**
 * Against whom a key counts: whoever publishes its name, as it was given for checked credentials; or
 * who publishes in one session, by its id; or nobody, so that it is good for a new session only. Then
 * its session is over, and was heard (`used`) or not (`unused`).
 */
type Scope = "name" | number | "used" | "unused";

/** A key that was handed out. */
class HeldKey implements ValidKey {
  constructor(
    readonly name: string,
    readonly hash: string,
    readonly expiresAt: number,
    readonly sessionEndsAt: number,
    readonly dj: string | undefined,
    public scope: Scope,
  ) {}

  countsIn({ id }: Pick<KeyedSession, "id">): boolean {
    return this.scope === "name" || this.scope === id;
  }
}

/**
 * The keys that were handed out and still count: at most four a name for checked credentials, four a
 * session for others, four of sessions that were heard and are over, and four of those that ended
 * unheard; the oldest goes.
 */
export class KeyStore {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  /** By the hash of the token: how long it takes to find one tells nothing about others. */
  readonly #byHash = new Map<string, HeldKey>();
  /** The name that has been without a new key for longest first. */
  readonly #byName = new Map<string, readonly HeldKey[]>();
  /** All of that scope, the oldest first. */
  readonly #unused = new Set<HeldKey>();

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
   * @param dj to whom it is given, where DJs are known
   * @param terms how long it counts at most, and what it opens
   */
  create(name: string, sessionId?: number, dj?: string, terms?: Terms): Key {
    const token = randomBytes(KEY_BYTES).toString("hex");
    const expiresAt = Math.min(terms?.keyExpiresAt ?? Infinity, this.nextExpiry);
    const sessionEndsAt = terms?.sessionEndsAt ?? expiresAt;
    const hash = hashOf(token);
    const scope: Scope = sessionId ?? "name";
    const key = new HeldKey(name, hash, expiresAt, sessionEndsAt, dj, scope);
    const keys = [...this.#keysOf(name), key];
    this.#byName.delete(name);
    this.#byName.set(name, keys);
    this.#byHash.set(key.hash, key);
    this.#forgetOldest(name, key.scope);
    return { token, expiresAt, sessionEndsAt };
  }

  /** Looks for `token` among the keys of `name`. */
  check(name: string, token: string): KeyCheck {
    const key = this.#find(name, token);
    if (key === undefined) return { kind: "unknown" };
    return key.expiresAt > this.#clock.monotonic() ? { kind: "valid", key } : { kind: "expired" };
  }

  /** Whether `token` is a valid key that counts in `session`. */
  proves(session: KeyedSession, token: string): boolean {
    const check = this.check(session.name, token);
    return check.kind === "valid" && check.key.countsIn(session);
  }

  /** A session is opened with a key, which counts in it from now on, if it counts in no other. */
  opened({ name, id }: KeyedSession, token: string): void {
    const key = this.#find(name, token);
    if (key === undefined || key.scope !== "used" && key.scope !== "unused") return;
    key.scope = id;
    this.#unused.delete(key);
  }

  /**
   * A session is over: the keys that counted in it are good for new ones. Those of sessions that ended
   * unheard, which anybody may make, push out none of those that were heard.
   */
  release({ name, id }: KeyedSession, wasHeard: boolean): void {
    const scope = wasHeard ? "used" : "unused";
    for (const key of this.#keysOf(name)) {
      if (key.scope !== id) continue;
      key.scope = scope;
      if (!wasHeard) this.#unused.add(key);
    }
    this.#forgetOldest(name, scope);
    for (const key of this.#unused) {
      if (this.#unused.size <= MAX_UNUSED) return;
      this.#forget(key);
    }
  }

  /** Forgets the keys that were given to some DJs. */
  revoke(djs: ReadonlySet<string>): void {
    for (const key of this.#byHash.values()) {
      if (key.dj !== undefined && djs.has(key.dj)) this.#forget(key);
    }
  }

  /** Whether `name` has keys, expired ones too. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Whether `name` has keys and all of them have expired. */
  expired(name: string): boolean {
    const now = this.#clock.monotonic();
    return this.has(name) && this.#keysOf(name).every((key) => key.expiresAt <= now);
  }

  /**
   * Forgets the keys that have been expired for as long as they lived: until then a late holder is told
   * that the key has expired, not that it never was. Where there are too many names, it forgets some of
   * those without a session.
   * @param isLive whether a name has a session
   */
  sweep(isLive: (name: string) => boolean): void {
    const now = this.#clock.monotonic();
    for (const key of this.#byHash.values()) {
      if (key.expiresAt + this.#lifeMs <= now) this.#forget(key);
    }
    let over = this.#byName.size - MAX_NAMES;
    for (const [name, keys] of this.#byName) {
      if (over <= 0) return;
      if (isLive(name)) continue;
      for (const key of keys) this.#forget(key);
      over--;
    }
  }

  /** Names that have keys. */
  get size(): number {
    return this.#byName.size;
  }

  #find(name: string, token: string): HeldKey | undefined {
    if (token.length !== 2 * KEY_BYTES) return undefined;
    const key = this.#byHash.get(hashOf(token));
    return key?.name === name ? key : undefined;
  }

  #keysOf(name: string): readonly HeldKey[] {
    return this.#byName.get(name) ?? [];
  }

  /** Leaves as many keys of `scope` as there may be. */
  #forgetOldest(name: string, scope: Scope): void {
    const keys = this.#keysOf(name).filter((key) => key.scope === scope);
    for (const key of keys.slice(0, -KEYS_PER_NAME)) this.#forget(key);
  }

  #forget(key: HeldKey): void {
    this.#byHash.delete(key.hash);
    this.#unused.delete(key);
    const others = this.#keysOf(key.name).filter((other) => other !== key);
    if (others.length === 0) this.#byName.delete(key.name);
    else this.#byName.set(key.name, others);
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
