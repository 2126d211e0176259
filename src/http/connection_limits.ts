/** How many connections HTTP servers, and each address, may have. */
import { networkOf } from "../session/network.ts";
import { isLoopback, TrustedProxies } from "./addresses.ts";
import { CountBoard, type LimitValues } from "./count_board.ts";

/**
 * Why something was not served:
 * - `full`: the server has all the connections that it may have
 * - `address`: the client's address has all that it may have
 * - `late`: the client took too long to send a request, or to take an answer
 * - `invalid`: what was sent is no request, or one that can be read in more than one way
 */
export type Refusal = "full" | "address" | "late" | "invalid";

const REFUSALS: readonly Refusal[] = ["full", "address", "late", "invalid"];

export interface ConnectionLimitsOptions extends LimitValues {
  /** Open connections of all servers together. */
  readonly maxTogether: number;
  readonly proxies: TrustedProxies;
  /** How many threads may count, those included that were replaced lately. Default: 8. */
  readonly places?: number;
}

/** What another thread needs to count with. */
export interface LentCounts {
  readonly memory: SharedArrayBuffer;
  readonly proxies: readonly string[];
  readonly server: number;
  readonly place: number;
}

/** How many connections the HTTP servers of a process may have open, in all its threads. */
export class ConnectionLimits {
  readonly proxies: TrustedProxies;
  readonly #board: CountBoard;
  readonly #servers = new Map<string, ServerCounts>();

  constructor({ proxies, places = 8, maxTogether, ...values }: ConnectionLimitsOptions) {
    this.#board = new CountBoard(places);
    this.#board.values = values;
    this.#board.maxTogether = maxTogether;
    this.proxies = proxies;
  }

  get values(): LimitValues {
    return this.#board.values;
  }

  set values(values: LimitValues) {
    this.#board.values = values;
  }

  get maxTogether(): number {
    return this.#board.maxTogether;
  }

  /** Servers by kind, each with its connections. */
  get servers(): ReadonlyMap<string, ServerCounts> {
    return this.#servers;
  }

  /** The connections of another server in this thread. */
  addServer(kind: string): ConnectionCounts {
    const { number } = this.#add(kind);
    return new ConnectionCounts(this.#board, this.proxies, number, this.#board.take(number));
  }

  /** The connections of another server that has threads of its own. */
  addThreads(kind: string): ThreadCounts {
    const { number } = this.#add(kind);
    return {
      lend: () => ({
        memory: this.#board.memory,
        proxies: this.proxies.networks,
        server: number,
        place: this.#board.take(number),
      }),
      takeBack: ({ place }) => this.#board.giveBack(place),
    };
  }

  #add(kind: string): ServerCounts {
    const server = new ServerCounts(this.#board, this.#servers.size);
    this.#servers.set(kind, server);
    return server;
  }
}

/** Lets threads count. */
export interface ThreadCounts {
  /** What a thread counts with. */
  lend(): LentCounts;
  /** The thread has ended: its connections are gone. */
  takeBack(lent: LentCounts): void;
}

/** What there is of one server, over all its threads. */
export class ServerCounts {
  readonly number: number;
  readonly #board: CountBoard;

  /** Use {@link ConnectionLimits.servers}. */
  constructor(board: CountBoard, number: number) {
    this.#board = board;
    this.number = number;
  }

  /** How many connections are open. */
  get count(): number {
    return this.#board.connections(this.number);
  }

  /** How much was refused so far, by reason. */
  get refused(): ReadonlyMap<Refusal, number> {
    return new Map(REFUSALS.map((why, i) => [why, this.#board.refused(this.number, i)]));
  }
}

/** Gives back what was taken. */
export type Release = () => void;

/**
 * The connections of one server. Those of this box and of trusted proxies count in all only: they
 * stand for many clients. Of a proxy's clients, the requests count in their place.
 */
export class ConnectionCounts {
  readonly proxies: TrustedProxies;
  readonly #board: CountBoard;
  readonly #server: number;
  readonly #place: number;

  /** Use {@link ConnectionLimits.addServer}, or in another thread {@link borrow}. */
  constructor(board: CountBoard, proxies: TrustedProxies, server: number, place: number) {
    this.#board = board;
    this.proxies = proxies;
    this.#server = server;
    this.#place = place;
  }

  /** Those of this thread, of a server whose limits another thread has. */
  static borrow({ memory, proxies, server, place }: LentCounts): ConnectionCounts {
    return new ConnectionCounts(new CountBoard(memory), new TrustedProxies(proxies), server, place);
  }

  /** How many of the server are open, in all threads. */
  get count(): number {
    return this.#board.connections(this.#server);
  }

  /** How much the server has refused so far, by reason. */
  get refused(): ReadonlyMap<Refusal, number> {
    return new ServerCounts(this.#board, this.#server).refused;
  }

  /** Something was refused. */
  refuse(why: Refusal): void {
    this.#board.refuse(this.#server, REFUSALS.indexOf(why));
  }

  /** Counts a connection from `address`, where it may stay. */
  admit(address: string): Release | "full" | "address" {
    const { maxConnections } = this.#board.values;
    const isFull = this.count >= maxConnections;
    if (isFull || this.#board.connections() >= this.#board.maxTogether) return "full";
    const release = this.share(address);
    if (release === undefined) return "address";
    this.#board.addConnection(this.#place, 1);
    return () => {
      this.#board.addConnection(this.#place, -1);
      release();
    };
  }

  /**
   * Takes one of what `address` may have.
   * @returns `undefined` where it has it all
   */
  share(address: string): Release | undefined {
    if (isLoopback(address) || this.proxies.has(address)) return () => {};
    const network = networkOf(address);
    const { maxPerAddress } = this.#board.values;
    if (this.#board.shareOf(this.#server, network) >= maxPerAddress) return undefined;
    this.#board.addShare(this.#place, network, 1);
    return () => this.#board.addShare(this.#place, network, -1);
  }
}
