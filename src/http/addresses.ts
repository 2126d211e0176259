/** IP addresses: which are of this box, of a network, of a proxy. */
import { type Groups, isIPv4, parseAddress } from "../session/network.ts";

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

/** Proxies that are believed when they say whom they pass on. */
export class TrustedProxies {
  /** In CIDR notation. */
  readonly networks: readonly string[];
  readonly #networks: readonly Network[];

  /** @param networks in CIDR notation; what is none is passed over */
  constructor(networks: readonly string[]) {
    this.networks = networks;
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
