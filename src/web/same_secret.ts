/** Compares secrets so that the time it takes tells nothing of them. */
import { createHash, timingSafeEqual } from "node:crypto";

/** Compares in time that depends neither on how nor on where the two differ. */
export function isSameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
