/** Entity tags, by which clients ask whether what they have is still the same. */

/**
 * A strong entity tag (RFC 9110 8.8.3), with its quotes, that is the same for the same bytes and
 * for no others, in every run of the server.
 */
export function entityTag(bytes: Uint8Array): string {
  return `"${contentHash(bytes)}"`;
}

/**
 * 64 bits of a hash of bytes or text, as 16 hexadecimal digits. It tells versions of the server's
 * own contents apart; it is no secret, and nothing is proved by it. (The library with better ones
 * costs each thread some megabytes.)
 */
export function contentHash(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let one = 0x9747b28c;
  let other = 0x2f0b4c47;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    one = Math.imul(one ^ byte, 0x9e3779b1);
    other = Math.imul(other ^ byte, 0x5f356495);
  }
  return hex(mixed(one, other)) + hex(mixed(other, one));
}

/** Has each bit of `a` and `b` change half of all bits, as the end of MurmurHash3 does. */
function mixed(a: number, b: number): number {
  const first = Math.imul(a ^ a >>> 16, 0x85ebca6b);
  const second = Math.imul(b ^ b >>> 13, 0xc2b2ae35);
  return Math.imul(first ^ first >>> 13, 0xc2b2ae35) ^ second ^ second >>> 16;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
