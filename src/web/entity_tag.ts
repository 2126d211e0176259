/** Entity tags, by which clients ask whether what they have is still the same. */
import { createHash } from "node:crypto";

/**
 * A strong entity tag (RFC 9110 8.8.3), with its quotes, that is the same for the same bytes and
 * for no others, in every run of the server.
 */
export function entityTag(bytes: Uint8Array): string {
  return `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
}
