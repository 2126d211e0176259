/**
 * Ports for one session each, which the control API tells to whoever may publish.
 *
 * @module
 */
import { formatAddress, type SrtConnection, type SrtListener } from "../../ffi/srt.ts";
import type { KeptSocket, ListeningSockets } from "../listening/listening_sockets.ts";
import {
  type AdmittedIngest,
  type Approval,
  type Doorkeeper,
  nameInUse,
  PublishRefused,
  type PublishRequest,
} from "../session/ingest.ts";
import type { Rank, Shown } from "../session/places.ts";
import type { Clock } from "../session/clock.ts";
import { withDj } from "../session/props.ts";
import type { Session } from "../session/session.ts";
import type { SessionManager } from "../session/session_manager.ts";
import { Shares } from "../session/shares.ts";
import { ClosingListeners } from "./closing_listeners.ts";
import type { SrtListeners } from "./listeners.ts";
import { findPort, type PortRange } from "./port_range.ts";
import type { PublisherOptions, SrtPublisher } from "./publisher.ts";
import { credentialsOfStreamId } from "./stream_id.ts";

/** Connections to a session's port that have not sent audio yet, of each {@link Rank}. */
export const MAX_WAITING_ON_PORT = 4;
/** Of it so many handshakes may be complete before they are taken. */
const OF_A_PORT = { backlog: 16 };

/** What ports ask of the sessions: who may take over which. */
export type PortSessions = Pick<SessionManager, "ask" | "attach" | "places">;

export interface SrtPortsOptions {
  readonly ports: PortRange;
  readonly clock: Clock;
  readonly listeners: SrtListeners;
  readonly sessions: PortSessions;
  /** Keeps the listeners open. */
  readonly sockets: Pick<ListeningSockets, "keep">;
  readonly makePublisher: (connection: SrtConnection, options: PublisherOptions) => SrtPublisher;
  /** Has the messages of its connection be read. */
  readonly serve: (publisher: SrtPublisher) => void;
  /** Told of each connection that gives way because too many wait. */
  readonly onTurnedAway: () => void;
}

/** A listener for one session, and who has come to it. */
interface SessionPort {
  readonly session: Session;
  readonly number: number;
  /** The last one, where it had to be opened again. */
  listener: SrtListener;
  readonly publishers: Set<SrtPublisher>;
  /** The places of those that have not sent audio yet: strangers take none of who has the key. */
  readonly waiting: Readonly<Record<Rank, Shares>>;
  kept: KeptSocket | undefined;
}

/** The ports that are open. */
export class SrtPorts {
  readonly #options: SrtPortsOptions;
  /** By session id. */
  readonly #ports = new Map<number, SessionPort>();
  /** Those of sessions that are over. */
  readonly #closing: ClosingListeners;

  constructor(options: SrtPortsOptions) {
    this.#options = options;
    this.#closing = new ClosingListeners(options.clock);
  }

  /**
   * Opens a listener for a session that has none.
   * @throws {PublishRefused} of kind `limit`, where no port is free
   */
  open(session: Session): number {
    const { listeners, sockets } = this.#options;
    const listener = this.#openAny();
    if (listener === undefined) {
      throw new PublishRefused("limit", `Cannot publish ${session.name}: no SRT port is free`);
    }
    const number = listener.address.port;
    const port: SessionPort = {
      ...{ session, number, listener, kept: undefined },
      publishers: new Set(),
      waiting: { 0: waitingPlaces(), 1: waitingPlaces(), 2: waitingPlaces() },
    };
    this.#ports.set(session.id, port);
    port.kept = sockets.keep({
      kind: "srt-port",
      noRestart: true,
      what: `SRT for ${session.name}`,
      address: formatAddress(listener.address),
      open: (onEnd) => {
        if (port.listener.closed) port.listener = listeners.open(number, OF_A_PORT);
        const onConnection = (connection: SrtConnection) => this.#accept(port, connection);
        listeners.watch(port.listener, { onConnection, onEnd });
      },
    });
    return number;
  }

  /** The port of a session's listener; `undefined` where it has none. */
  portOf(session: Session): number | undefined {
    return this.#ports.get(session.id)?.number;
  }

  /** Closes the port of a session that is over. */
  release(sessionId: number): void {
    const port = this.#ports.get(sessionId);
    if (port === undefined) return;
    this.#ports.delete(sessionId);
    port.kept?.close();
    this.#closing.close(port.listener);
    for (const publisher of port.publishers) publisher.close("the session is over");
  }

  /** Closes all. */
  close(): void {
    for (const id of this.#ports.keys()) this.release(id);
    this.#closing.closeAll();
  }

  /** Opens a listener on a port that no session has; `undefined` where none is free. */
  #openAny(): SrtListener | undefined {
    const { ports, listeners } = this.#options;
    const tryOpen = (port: number) => {
      this.#closing.free(port);
      return listeners.tryOpen(port, OF_A_PORT);
    };
    const { portToReuse } = this.#closing;
    const reused = portToReuse === undefined ? undefined : tryOpen(portToReuse);
    if (reused !== undefined) return reused;
    const used = new Set(Array.from(this.#ports.values(), ({ number }) => number));
    return findPort(ports, (port) => used.has(port), tryOpen);
  }

  /** Who comes first may publish; who comes later may have to show a key once he sends audio. */
  #accept({ session, publishers, waiting }: SessionPort, connection: SrtConnection): void {
    // The session is over, and the listener waits to be closed.
    if (!this.#ports.has(session.id)) return connection.close();
    const { sessions, makePublisher, serve, onTurnedAway } = this.#options;
    const { user, key, keys } = credentialsOfStreamId(connection.streamId);
    const { hostname: address } = connection.peer;
    const rank = sessions.places.rankOf(session, address, { tokens: keys, approved: false });
    const giveWay = () => {
      onTurnedAway();
      publisher.close("too many connections to the port wait");
    };
    const place = waiting[rank].take({ address, giveWay });
    const publisher = makePublisher(connection, {
      session,
      doorkeeper: new PortDoorkeeper(sessions, session, keys, () => place?.release()),
      request: (transport) => ({ name: session.name, user, key, transport }),
      onEnd: (publisher) => {
        publishers.delete(publisher);
        place?.release();
      },
    });
    publishers.add(publisher);
    serve(publisher);
  }
}

/** The one that comes always gets a place: who has been silent for longest gives way. */
function waitingPlaces(): Shares {
  return new Shares({ total: MAX_WAITING_ON_PORT });
}

/** Who may send to a session's own port: who may reserve it was asked about before. */
class PortDoorkeeper implements Doorkeeper {
  readonly #sessions: PortSessions;
  readonly #session: Session;
  /** All that the connection shows and that may be a key. */
  readonly #keys: readonly string[];
  readonly #onAdmitted: () => void;

  constructor(
    sessions: PortSessions,
    session: Session,
    keys: readonly string[],
    onAdmitted: () => void,
  ) {
    this.#sessions = sessions;
    this.#session = session;
    this.#keys = keys;
    this.#onAdmitted = onAdmitted;
  }

  ask(request: PublishRequest): Promise<Approval | undefined> | undefined {
    const { places } = this.#sessions;
    const shown = this.#shownBy(request);
    const { address } = request.transport;
    return request.key === undefined || places.mayTake(this.#session, address, shown)
      ? places.awaitTurn(this.#session, address, shown)
      : this.#sessions.ask(request);
  }

  publish(request: PublishRequest): AdmittedIngest {
    const { transport, approved } = request;
    const session = this.#session;
    const shown = this.#shownBy(request);
    if (!this.#sessions.places.mayTake(session, transport.address, shown)) {
      throw nameInUse(session.name);
    }
    this.#onAdmitted();
    if (approved?.dj !== undefined) session.props = withDj(session.props, approved.dj);
    return this.#sessions.attach(session, transport, shown);
  }

  #shownBy({ approved }: PublishRequest): Shown {
    return { tokens: this.#keys, approved: approved !== undefined };
  }
}
