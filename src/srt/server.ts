/**
 * The door for SRT: a listener for all, listeners of single sessions, and who came to them.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import {
  loadSrt,
  type SrtAddress,
  type SrtConnection,
  SrtError,
  type SrtLibrary,
  type SrtListener,
  SrtPoller,
  type SrtRequest,
} from "../../ffi/srt.ts";
import type { ListeningSockets } from "../listening/listening_sockets.ts";
import { type Trouble, TroubleLog } from "../listening/trouble_log.ts";
import type { Clock, Timer } from "../session/clock.ts";
import type { EventBus } from "../session/events.ts";
import type { Doorkeeper } from "../session/ingest.ts";
import type { Session } from "../session/session.ts";
import type { SessionManager } from "../session/session_manager.ts";
import { LinkTotals } from "./link_totals.ts";
import { SrtListeners } from "./listeners.ts";
import type { PortRange } from "./port_range.ts";
import { type PublisherOptions, SrtPublisher } from "./publisher.ts";
import { isRefusal, refusalText, rejectCode } from "./refusal.ts";
import { MAX_WAITING_ON_PORT, type PortSessions, SrtPorts } from "./session_ports.ts";
import { parseStreamId } from "./stream_id.ts";

/** How often timeouts are looked at; there is no timer per connection. */
const CHECK_MS = 1000;

const logger = getLogger(["echo", "srt"]);

export interface SrtServerOptions {
  /** Where the shared listener is, and the address of all others; port 0 takes a free one. */
  readonly addr: SrtAddress;
  /** Ports for listeners of one session. */
  readonly ports: PortRange;
  /** Receiver latency in milliseconds. */
  readonly latencyMs: number;
  /** Milliseconds of silence that end a connection; one without audio ends then too. */
  readonly readTimeoutMs: number;
  /** Encrypts the shared listener. */
  readonly passphrase: string | undefined;
  /** Path of the libsrt to load; `undefined` looks for the system's. */
  readonly library: string | undefined;
  readonly clock: Clock;
  readonly sessions: Doorkeeper & PortSessions & Pick<SessionManager, "check">;
  /** Tells which sessions end. */
  readonly events: EventBus;
  /** Keeps the listeners of sessions open. */
  readonly sockets: Pick<ListeningSockets, "keep">;
}

/** What there is from start to close. */
interface Running {
  readonly srt: SrtLibrary;
  readonly poller: SrtPoller;
  readonly listeners: SrtListeners;
  readonly ports: SrtPorts;
  readonly timer: Timer;
  readonly unsubscribe: () => void;
}

/**
 * Accepts SRT publishers: on a listener for all, where the stream id names the broadcast, and on
 * listeners of single sessions, whose port is told to whoever may publish.
 */
export class SrtServer {
  readonly #options: SrtServerOptions;
  readonly #publishers = new Set<SrtPublisher>();
  readonly #trouble: TroubleLog;
  /** Of connections that have ended. */
  readonly ended = new LinkTotals();
  #failedHandshakes = 0;
  #running: Running | undefined;
  #closing: Promise<void> | undefined;
  /** The last one, where it had to be opened again. */
  #shared: SrtListener | undefined;

  constructor(options: SrtServerOptions) {
    this.#options = options;
    this.#trouble = new TroubleLog(options.clock, tell);
  }

  /**
   * Loads libsrt and listens; where that has ended, listens again and at the same port.
   * @param onEnd called once, when the shared listener has ended and nobody closed it; connections
   *   and other listeners go on
   * @throws {SrtUnavailable} if there is no libsrt
   * @throws {SrtError} if the address cannot be had
   */
  start(onEnd: (why: Error) => void = () => {}): void {
    if (this.#running !== undefined) return this.#openShared(this.#running.listeners, onEnd);
    const { library } = this.#options;
    const srt = loadSrt(library === undefined ? {} : { path: library });
    const poller = new SrtPoller(srt);
    const listeners = this.#makeListeners(srt, poller);
    try {
      this.#openShared(listeners, onEnd);
    } catch (error) {
      poller.close();
      void srt.close();
      throw error;
    }
    this.#run(srt, poller, listeners);
  }

  /** Where the shared listener is; the bound port where 0 was asked for. */
  get address(): SrtAddress {
    if (this.#shared === undefined) throw new Error("Cannot tell the address: not started");
    return this.#shared.address;
  }

  /** Callers of the shared listener that were let in and whose handshake failed then. */
  get failedHandshakes(): number {
    return this.#failedHandshakes;
  }

  /** The connections there are. */
  get publishers(): Iterable<SrtPublisher> {
    return this.#publishers;
  }

  /**
   * Opens a listener for a session that has none. It is closed when the session ends.
   * @throws {PublishRefused} of kind `limit`, where no port is free
   */
  open(session: Session): number {
    return this.#started().ports.open(session);
  }

  /** The port of a session's listener; `undefined` where it has none. */
  portOf(session: Session): number | undefined {
    return this.#running?.ports.portOf(session);
  }

  /** Closes all listeners and connections, and unloads libsrt; may be called again. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.timer.cancel();
    running.unsubscribe();
    running.poller.close();
    this.#shared?.close();
    for (const publisher of this.#publishers) publisher.close("the server stops");
    running.ports.close();
    await running.srt.close();
    this.#trouble.flush();
  }

  #started(): Running {
    if (this.#running === undefined) throw new Error("Cannot use the SRT server: not started");
    return this.#running;
  }

  #makeListeners(srt: SrtLibrary, poller: SrtPoller): SrtListeners {
    const { addr: { hostname }, latencyMs } = this.#options;
    const onError = (why: string) => {
      this.#trouble.acceptFailed(why);
      this.#check();
    };
    return new SrtListeners({ srt, poller, hostname, latencyMs, onError });
  }

  #run(srt: SrtLibrary, poller: SrtPoller, listeners: SrtListeners): void {
    const { readTimeoutMs, clock, events, sessions, sockets } = this.#options;
    const ports = new SrtPorts({
      ports: this.#options.ports,
      clock,
      listeners,
      sessions,
      sockets,
      makePublisher: (connection, options) => this.#makePublisher(connection, options),
      serve: (publisher) => this.#serve(publisher),
      onTurnedAway: () => this.#trouble.turnedAway(),
    });
    const timer = clock.every(Math.min(CHECK_MS, readTimeoutMs / 4), () => this.#check());
    const unsubscribe = events.subscribe((event) => {
      if (event.kind === "release") ports.release(event.id);
    });
    this.#running = { srt, poller, listeners, ports, timer, unsubscribe };
  }

  #openShared(listeners: SrtListeners, onEnd: (why: Error) => void): void {
    const { addr, passphrase } = this.#options;
    this.#shared = listeners.open(
      this.#shared?.address.port ?? addr.port,
      {
        onRequest: (request) => this.#answer(request),
        ...(passphrase === undefined ? {} : { passphrase }),
      },
    );
    listeners.watch(this.#shared, {
      onConnection: (connection) => this.#acceptShared(connection),
      onEnd,
      onHandshakeFailed: (peer) => this.#handshakeFailed(peer),
    });
  }

  /** Refuses in the handshake, where the caller's user sees it, whom nobody else is asked about. */
  #answer({ peer: { hostname: address, port }, streamId }: SrtRequest): number | undefined {
    const transport = { protocol: "srt", address, close: () => {} } as const;
    try {
      this.#options.sessions.check({ ...parseStreamId(streamId), transport });
      return undefined;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const why = refusalText(error, streamId);
      logger.warn("SRT connection from {address}:{port} refused: {why}", { address, port, why });
      return rejectCode(error);
    }
  }

  #handshakeFailed({ hostname: address, port }: SrtAddress): void {
    this.#failedHandshakes++;
    const why = this.#options.passphrase === undefined
      ? "it may have a passphrase, and none is set here"
      : "its passphrase may be wrong";
    logger.warn("SRT connection from {address}:{port} failed in its handshake: {why}", {
      ...{ address, port, why },
    });
  }

  /** The broadcast is what the stream id names. */
  #acceptShared(connection: SrtConnection): void {
    const publisher = this.#makePublisher(connection, {
      session: undefined,
      doorkeeper: this.#options.sessions,
      request: (transport) => ({ ...parseStreamId(connection.streamId), transport }),
      onEnd: () => {},
    });
    publisher.enter();
    this.#serve(publisher);
  }

  #makePublisher(connection: SrtConnection, options: PublisherOptions): SrtPublisher {
    const publisher = new SrtPublisher(connection, {
      ...options,
      clock: this.#options.clock,
      timeoutMs: this.#options.readTimeoutMs,
      onEnd: (publisher) => {
        this.#publishers.delete(publisher);
        if (publisher.statistics !== undefined) this.ended.add(publisher.statistics);
        options.onEnd(publisher);
      },
    });
    this.#publishers.add(publisher);
    return publisher;
  }

  #serve(publisher: SrtPublisher): void {
    if (!this.#publishers.has(publisher)) return;
    try {
      this.#started().poller.addConnection(publisher.connection, publisher);
    } catch (error) {
      if (!(error instanceof SrtError)) throw error;
      publisher.onClose(error);
    }
  }

  #check(): void {
    for (const publisher of this.#publishers) publisher.checkTimeouts();
    this.#trouble.check();
  }
}

function tell({ turnedAway: count, acceptError: error }: Trouble): void {
  if (count > 0) {
    logger.warn("{count} SRT connections closed: more than {max} waited on the port of a session", {
      count,
      max: MAX_WAITING_ON_PORT,
    });
  }
  if (error !== undefined) logger.error("Cannot accept SRT connections on {error}", { error });
}
