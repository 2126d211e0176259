/** IP addresses: which are of this box, of a network, of one customer. */
import { isIPv4, isIPv6 } from "node:net";

/** An address as eight groups of 16 bits, an IPv4 address as IPv6 has it (RFC 4291 2.5.5.2). */
type Groups = readonly number[];

/** The groups that stand before an IPv4 address. */
const MAPPED = [0, 0, 0, 0, 0, 0xffff];
/** What one customer of a provider has of IPv6 at least, and may use any address of. */
const CUSTOMER_GROUPS = 4;

/** A range of addresses in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`, or a single address. */
export class Network {
  readonly #groups: Groups;
  readonly #bits: number;

  private constructor(groups: Groups, bits: number) {
    this.#groups = groups;
    this.#bits = bits;
  }

  /** @returns `undefined` where `text` is none */
  static parse(text: string): Network | undefined {
    const [, address = "", prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const groups = parseAddress(address);
    if (groups === undefined) return undefined;
    const own = isIPv4(address) ? 32 : 128;
    const bits = prefix === undefined ? own : Number(prefix);
    return bits <= own ? new Network(groups, bits + 128 - own) : undefined;
  }

  has(address: string): boolean {
    const groups = parseAddress(address);
    return groups !== undefined && this.#groups.every((group, i) => {
      const bits = Math.min(Math.max(this.#bits - 16 * i, 0), 16);
      return (group ^ (groups[i] ?? 0)) >> (16 - bits) === 0;
    });
  }
}

const LOOPBACK = [Network.parse("127.0.0.0/8"), Network.parse("::1")];

/** Whether it is an address of this box for itself. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.some((network) => network?.has(address));
}

/** What a customer of a provider has: an IPv4 address, or the /64 that an IPv6 address is in. */
export function customerOf(address: string): string {
  const groups = parseAddress(address);
  if (groups === undefined) return address;
  const isMapped = MAPPED.every((group, i) => group === groups[i]);
  return (isMapped ? groups : groups.slice(0, CUSTOMER_GROUPS)).join(":");
}

/** Proxies that are believed when they say whom they pass on. */
export class TrustedProxies {
  readonly #networks: readonly Network[];

  /** @param networks in CIDR notation; what is none is passed over */
  constructor(networks: readonly string[]) {
    this.#networks = networks.flatMap((text) => Network.parse(text) ?? []);
  }

  has(address: string): boolean {
    return this.#networks.some((network) => network.has(address));
  }

  /**
   * The address that counts of a request: the peer's, or where that is a trusted proxy the rightmost
   * one of `X-Forwarded-For` that is none. What stands left of it is anybody's word.
   * @param forwardedFor the field, of several their values in order, with commas between them
   */
  clientOf(peer: string, forwardedFor: string): string {
    const hops = forwardedFor.split(",").map(withoutPort);
    let client = peer;
    while (this.has(client)) {
      const hop = hops.pop();
      if (hop === undefined || parseAddress(hop) === undefined) break;
      client = hop;
    }
    return client;
  }
}

/** Some proxies write `192.0.2.7:4711` or `[2001:db8::7]:4711`. */
function withoutPort(hop: string): string {
  const [, ipv6, ipv4] = /^\s*(?:\[([^\]]*)\]|([\d.]+))(?::\d+)?\s*$/.exec(hop) ?? [];
  return ipv6 ?? ipv4 ?? hop.trim();
}

/** @returns `undefined` where `text` is none */
function parseAddress(text: string): Groups | undefined {
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
