/**
 * Keys by which broadcasts are published at any box of a fleet: each says itself what it is good for.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Clock, wallTimeOf } from "../../session/clock.ts";
import type { Terms } from "../../session/ingest.ts";
import type { Key, KeyCheck, KeyedSession, Keys, ValidKey } from "../../session/key_store.ts";

export interface SignedKeysOptions {
  readonly clock: Clock;
  /** How long a key lives, in milliseconds; 0 for ever. */
  readonly lifeMs: number;
  /** Signs them; the same on all boxes. */
  readonly signingKey: Uint8Array;
  /**
   * What a DJ's right to publish comes from; a key that was given to him counts while it is that.
   * `undefined` where there is no such DJ.
   */
  readonly rightOf: (dj: string) => string | undefined;
}

/**
 * Keys of which nothing has to be kept, but for how long some of them count. What a key says:
 * `k.EXPIRES.ENDS.SCOPE.NONCE.DJ.SIGNATURE`. Times are seconds since the epoch in base 36, 0 for
 * never; the scope is a session's id in base 36, or `-` where it is good for whatever has its name.
 */
export class SignedKeys implements Keys {
  readonly #options: SignedKeysOptions;
  /** By nonce, the last session that a key has opened when its own was over. The oldest first. */
  readonly #opened = new Map<string, number>();
  /** By name, until when keys of it count that were given or shown here, on {@link Clock.monotonic}. */
  readonly #known = new Map<string, number>();

  constructor(options: SignedKeysOptions) {
    this.#options = options;
  }

  get nextExpiry(): number {
    const { clock, lifeMs } = this.#options;
    return lifeMs === 0 ? Infinity : clock.monotonic() + lifeMs;
  }

  create(name: string, sessionId?: number, dj?: string, terms?: Terms): Key {
    const expiresAt = Math.min(terms?.keyExpiresAt ?? Infinity, this.nextExpiry);
    const sessionEndsAt = terms?.sessionEndsAt ?? expiresAt;
    const fields = [
      KIND,
      this.#secondsText(expiresAt),
      this.#secondsText(sessionEndsAt),
      sessionId?.toString(36) ?? ANY_SESSION,
      randomBytes(NONCE_BYTES).toString("hex"),
      Buffer.from(dj ?? "").toString("base64url"),
    ];
    const text = fields.join(".");
    this.#know(name, expiresAt);
    return { token: `${text}.${this.#sign(name, text, dj)}`, expiresAt, sessionEndsAt };
  }

  check(name: string, token: string): KeyCheck {
    const key = this.#read(name, token);
    if (key === undefined) return { kind: "unknown" };
    return key.expiresAt > this.#options.clock.monotonic()
      ? { kind: "valid", key }
      : { kind: "expired" };
  }

  proves(session: KeyedSession, token: string): boolean {
    const check = this.check(session.name, token);
    return check.kind === "valid" && check.key.countsIn(session);
  }

  opened({ name, id }: KeyedSession, token: string): void {
    const key = this.#read(name, token);
    if (key !== undefined && !key.countsIn({ id })) keepNewest(this.#opened, key.nonce, id);
  }

  /** Nothing is kept of it: its keys are good for new sessions as they are. */
  release(): void {}

  /** Keys of who may not publish any more do not count: see {@link SignedKeysOptions.rightOf}. */
  revoke(): void {}

  /** Whether keys of a name were given or shown here. */
  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** Whether keys of a name were given or shown here, and the last of them has expired. */
  expired(name: string): boolean {
    const expiresAt = this.#known.get(name);
    return expiresAt !== undefined && expiresAt <= this.#options.clock.monotonic();
  }

  sweep(isLive: (name: string) => boolean): void {
    const { clock, lifeMs } = this.#options;
    for (const [name, expiresAt] of this.#known) {
      if (expiresAt + lifeMs <= clock.monotonic() && !isLive(name)) this.#known.delete(name);
    }
  }

  /** Names of which keys were given or shown here. */
  get size(): number {
    return this.#known.size;
  }

  #read(name: string, token: string): ReadKey | undefined {
    const [, text, expires, ends, scope, nonce, djText, signature] = TOKEN.exec(token) ?? [];
    if (
      text === undefined || expires === undefined || ends === undefined || scope === undefined ||
      nonce === undefined || djText === undefined || signature === undefined
    ) {
      return undefined;
    }
    const dj = djText === "" ? undefined : Buffer.from(djText, "base64url").toString();
    const expected = this.#sign(name, text, dj);
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return undefined;
    const expiresAt = this.#timeOf(expires);
    this.#know(name, expiresAt);
    return {
      ...{ nonce, dj, expiresAt, sessionEndsAt: this.#timeOf(ends) },
      countsIn: ({ id }) => {
        return scope === ANY_SESSION || parseInt(scope, 36) === id ||
          this.#opened.get(nonce) === id;
      },
    };
  }

  #know(name: string, expiresAt: number): void {
    keepNewest(this.#known, name, Math.max(this.#known.get(name) ?? 0, expiresAt));
  }

  #sign(name: string, text: string, dj: string | undefined): string {
    const { signingKey, rightOf } = this.#options;
    const right = dj === undefined ? "" : rightOf(dj) ?? "";
    const signed = [name, text, right].join("\n");
    return createHmac("sha256", signingKey).update(signed).digest("base64url");
  }

  /** @param at on {@link Clock.monotonic} */
  #secondsText(at: number): string {
    if (at === Infinity) return NEVER;
    return Math.ceil(wallTimeOf(this.#options.clock, at) / 1000).toString(36);
  }

  #timeOf(text: string): number {
    const { clock } = this.#options;
    if (text === NEVER) return Infinity;
    return parseInt(text, 36) * 1000 - clock.now() + clock.monotonic();
  }
}

interface ReadKey extends ValidKey {
  readonly nonce: string;
}

/** Puts a value in as the newest, where the oldest gives way. */
function keepNewest(map: Map<string, number>, key: string, value: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_KEPT && oldest !== undefined) map.delete(oldest);
}

const KIND = "k";
const NEVER = "0";
const ANY_SESSION = "-";
const NONCE_BYTES = 8;
const TOKEN =
  /^(k\.([0-9a-z]{1,9})\.([0-9a-z]{1,9})\.(-|[0-9a-z]{1,11})\.([0-9a-f]{16})\.([\w-]{0,96}))\.([\w-]{43})$/;
const MAX_KEPT = 100_000;
