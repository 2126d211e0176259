/** IP addresses: how they are read, and which count as one client. */
import { isIPv4, isIPv6 } from "node:net";

/** An address as eight groups of 16 bits, an IPv4 address as IPv6 has it (RFC 4291 2.5.5.2). */
export type Groups = readonly number[];

/** The groups that stand before an IPv4 address. */
const MAPPED = [0, 0, 0, 0, 0, 0xffff];
/** A provider gives each customer a /64 at least, and in it any address may be used. */
const CUSTOMER_GROUPS = 4;

/**
 * What counts as one client: an IPv4 address, or the /64 that an IPv6 address is in. What is no
 * address stands for itself.
 */
export function networkOf(address: string): string {
  const groups = parseAddress(address);
  if (groups === undefined) return address;
  const isMapped = MAPPED.every((group, i) => group === groups[i]);
  return (isMapped ? groups : groups.slice(0, CUSTOMER_GROUPS)).join(":");
}

/** Reads an IPv4 or IPv6 address. @returns `undefined` where `text` is none */
export function parseAddress(text: string): Groups | undefined {
  if (isIPv4(text)) return [...MAPPED, ...parseIPv4(text)];
  if (!isIPv6(text)) return undefined;
  // A zone (RFC 4007 11) is this box's own business.
  const [address = ""] = text.split("%");
  const [head = "", tail] = address.split("::");
  const front = parseGroups(head);
  if (tail === undefined) return front;
  const back = parseGroups(tail);
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return [...front, ...zeros, ...back];
}

function parseGroups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    return group.includes(".") ? parseIPv4(group) : [parseInt(group, 16)];
  });
}

function parseIPv4(text: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split(".").map(Number);
  return [a * 256 + b, c * 256 + d];
}
