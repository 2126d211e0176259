/** Keys for one purpose each, all made of the one key that the boxes of a fleet share. */
import { hkdfSync } from "node:crypto";

/**
 * What a key is for: none is good for anything else. `fingerprint`: for boxes to find out whether they
 * share the same one.
 */
export type Purpose = "publish key" | "between boxes" | "sign-in cookie" | "fingerprint";

/**
 * Derives a key of 256 bits (HKDF with SHA-256, RFC 5869).
 * @param sharedKey `ECHO_PRIV_KEY`
 */
export function derivedKey(sharedKey: string, purpose: Purpose): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync("sha256", sharedKey, "", `echo fleet: ${purpose}`, 32));
}
