/**
 * The public keys that tokens are signed with, as a JSON Web Key Set has them (RFC 7517).
 *
 * @module
 */
import type { JSONWebKeySet, JWK } from "jose";

/** More in one set are refused. */
const MAX_KEYS = 100;
/** Members that only private and symmetric keys have (RFC 7518 6.2.2, 6.3.2, 6.4). */
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "k"];
const KEY_TYPES = ["EC", "RSA", "OKP"];

/** Thrown where a text is no key set that can be used. */
export class KeySetError extends Error {
  override readonly name = "KeySetError";
}

/** The keys of one version of a key set. */
export interface SigningKeys {
  /** The key set's JSON. */
  readonly text: string;
  readonly set: JSONWebKeySet;
}

/**
 * Reads the JSON of a key set. Keys of a kind that signs no tokens here are left out.
 * @throws {KeySetError}
 */
export function readSigningKeys(text: string): SigningKeys {
  const entries = keysIn(text);
  if (entries === undefined) {
    throw new KeySetError('Cannot parse the key set: expected JSON with a list "keys"');
  }
  if (entries.length > MAX_KEYS) {
    throw new KeySetError(`Cannot use the key set: expected at most ${MAX_KEYS} keys, got more`);
  }
  const keys = entries.filter(isSigningKey);
  if (keys.length === 0) {
    throw new KeySetError("Cannot use the key set: expected a key of EC, RSA or OKP, got none");
  }
  if (keys.some((key) => SECRET_MEMBERS.some((member) => member in key))) {
    throw new KeySetError("Cannot use the key set: expected public keys, got a private one");
  }
  return { text, set: { keys } };
}

function keysIn(text: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || !("keys" in parsed)) return undefined;
    return Array.isArray(parsed.keys) ? parsed.keys : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isSigningKey(entry: unknown): entry is JWK {
  return typeof entry === "object" && entry !== null && "kty" in entry &&
    typeof entry.kty === "string" && KEY_TYPES.includes(entry.kty);
}
