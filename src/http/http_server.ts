/** An HTTP server: it listens, accepts connections, looks at deadlines, and stops. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";
import type { ConnectionCounts } from "./connection_limits.ts";
import { HttpConnection } from "./http_connection.ts";
import type { HttpHandler, HttpSite } from "./http_site.ts";
import { OutputBuffers } from "./output_buffers.ts";
import { HttpDate } from "./response_head.ts";

/** How often deadlines are looked at; there is no timer per connection. */
const CHECK_MS = 1000;
/** Connections that the system holds until they are accepted, as far as it allows. */
const BACKLOG = 4096;
/** Wait after a failed accept, such as one without a free file descriptor. */
const ACCEPT_RETRY_MS = 100;
/** Connections turned away and failed accepts share a log line this often. */
const TROUBLE_LOG_MS = 10_000;
/** So long after it has turned somebody away it is said to be full. */
const FULL_MS = 10_000;
/** How long answers under way may take when the server stops. */
const CLOSE_TIMEOUT_MS = 500;

/** Where a server listens; port 0 takes a free one. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

export interface HttpServerOptions {
  readonly addr: ListenAddress;
  readonly clock: Clock;
  readonly handler: HttpHandler;
  /** What `Server` says of answers that no route gave. */
  readonly serverName: string;
  /** The log's, for errors. */
  readonly category: readonly string[];
  readonly counts: ConnectionCounts;
  /** Whether others may listen on the same port, and get a part of its connections. */
  readonly reusePort?: boolean | undefined;
}

/** Serves HTTP/1.1 and 1.0 over TCP (RFC 9112), strictly, with limits and deadlines. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #site: HttpSite;
  /** Each with what accepted it. */
  readonly #connections = new Map<HttpConnection, Accepted>();
  #listener: Deno.TcpListener | undefined;
  #addr: Deno.NetAddr | undefined;
  #timer: Timer | undefined;
  #turnedAway = 0;
  #acceptError: string | undefined;
  #troubleLoggedAt = -Infinity;
  /** When somebody was turned away because all connections were taken. */
  #fullAt = -Infinity;
  #endRetry = () => {};

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#site = { ...options, date: new HttpDate(), buffers: new OutputBuffers() };
  }

  /**
   * Listens; where that has ended, again and at the same port.
   * @param onEnd called once, when it has ended and nobody closed it; connections go on
   * @throws {Deno.errors.AddrInUse} and what else `Deno.listen` throws
   */
  listen(onEnd: (why: Error) => void = () => {}): void {
    const { addr: { hostname, port }, clock, reusePort = false } = this.#options;
    const listener = Deno.listen({
      hostname,
      port: this.#addr?.port ?? port,
      tcpBacklog: BACKLOG,
      reusePort,
    });
    this.#listener = listener;
    this.#addr = listener.addr;
    this.#timer ??= clock.every(CHECK_MS, () => this.#check());
    void this.#accept(listener, onEnd);
  }

  /** Where it listens; the bound port where 0 was asked for. @throws where it never listened */
  get addr(): Deno.NetAddr {
    if (this.#addr === undefined) throw new Error("Cannot tell the address: not listening");
    return this.#addr;
  }

  /** Whether somebody was turned away a moment ago because all connections were taken. */
  get isFull(): boolean {
    return this.#options.clock.monotonic() - this.#fullAt < FULL_MS;
  }

  /** Ends the connections of listeners that have ended, each when nothing is under way on it. */
  letGo(): void {
    for (const [connection, { listener }] of this.#connections) {
      if (listener !== this.#listener) connection.end();
    }
  }

  /** Stops listening, and lets answers under way finish, for a moment. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    this.#listener?.close();
    this.#listener = undefined;
    this.#endRetry();
    for (const connection of this.#connections.keys()) connection.end();
    const late = Promise.withResolvers<void>();
    const timer = clock.after(CLOSE_TIMEOUT_MS, late.resolve);
    const ends = [...this.#connections.values()].map(({ ended }) => ended);
    await Promise.race([Promise.all(ends), late.promise]);
    timer.cancel();
    for (const connection of this.#connections.keys()) connection.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#logTrouble();
  }

  async #accept(listener: Deno.TcpListener, onEnd: (why: Error) => void): Promise<void> {
    while (this.#listener === listener) {
      try {
        this.#serve(await listener.accept(), listener);
      } catch (error) {
        if (this.#listener !== listener) return;
        if (hasEnded(error)) {
          this.#listener = undefined;
          if (!(error instanceof Deno.errors.BadResource)) listener.close();
          return onEnd(error);
        }
        this.#acceptError = error instanceof Error ? error.message : String(error);
        this.#check();
        await this.#retryDelay();
      }
    }
  }

  #retryDelay(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(ACCEPT_RETRY_MS, resolve);
    this.#endRetry = () => {
      timer.cancel();
      resolve();
    };
    return promise;
  }

  #serve(conn: Deno.TcpConn, listener: Deno.TcpListener): void {
    const { counts } = this.#options;
    const release = counts.admit(conn.remoteAddr.hostname);
    if (typeof release === "string") {
      counts.refuse(release);
      if (release === "full") this.#fullAt = this.#options.clock.monotonic();
      this.#turnedAway++;
      return conn.close();
    }
    const connection = new HttpConnection(conn, this.#site);
    const ended = connection.run().finally(() => {
      this.#connections.delete(connection);
      release();
    });
    this.#connections.set(connection, { listener, ended });
  }

  #check(): void {
    for (const connection of this.#connections.keys()) connection.check();
    const now = this.#options.clock.monotonic();
    if (now - this.#troubleLoggedAt < TROUBLE_LOG_MS) return;
    if (this.#logTrouble()) this.#troubleLoggedAt = now;
  }

  /** Returns whether there was something to say. */
  #logTrouble(): boolean {
    const logger = getLogger([...this.#options.category]);
    const [count, error] = [this.#turnedAway, this.#acceptError];
    if (count > 0) {
      logger.warn("{count} HTTP connections turned away: {open} are open", {
        count,
        open: this.#connections.size,
      });
    }
    if (error !== undefined) logger.error("Cannot accept HTTP connections: {error}", { error });
    this.#turnedAway = 0;
    this.#acceptError = undefined;
    return count > 0 || error !== undefined;
  }
}

/** How a connection came, and when it has gone. */
interface Accepted {
  readonly listener: Deno.TcpListener;
  readonly ended: Promise<void>;
}

/** Whether a listener accepts nothing any more (accept(2)): others fail for want of resources. */
function hasEnded(error: unknown): error is Error {
  if (error instanceof Deno.errors.BadResource) return true;
  return error instanceof Error && "code" in error && ENDED.has(error.code);
}

const ENDED: ReadonlySet<unknown> = new Set(["EBADF", "EINVAL", "ENOTSOCK"]);
