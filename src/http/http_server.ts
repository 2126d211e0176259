/** An HTTP server: it listens, accepts connections, looks at deadlines, and stops. */
import { getLogger } from "@logtape/logtape";
import { AcceptLoop } from "../listening/accept_loop.ts";
import { SystemSockets } from "../listening/system_socket.ts";
import { type Trouble, TroubleLog } from "../listening/trouble_log.ts";
import type { Clock, Timer } from "../session/clock.ts";
import type { CurrentCertificate } from "../tls/current_certificate.ts";
import { TlsListener } from "../tls/tls_listener.ts";
import { TlsSocket } from "../tls/tls_socket.ts";
import type { ConnectionCounts } from "./connection_limits.ts";
import { HttpConnection } from "./http_connection.ts";
import type { HttpHandler, HttpSite, HttpSocket, ServedConnection } from "./http_site.ts";
import { OutputBuffers } from "./output_buffers.ts";
import { PreparedAnswers, type SharedContents } from "./prepared_answers.ts";
import { HttpDate } from "./response_head.ts";
import { SecureConnection, TLS_OPTIONS } from "./secure_connection.ts";

/** How often deadlines are looked at; there is no timer per connection. */
const CHECK_MS = 1000;
/** Connections that the system holds until they are accepted, as far as it allows. */
const BACKLOG = 4096;
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
  /** What is answered by the handler once, and then without it; nothing by default. */
  readonly shared?: SharedContents | undefined;
  /** Whether others may listen on the same port, and get a part of its connections. */
  readonly reusePort?: boolean | undefined;
  /** Has all be served over TLS, with this certificate. */
  readonly certificate?: CurrentCertificate | undefined;
  /** See `TlsListenerOptions`. */
  readonly handshakesPerSecond?: number | undefined;
}

/**
 * Serves HTTP/1.1 and 1.0 over TCP (RFC 9112), strictly, with limits and deadlines; over TLS also
 * HTTP/2 (RFC 9113).
 */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #site: HttpSite;
  /** Each with what accepted it. */
  readonly #connections = new Map<ServedConnection, Accepted>();
  readonly #trouble: TroubleLog;
  #accepting: AcceptLoop<HttpSocket> | undefined;
  #addr: Deno.NetAddr | undefined;
  #timer: Timer | undefined;
  #isClosed = false;
  /** When somebody was turned away because all connections were taken. */
  #fullAt = -Infinity;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { shared, certificate } = options;
    const sockets = shared && SystemSockets.load();
    // What carries TLS is nothing that the system could send by itself.
    const sending = certificate === undefined ? sockets : undefined;
    const prepared = shared && new PreparedAnswers(shared, sending);
    this.#site = {
      ...options,
      scheme: certificate === undefined ? "http" : "https",
      date: new HttpDate(),
      buffers: new OutputBuffers(),
      prepared,
      sockets,
    };
    this.#trouble = new TroubleLog(options.clock, (trouble) => this.#tell(trouble));
  }

  /**
   * Listens; where that has ended, again and at the same port.
   * @param onEnd called once, when it has ended and nobody closed it; connections go on
   * @throws {Deno.errors.AddrInUse} and what else `Deno.listen` throws
   */
  listen(onEnd: (why: Error) => void = () => {}): void {
    const { addr: { hostname, port }, clock, reusePort = false } = this.#options;
    const { certificate, handshakesPerSecond } = this.#options;
    const listener = Deno.listen({
      hostname,
      port: this.#addr?.port ?? port,
      tcpBacklog: BACKLOG,
      reusePort,
    });
    this.#addr = listener.addr;
    this.#timer ??= clock.every(CHECK_MS, () => this.#check());
    const source = certificate === undefined
      ? listener
      : new TlsListener(listener, certificate, { ...TLS_OPTIONS, clock, handshakesPerSecond });
    const accepting: AcceptLoop<HttpSocket> = new AcceptLoop<HttpSocket>(source, {
      clock,
      onAccepted: (conn) => this.#serve(conn, accepting),
      onFailed: (why) => {
        this.#trouble.acceptFailed(why);
        this.#check();
      },
      onEnd: (why) => {
        this.#accepting = undefined;
        onEnd(why);
      },
    });
    this.#accepting = accepting;
  }

  /** Where it listens; the bound port where 0 was asked for. @throws where it never listened */
  get addr(): Deno.NetAddr {
    if (this.#addr === undefined) throw new Error("Cannot tell the address: not listening");
    return this.#addr;
  }

  /** Where it is to listen, as `HOST:PORT`. */
  get address(): string {
    const { hostname, port } = this.#options.addr;
    return `${hostname}:${port}`;
  }

  /** Whether somebody was turned away a moment ago because all connections were taken. */
  get isFull(): boolean {
    return this.#options.clock.monotonic() - this.#fullAt < FULL_MS;
  }

  /** Ends the connections of listeners that have ended, each when nothing is under way on it. */
  letGo(): void {
    for (const [connection, { accepting }] of this.#connections) {
      if (accepting !== this.#accepting) connection.end();
    }
  }

  /** Stops listening, and lets answers under way finish, for a moment. */
  async close(): Promise<void> {
    const { clock } = this.#options;
    this.#accepting?.close();
    this.#accepting = undefined;
    for (const connection of this.#connections.keys()) connection.end();
    const late = Promise.withResolvers<void>();
    const timer = clock.after(CLOSE_TIMEOUT_MS, late.resolve);
    const ends = [...this.#connections.values()].map(({ ended }) => ended);
    await Promise.race([Promise.all(ends), late.promise]);
    timer.cancel();
    for (const connection of this.#connections.keys()) connection.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!this.#isClosed) this.#site.sockets?.close();
    this.#isClosed = true;
    this.#trouble.flush();
  }

  #serve(conn: HttpSocket, accepting: AcceptLoop<HttpSocket>): void {
    const { counts } = this.#options;
    const release = counts.admit(conn.remoteAddr.hostname);
    if (typeof release === "string") {
      counts.refuse(release);
      if (release === "full") this.#fullAt = this.#options.clock.monotonic();
      this.#trouble.turnedAway();
      return conn.close();
    }
    const connection = conn instanceof TlsSocket
      ? new SecureConnection(conn, this.#site)
      : new HttpConnection(conn, this.#site);
    const ended = connection.run().finally(() => {
      this.#connections.delete(connection);
      release();
    });
    this.#connections.set(connection, { accepting, ended });
  }

  #check(): void {
    for (const connection of this.#connections.keys()) connection.check();
    this.#trouble.check();
  }

  #tell({ turnedAway: count, acceptError: error }: Trouble): void {
    const logger = getLogger([...this.#options.category]);
    if (count > 0) {
      logger.warn("{count} HTTP connections turned away: {open} are open", {
        count,
        open: this.#connections.size,
      });
    }
    if (error !== undefined) logger.error("Cannot accept HTTP connections: {error}", { error });
  }
}

/** How a connection came, and when it has gone. */
interface Accepted {
  readonly accepting: AcceptLoop<HttpSocket>;
  readonly ended: Promise<void>;
}
