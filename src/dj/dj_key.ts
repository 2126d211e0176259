/**
 * Keys of DJs: 128 random bits, of which only the SHA-256 hash is kept. There is nothing to guess in
 * them, so that the hash may be quick: after a restart all DJs come back at once.
 *
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const KEY_BYTES = 16;
const SCHEME = "sha256:";

/** A new key. */
export function makeDjKey(): string {
  return randomBytes(KEY_BYTES).toString("hex");
}

/** What is kept of a key. */
export function hashOfDjKey(key: string): string {
  return SCHEME + createHash("sha256").update(key).digest("hex");
}

/** Whether a hash is one that {@link hashOfDjKey} made; else it is bcrypt's. */
export function isQuickHash(hash: string): boolean {
  return hash.startsWith(SCHEME);
}

/** Whether `hash` is that of `key`, in a time that does not tell how much of it is. */
export function fitsQuickHash(key: string, hash: string): boolean {
  const own = new TextEncoder().encode(hashOfDjKey(key));
  const other = new TextEncoder().encode(hash);
  return own.length === other.length && timingSafeEqual(own, other);
}
