/**
 * The door for RTMP: accepts connections, and counts and ends them.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { AcceptLoop } from "../listening/accept_loop.ts";
import { ReadCoalescer } from "../listening/read_coalescer.ts";
import type { StreamSocket } from "../listening/stream_socket.ts";
import { type Trouble, TroubleLog } from "../listening/trouble_log.ts";
import type { Clock, Timer } from "../session/clock.ts";
import type { CurrentCertificate } from "../tls/current_certificate.ts";
import { TlsListener } from "../tls/tls_listener.ts";
import type { Doorkeeper } from "../session/ingest.ts";
import { type Place, Shares } from "../session/shares.ts";
import { RtmpConnection } from "./connection.ts";

/** How often timeouts are looked at; there is no timer per connection. */
const CHECK_MS = 1000;
/** librtmp, by which many encoders publish, takes what TLS 1.3 sends by itself for a failure. */
const MAX_TLS_VERSION = "TLSv1.2";

const logger = getLogger(["echo", "rtmp"]);

export interface RtmpServerOptions {
  /** Where to listen; port 0 takes a free one. */
  readonly addr: { readonly hostname: string; readonly port: number };
  /**
   * Milliseconds of silence that end a connection. The handshake must be complete within it, a
   * publish accepted within twice it.
   */
  readonly connectionTimeoutMs: number;
  /** Connections at a time; where that many publish, more are closed at once. */
  readonly maxConnections: number;
  readonly clock: Clock;
  readonly doorkeeper: Doorkeeper;
  /** Has RTMP carried over TLS, with this certificate. */
  readonly certificate?: CurrentCertificate | undefined;
}

/** Accepts RTMP publishers over TCP, or over TLS. */
export class RtmpServer {
  readonly #options: RtmpServerOptions;
  readonly #connections = new Map<RtmpConnection, Promise<void>>();
  readonly #trouble: TroubleLog;
  #accepting: AcceptLoop | undefined;
  /** Where it listened first. */
  #addr: Deno.NetAddr | undefined;
  #timer: Timer | undefined;
  /** Who publishes keeps its place; of all others, some give way where all places are taken. */
  readonly #shares: Shares;
  /** Reads from those that publish, where they are many. */
  #coalescer: ReadCoalescer | undefined;

  constructor(options: RtmpServerOptions) {
    this.#options = options;
    this.#trouble = new TroubleLog(options.clock, (trouble) => this.#tell(trouble));
    this.#shares = new Shares({ total: options.maxConnections });
  }

  /** Connections at a time; may be changed at any time. */
  get maxConnections(): number {
    return this.#shares.total;
  }

  set maxConnections(count: number) {
    this.#shares.total = count;
  }

  /**
   * Listens; where that has ended, again and at the same port.
   * @param onEnd called once, when it has ended and nobody closed it; connections go on
   * @throws {Deno.errors.AddrInUse} and what else `Deno.listen` throws
   */
  start(onEnd: (why: Error) => void = () => {}): void {
    const { addr, clock, connectionTimeoutMs, certificate } = this.#options;
    const port = this.#addr?.port ?? addr.port;
    const listener = Deno.listen({ hostname: addr.hostname, port });
    this.#addr = listener.addr;
    const period = Math.min(CHECK_MS, connectionTimeoutMs / 4);
    this.#timer ??= clock.every(period, () => this.#check());
    const coalescer = this.#coalescer ??= new ReadCoalescer({ clock });
    const source = certificate === undefined
      ? listener
      : new TlsListener(listener, certificate, { clock, maxVersion: MAX_TLS_VERSION });
    this.#accepting = new AcceptLoop<StreamSocket>(source, {
      clock,
      onAccepted: (socket) => this.#serve(coalescer.wrap(socket)),
      onFailed: (why) => {
        this.#trouble.acceptFailed(why);
        this.#check();
      },
      onEnd,
    });
  }

  /** Where it listens; the bound port where 0 was asked for. */
  get addr(): Deno.NetAddr {
    if (this.#addr === undefined) throw new Error("Cannot tell the address: not listening");
    return this.#addr;
  }

  /** Stops listening and closes all connections; resolves when the last has ended. */
  async close(): Promise<void> {
    const timer = this.#timer;
    if (timer === undefined) return;
    this.#timer = undefined;
    timer.cancel();
    this.#accepting?.close();
    for (const connection of this.#connections.keys()) connection.abort("the server stops");
    await this.#accepting?.ended;
    await Promise.all(this.#connections.values());
    this.#coalescer?.close();
    this.#trouble.flush();
  }

  #serve(socket: StreamSocket): void {
    const { clock, connectionTimeoutMs: timeoutMs } = this.#options;
    const doorkeeper = this.#keeping(() => place);
    const connection = new RtmpConnection(socket, { doorkeeper, clock, timeoutMs });
    const { address } = connection;
    const place = this.#shares.take({ address, giveWay: () => this.#giveWay(connection) });
    if (place === undefined) {
      this.#trouble.turnedAway();
      return socket.close();
    }
    const ended = connection.run().finally(() => {
      place.release();
      this.#connections.delete(connection);
    });
    this.#connections.set(connection, ended);
  }

  /** Lets publishers in as the doorkeeper does; who is let in keeps its place. */
  #keeping(place: () => Place | undefined): Doorkeeper {
    const { doorkeeper } = this.#options;
    return {
      ask: (request) => doorkeeper.ask(request),
      publish: (request) => {
        const ingest = doorkeeper.publish(request);
        place()?.keep();
        return ingest;
      },
    };
  }

  #giveWay(connection: RtmpConnection): void {
    this.#trouble.turnedAway();
    connection.abort("another connection took its place before it published");
  }

  #check(): void {
    for (const connection of this.#connections.keys()) connection.checkTimeouts();
    this.#trouble.check();
  }

  get #what(): string {
    return this.#options.certificate === undefined ? "RTMP" : "RTMPS";
  }

  #tell({ turnedAway: count, acceptError: error }: Trouble): void {
    if (count > 0) {
      logger.warn("{count} {what} connections turned away: {maxConnections} are open", {
        count,
        what: this.#what,
        maxConnections: this.maxConnections,
      });
    }
    if (error !== undefined) {
      logger.error("Cannot accept {what} connections: {error}", { what: this.#what, error });
    }
  }
}
