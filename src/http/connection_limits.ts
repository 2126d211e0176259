/** How many connections HTTP servers, and each address, may have. */
import { networkOf } from "../session/network.ts";
import { isLoopback, type TrustedProxies } from "./addresses.ts";

/**
 * Why something was not served:
 * - `full`: the server has all the connections that it may have
 * - `address`: the client's address has all that it may have
 * - `late`: the client took too long to send a request, or to take an answer
 * - `invalid`: what was sent is no request, or one that can be read in more than one way
 */
export type Refusal = "full" | "address" | "late" | "invalid";

/** What may change while servers run. */
export interface LimitValues {
  /** Open connections of each server. */
  readonly maxConnections: number;
  /** Those of them that one address may have. */
  readonly maxPerAddress: number;
}

export interface ConnectionLimitsOptions extends LimitValues {
  /** Open connections of all servers together. */
  readonly maxTogether: number;
  readonly proxies: TrustedProxies;
}

/** How many connections the HTTP servers of a process may have open. */
export class ConnectionLimits {
  readonly proxies: TrustedProxies;
  readonly maxTogether: number;
  values: LimitValues;
  readonly #servers = new Map<string, ConnectionCounts>();

  constructor({ maxConnections, maxPerAddress, maxTogether, proxies }: ConnectionLimitsOptions) {
    this.values = { maxConnections, maxPerAddress };
    this.maxTogether = maxTogether;
    this.proxies = proxies;
  }

  /** Servers by kind, each with its connections. */
  get servers(): ReadonlyMap<string, ConnectionCounts> {
    return this.#servers;
  }

  /** The connections of another server. */
  addServer(kind: string): ConnectionCounts {
    const counts = new ConnectionCounts(this);
    this.#servers.set(kind, counts);
    return counts;
  }

  /** Whether all servers together have as many as they may have. */
  get isExhausted(): boolean {
    let open = 0;
    for (const { count } of this.#servers.values()) open += count;
    return open >= this.maxTogether;
  }
}

/** Gives back what was taken. */
export type Release = () => void;

/**
 * The connections of one server. Those of this box and of trusted proxies count in all only: they
 * stand for many clients. Of a proxy's clients, the requests count in their place.
 */
export class ConnectionCounts {
  readonly limits: ConnectionLimits;
  readonly #byNetwork = new Map<string, number>();
  readonly #refused = new Map<Refusal, number>(
    (["full", "address", "late", "invalid"] as const).map((why) => [why, 0]),
  );
  #count = 0;

  /** Use {@link ConnectionLimits.addServer}. */
  constructor(limits: ConnectionLimits) {
    this.limits = limits;
  }

  /** How many are open. */
  get count(): number {
    return this.#count;
  }

  /** How much was refused so far, by reason. */
  get refused(): ReadonlyMap<Refusal, number> {
    return this.#refused;
  }

  /** Something was refused. */
  refuse(why: Refusal): void {
    this.#refused.set(why, (this.#refused.get(why) ?? 0) + 1);
  }

  /** Counts a connection from `address`, where it may stay. */
  admit(address: string): Release | "full" | "address" {
    if (this.#count >= this.limits.values.maxConnections || this.limits.isExhausted) return "full";
    const release = this.share(address);
    if (release === undefined) return "address";
    this.#count++;
    return () => {
      this.#count--;
      release();
    };
  }

  /**
   * Takes one of what `address` may have.
   * @returns `undefined` where it has it all
   */
  share(address: string): Release | undefined {
    if (isLoopback(address) || this.limits.proxies.has(address)) return () => {};
    const network = networkOf(address);
    const count = this.#byNetwork.get(network) ?? 0;
    if (count >= this.limits.values.maxPerAddress) return undefined;
    this.#byNetwork.set(network, count + 1);
    return () => {
      const left = (this.#byNetwork.get(network) ?? 0) - 1;
      if (left > 0) this.#byNetwork.set(network, left);
      else this.#byNetwork.delete(network);
    };
  }
}
