/**
 * What doors on TCP have in common: accepts connections, and counts and ends them.
 *
 * @module
 */
import { getLogger, type Logger } from "@logtape/logtape";
import { AcceptLoop } from "../listening/accept_loop.ts";
import { ReadCoalescer } from "../listening/read_coalescer.ts";
import { peerHostname, type StreamSocket } from "../listening/stream_socket.ts";
import { type Trouble, TroubleLog } from "../listening/trouble_log.ts";
import type { Clock, Timer } from "../session/clock.ts";
import type { Doorkeeper } from "../session/ingest.ts";
import { type Place, Shares } from "../session/shares.ts";
import type { CurrentCertificate } from "../tls/current_certificate.ts";
import { TlsListener, type TlsListenerOptions } from "../tls/tls_listener.ts";

/** How often timeouts are looked at; there is no timer per connection. */
const CHECK_MS = 1000;

/** What every door is told. */
export interface TcpDoorOptions {
  /** Where to listen; port 0 takes a free one. */
  readonly addr: { readonly hostname: string; readonly port: number };
  /** Milliseconds of silence that end a connection; the door's other limits follow from it. */
  readonly connectionTimeoutMs: number;
  /** Connections at a time; where that many publish, more are closed at once. */
  readonly maxConnections: number;
  readonly clock: Clock;
  readonly doorkeeper: Doorkeeper;
  /** Has the protocol carried over TLS, with this certificate. */
  readonly certificate?: CurrentCertificate | undefined;
}

/** What differs from door to door. */
export interface TcpDoorKind {
  /** The room whose name its log lines have. */
  readonly room: string;
  /** What people call what it speaks, such as `RTMP`. */
  readonly what: string;
  /** The newest version of TLS that its clients know. Default: the newest that there is. */
  readonly maxTlsVersion?: TlsListenerOptions["maxVersion"];
  /** Makes what serves a connection, and asks that doorkeeper. */
  readonly connect: (socket: StreamSocket, doorkeeper: Doorkeeper) => DoorConnection;
}

/** What serves one connection of a door. */
export interface DoorConnection {
  /** Serves it until the door has no more to do with it. Never rejects. */
  run(): Promise<void>;
  /** Closes the socket at once. */
  abort(why: string): void;
  /** Ends it where it has been too slow or too silent. To be called now and then. */
  checkTimeouts(): void;
}

/** Accepts publishers over TCP, or over TLS. */
export class TcpDoor {
  readonly #options: TcpDoorOptions;
  readonly #kind: TcpDoorKind;
  readonly #logger: Logger;
  readonly #connections = new Map<DoorConnection, Promise<void>>();
  readonly #trouble: TroubleLog;
  #accepting: AcceptLoop | undefined;
  /** Where it listened first. */
  #addr: Deno.NetAddr | undefined;
  #timer: Timer | undefined;
  /** Who publishes keeps its place; of all others, some give way where all places are taken. */
  readonly #shares: Shares;
  /** Reads from those that publish, where they are many. */
  #coalescer: ReadCoalescer | undefined;

  constructor(options: TcpDoorOptions, kind: TcpDoorKind) {
    this.#options = options;
    this.#kind = kind;
    this.#logger = getLogger(["echo", kind.room]);
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
    const { maxTlsVersion: maxVersion } = this.#kind;
    const port = this.#addr?.port ?? addr.port;
    const listener = Deno.listen({ hostname: addr.hostname, port });
    this.#addr = listener.addr;
    const period = Math.min(CHECK_MS, connectionTimeoutMs / 4);
    this.#timer ??= clock.every(period, () => this.#check());
    const coalescer = this.#coalescer ??= new ReadCoalescer({ clock });
    const source = certificate === undefined
      ? listener
      : new TlsListener(listener, certificate, { clock, maxVersion });
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
    const connection = this.#kind.connect(socket, this.#keeping(() => place));
    const address = peerHostname(socket);
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

  #giveWay(connection: DoorConnection): void {
    this.#trouble.turnedAway();
    connection.abort("another connection took its place before it published");
  }

  #check(): void {
    for (const connection of this.#connections.keys()) connection.checkTimeouts();
    this.#trouble.check();
  }

  #tell({ turnedAway: count, acceptError: error }: Trouble): void {
    const { what } = this.#kind;
    if (count > 0) {
      this.#logger.warn("{count} {what} connections turned away: {maxConnections} are open", {
        ...{ count, what, maxConnections: this.maxConnections },
      });
    }
    if (error !== undefined) {
      this.#logger.error("Cannot accept {what} connections: {error}", { what, error });
    }
  }
}
