/** IP addresses: how they are read, and which count as one client. */
/** An address as eight groups of 16 bits, an IPv4 address as IPv6 has it (RFC 4291 2.5.5.2). */
export type Groups = readonly number[];

/** The groups that stand before an IPv4 address. */
const MAPPED = [0, 0, 0, 0, 0, 0xffff];
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
/** A provider gives each customer a /64 at least, and in it any address may be used. */
const CUSTOMER_GROUPS = 4;
/** … and a /48 at most (RFC 6177). */
const SITE_GROUPS = 3;

/**
 * What counts as one client: an IPv4 address, or the /64 that an IPv6 address is in. What is no
 * address stands for itself.
 */
export function networkOf(address: string): string {
  return firstGroups(address, CUSTOMER_GROUPS);
}

/**
 * The same of all that one customer may have: an IPv4 address, or the /48 that an IPv6 address is
 * in.
 */
export function siteOf(address: string): string {
  return firstGroups(address, SITE_GROUPS);
}

function firstGroups(address: string, count: number): string {
  const groups = parseAddress(address);
  if (groups === undefined) return address;
  const isMapped = MAPPED.every((group, i) => group === groups[i]);
  return (isMapped ? groups : groups.slice(0, count)).join(":");
}

/** Reads an IPv4 or IPv6 address. @returns `undefined` where `text` is none */
export function parseAddress(text: string): Groups | undefined {
  if (isIPv4(text)) return [...MAPPED, ...parseIPv4(text)];
  // A zone (RFC 4007 11) is this box's own business.
  const [, address = ""] = /^([^%]*)(?:%[0-9a-z.:-]+)?$/i.exec(text) ?? [];
  const [head = "", tail, ...rest] = address.split("::");
  if (rest.length > 0) return undefined;
  const front = parseGroups(head, tail === undefined);
  const back = parseGroups(tail ?? "", true);
  if (front === undefined || back === undefined) return undefined;
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...front, ...Array.from({ length: missing }, () => 0), ...back];
}

/** Whether `text` is four numbers, without zeros before them (RFC 6943 3.1.1). */
export function isIPv4(text: string): boolean {
  return IPV4.test(text);
}

/** @param isEnd whether an IPv4 address may stand at the end; `undefined` where it is none of it */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups = parts.flatMap((part, i) => {
    if (GROUP.test(part)) return [parseInt(part, 16)];
    return isEnd && i === parts.length - 1 && isIPv4(part) ? parseIPv4(part) : [NaN];
  });
  return groups.includes(NaN) ? undefined : groups;
}

function parseIPv4(text: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split(".").map(Number);
  return [a * 256 + b, c * 256 + d];
}
