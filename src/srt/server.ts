import { getLogger } from "@logtape/logtape";
import {
  formatAddress,
  listenSrt,
  loadSrt,
  receiveBufferFor,
  type SrtAddress,
  type SrtConnection,
  SrtError,
  type SrtLibrary,
  type SrtListener,
  type SrtListenOptions,
  SrtPoller,
} from "../../ffi/srt.ts";
import type { KeptSocket, ListeningSockets } from "../listening/listening_sockets.ts";
import type { Clock, Timer } from "../session/clock.ts";
import type { EventBus } from "../session/events.ts";
import { PublishRefused } from "../session/ingest.ts";
import type { Session } from "../session/session.ts";
import type { SessionManager } from "../session/session_manager.ts";
import { LinkTotals } from "./link_totals.ts";
import { findPort, type PortRange } from "./port_range.ts";
import { SrtPublisher, type SrtPublisherOptions } from "./publisher.ts";
import { credentialsOfStreamId, parseStreamId } from "./stream_id.ts";

/** How often timeouts are looked at; there is no timer per connection. */
const CHECK_MS = 1000;
/** Connections to a session's port that have not sent audio yet. */
const MAX_WAITING_ON_PORT = 4;
/** Handshakes to a session's port that may be complete before they are taken. */
const PORT_BACKLOG = 16;
/** Turned away connections and failed accepts share a log line this often. */
const TROUBLE_LOG_MS = 10_000;
/** With room for the video that an encoder may send along. */
const MAX_BITRATE = 10_000_000;

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
  readonly sessions: Pick<
    SessionManager,
    "ask" | "publish" | "attach" | "mayReplace" | "readFirst"
  >;
  /** Tells which sessions end. */
  readonly events: EventBus;
  /** Keeps the listeners of sessions open. */
  readonly sockets: Pick<ListeningSockets, "keep">;
}

/** What there is from start to close. */
interface Running {
  readonly srt: SrtLibrary;
  readonly poller: SrtPoller;
  readonly timer: Timer;
  readonly unsubscribe: () => void;
}

/** A listener for one session, and who has come to it. */
interface SessionPort {
  readonly session: Session;
  readonly number: number;
  /** The last one, where it had to be opened again. */
  listener: SrtListener;
  readonly publishers: Set<SrtPublisher>;
  kept: KeptSocket | undefined;
}

/**
 * Accepts SRT publishers: on a listener for all, where the stream id names the broadcast, and on
 * listeners of single sessions, whose port is told to whoever may publish.
 */
export class SrtServer {
  readonly #options: SrtServerOptions;
  /** By session id. */
  readonly #ports = new Map<number, SessionPort>();
  readonly #publishers = new Set<SrtPublisher>();
  /** Of connections that have ended. */
  readonly ended = new LinkTotals();
  #running: Running | undefined;
  /** The last one, where it had to be opened again. */
  #shared: SrtListener | undefined;
  #turnedAway = 0;
  #acceptError: string | undefined;
  #troubleLoggedAt = -Infinity;

  constructor(options: SrtServerOptions) {
    this.#options = options;
  }

  /**
   * Loads libsrt and listens; where that has ended, listens again and at the same port.
   * @param onEnd called once, when the shared listener has ended and nobody closed it; connections
   *   and other listeners go on
   * @throws {SrtUnavailable} if there is no libsrt
   * @throws {SrtError} if the address cannot be had
   */
  start(onEnd: (why: Error) => void = () => {}): void {
    if (this.#running !== undefined) return this.#openShared(this.#running, onEnd);
    const { readTimeoutMs, clock, events, library } = this.#options;
    const srt = loadSrt(library === undefined ? {} : { path: library });
    const poller = new SrtPoller(srt);
    try {
      this.#openShared({ srt, poller }, onEnd);
    } catch (error) {
      poller.close();
      srt.close();
      throw error;
    }
    const timer = clock.every(Math.min(CHECK_MS, readTimeoutMs / 4), () => this.#check());
    const unsubscribe = events.subscribe((event) => {
      if (event.kind === "release") this.#release(event.id);
    });
    this.#running = { srt, poller, timer, unsubscribe };
  }

  /** Where the shared listener is; the bound port where 0 was asked for. */
  get address(): SrtAddress {
    if (this.#shared === undefined) throw new Error("Cannot tell the address: not started");
    return this.#shared.address;
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
    const { srt, poller } = this.#started();
    const used = new Set(Array.from(this.#ports.values(), ({ number }) => number));
    const listener = findPort(
      this.#options.ports,
      (port) => used.has(port),
      (port) => this.#tryListen(srt, port),
    );
    if (listener === undefined) {
      throw new PublishRefused("limit", `Cannot publish ${session.name}: no SRT port is free`);
    }
    const number = listener.address.port;
    const port: SessionPort = {
      ...{ session, number, listener },
      publishers: new Set(),
      kept: undefined,
    };
    this.#ports.set(session.id, port);
    port.kept = this.#options.sockets.keep({
      kind: "srt-port",
      forOneSession: true,
      what: `SRT for ${session.name}`,
      address: formatAddress(listener.address),
      open: (onEnd) => {
        if (port.listener.closed) port.listener = this.#listenOn(srt, number);
        this.#listen(poller, port.listener, (connection) => {
          this.#acceptOnPort(port, connection);
        }, onEnd);
      },
    });
    return number;
  }

  /** The port of a session's listener; `undefined` where it has none. */
  portOf(session: Session): number | undefined {
    return this.#ports.get(session.id)?.number;
  }

  /** Closes all listeners and connections, and unloads libsrt. */
  close(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.timer.cancel();
    running.unsubscribe();
    running.poller.close();
    this.#shared?.close();
    for (const publisher of this.#publishers) publisher.close("the server stops");
    for (const id of this.#ports.keys()) this.#release(id);
    running.srt.close();
    this.#logTrouble();
  }

  #started(): Running {
    if (this.#running === undefined) throw new Error("Cannot use the SRT server: not started");
    return this.#running;
  }

  #listenOptions(port: number): SrtListenOptions {
    const { addr: { hostname }, latencyMs } = this.#options;
    return {
      hostname,
      port,
      receiverLatencyMs: latencyMs,
      ...receiveBufferFor({ bitrate: MAX_BITRATE, latencyMs }),
    };
  }

  #openShared({ srt, poller }: Pick<Running, "srt" | "poller">, onEnd: (why: Error) => void): void {
    const { addr, passphrase } = this.#options;
    this.#shared = listenSrt(srt, {
      ...this.#listenOptions(this.#shared?.address.port ?? addr.port),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    this.#listen(poller, this.#shared, (connection) => this.#acceptShared(connection), onEnd);
  }

  /** @throws {SrtError} */
  #listenOn(srt: SrtLibrary, port: number): SrtListener {
    return listenSrt(srt, { ...this.#listenOptions(port), backlog: PORT_BACKLOG });
  }

  #tryListen(srt: SrtLibrary, port: number): SrtListener | undefined {
    try {
      return this.#listenOn(srt, port);
    } catch (error) {
      if (error instanceof SrtError) return undefined;
      throw error;
    }
  }

  #listen(
    poller: SrtPoller,
    listener: SrtListener,
    onConnection: (connection: SrtConnection) => void,
    onEnd: (why: Error) => void,
  ): void {
    poller.addListener(listener, {
      onConnection,
      onError: (error) => {
        this.#acceptError = `${formatAddress(listener.address)}: ${error.reason}`;
        this.#check();
      },
      onEnd,
    });
  }

  /** The broadcast is what the stream id names. */
  #acceptShared(connection: SrtConnection): void {
    const { sessions } = this.#options;
    const publisher = this.#publisher(connection, {
      session: undefined,
      ask: (transport) => sessions.ask({ ...parseStreamId(connection.streamId), transport }),
      admit: (transport, approved) =>
        sessions.publish({ ...parseStreamId(connection.streamId), transport, approved }),
      onEnd: () => {},
    });
    publisher.admit();
    this.#serve(publisher);
  }

  /** Who comes first may publish; who comes later has to be entitled once he sends audio. */
  #acceptOnPort(port: SessionPort, connection: SrtConnection): void {
    const waiting = [...port.publishers].filter((publisher) => !publisher.admitted);
    if (waiting.length >= MAX_WAITING_ON_PORT) {
      this.#turnedAway++;
      return connection.close();
    }
    const { session } = port;
    const { sessions } = this.#options;
    const { user, key, keys } = credentialsOfStreamId(connection.streamId);
    const publisher = this.#publisher(connection, {
      session,
      // Who may reserve the port was asked about before; here, who may take over.
      ask: (transport) =>
        key === undefined || sessions.mayReplace(session, transport.address, keys)
          ? sessions.readFirst(session)
          : sessions.ask({ name: session.name, user, key, transport }),
      admit: (transport, approved) => {
        if (approved || sessions.mayReplace(session, transport.address, keys)) {
          return sessions.attach(session, transport);
        }
        throw new PublishRefused(
          "name-in-use",
          `Cannot publish ${session.name}: somebody else is on air with it`,
        );
      },
      onEnd: (publisher) => port.publishers.delete(publisher),
    });
    port.publishers.add(publisher);
    this.#serve(publisher);
  }

  #publisher(
    connection: SrtConnection,
    options: Pick<SrtPublisherOptions, "session" | "ask" | "admit" | "onEnd">,
  ): SrtPublisher {
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

  /** The session is over. */
  #release(sessionId: number): void {
    const port = this.#ports.get(sessionId);
    if (port === undefined) return;
    this.#ports.delete(sessionId);
    port.kept?.close();
    port.listener.close();
    for (const publisher of port.publishers) publisher.close("the session is over");
  }

  #check(): void {
    for (const publisher of this.#publishers) publisher.checkTimeouts();
    const now = this.#options.clock.monotonic();
    if (now - this.#troubleLoggedAt < TROUBLE_LOG_MS) return;
    if (this.#logTrouble()) this.#troubleLoggedAt = now;
  }

  /** Returns whether there was something to say. */
  #logTrouble(): boolean {
    const count = this.#turnedAway;
    const error = this.#acceptError;
    if (count > 0) {
      logger.warn("{count} SRT connections turned away: {max} wait on the port already", {
        count,
        max: MAX_WAITING_ON_PORT,
      });
    }
    if (error !== undefined) logger.error("Cannot accept SRT connections on {error}", { error });
    this.#turnedAway = 0;
    this.#acceptError = undefined;
    return count > 0 || error !== undefined;
  }
}
