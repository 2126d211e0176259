/**
 * Which addresses count as one client.
 *
 * @module
 */
import { isIPv6 } from "node:net";

/** An IPv4 address as IPv6 has it (RFC 4291 2.5.5.2). */
const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;
/** A provider gives each customer a /64 at least, and in it any address may be used. */
const CUSTOMER_GROUPS = 4;

/**
 * What counts as one client: an IPv4 address, or the /64 that an IPv6 address is in. What is no
 * address stands for itself.
 */
export function networkOf(address: string): string {
  // A zone (RFC 4007 11) is only of use on the box itself.
  const plain = address.replace(/%.*$/s, "").replace(MAPPED_IPV4, "");
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.replace(/\d+\.\d+\.\d+\.\d+$/, "0:0").split("::");
  const groups = head.split(":");
  if (tail !== undefined) {
    const after = tail.split(":");
    // What :: stands for are zeros.
    groups.push(...Array<string>(8 - groups.length - after.length).fill("0"), ...after);
  }
  return groups.slice(0, CUSTOMER_GROUPS).map((group) => parseInt(group || "0", 16)).join(":");
}
