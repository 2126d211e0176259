/** All sessions that are live, and the rules of who may publish which name. */
import type { Clock, Timer } from "./clock.ts";
import type { EventBus } from "./events.ts";
import type { SessionEnd } from "./frame_sink.ts";
import {
  type AdmittedIngest,
  type Doorkeeper,
  nameInUse,
  type Protocol,
  PublishRefused,
  type PublishRequest,
  type Reading,
} from "./ingest.ts";
import type { Key } from "./key_store.ts";
import { isValidName } from "./name.ts";
import { PublishRights, type PublishRightsOptions } from "./publish_rights.ts";
import { type Reason, SERVER_REASON } from "./reason.ts";
import { type Output, Session, sessionEvent, type SessionPolicy } from "./session.ts";

/** Without a key, only a publisher that has sent nothing for this long is replaced. */
const SILENT_MS = 2000;
/** In `open`, what never had a transport is released after this. */
const OPEN_WAIT_MS = 60_000;
const OPEN_WAITING_PER_ADDRESS = 4;
const KEY_SWEEP_MS = 60_000;

/** How many sessions there may be at a time. */
export interface SessionLimits {
  readonly maxSessions: number;
  /** SRT sessions without a transport. */
  readonly maxWaiting: number;
}

export interface SessionManagerOptions extends SessionLimits, PublishRightsOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly policy: SessionPolicy;
}

/** What the control API asks for. */
export interface ReserveRequest {
  readonly name: string;
  readonly protocol: Protocol;
  /** The client's address. */
  readonly address: string;
  readonly props: Readonly<Record<string, string>>;
  /**
   * Provides what the session needs before anything is promised. What it throws undoes the
   * reservation.
   */
  readonly prepare?: (session: Session) => void;
}

/** All live sessions, one a name, and the rules of who may publish which. */
export class SessionManager implements Doorkeeper {
  readonly #options: SessionManagerOptions;
  readonly #rights: PublishRights;
  readonly #sessions = new Map<number, Session>();
  readonly #byName = new Map<string, Session>();
  readonly #waitingFrom = new Map<Session, string>();
  readonly #outputs: Output[] = [];
  readonly #keySweep: Timer;
  #nextId: number;
  #draining = false;
  #stopping = false;
  /** May be replaced at any time; who is there already stays. */
  limits: SessionLimits;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
    this.#rights = new PublishRights(options);
    this.limits = options;
    this.#nextId = options.clock.now();
    this.#keySweep = options.clock.every(KEY_SWEEP_MS, () => options.keys.sweep());
  }

  /** Has every later broadcast's frames go to what `output` makes. */
  addOutput(output: Output): void {
    this.#outputs.push(output);
  }

  get sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  find(name: string): Session | undefined {
    return this.#byName.get(name);
  }

  /** Has the authority say who may publish, where there is one; this server's own keys need none. */
  ask(request: PublishRequest): Promise<boolean> | undefined {
    const { protocol, address } = request.transport;
    const { name, user, key } = this.#read(request);
    const authority = this.#rights.authorityOver({ name, key });
    if (authority !== undefined) this.#checkOpen(name);
    const answer = authority?.ask({ name, protocol, address, credentials: { user, key } });
    const live = this.#byName.get(name);
    const caughtUp = live && this.readFirst(live);
    if (answer === undefined) return caughtUp;
    return Promise.all([answer, caughtUp]).then(() => true);
  }

  /**
   * Has what arrived from the connection of `session` be read before another one takes its place: it
   * may have said goodbye, or be all but silent. Resolves to no: nobody approved anything.
   * @returns `undefined` where there is none
   */
  readFirst(session: Session): Promise<boolean> | undefined {
    if (session.transport === undefined) return undefined;
    return new Promise((resolve) => this.#options.clock.after(0, () => resolve(false)));
  }

  /** @throws {PublishRefused} where `publish` would refuse it now, unless others are to be asked */
  check(request: PublishRequest): void {
    const reading = this.#read(request);
    if (this.#rights.authorityOver(reading) === undefined) this.#examine(request);
    else this.#checkOpen(reading.name);
  }

  /**
   * A connection wants to publish a name: a new broadcast, or one that has a session already. With
   * a valid key or approved it takes over; else only from a publisher that is gone or silent.
   * @throws {PublishRefused}
   */
  publish(request: PublishRequest): AdmittedIngest {
    const { transport } = request;
    const { name, live, expiresAt } = this.#examine(request);
    const session = live ?? this.#create(name, transport.protocol);
    this.#waitingFrom.delete(session);
    if (expiresAt !== undefined) session.endAt(expiresAt);
    const ingest = session.attach(transport);
    this.#emitAuthorize(session, transport.address);
    return ingest;
  }

  /**
   * Reserves the session of a name for a client of the control API, with a key to publish it by. A
   * name that has a session keeps it; where that has no transport, it waits anew.
   * @throws {PublishRefused} or what `prepare` throws
   */
  reserve(request: ReserveRequest): { session: Session; key: Key } {
    const { name, protocol, address, props, prepare } = request;
    this.#checkOpen(name);
    const live = this.#byName.get(name);
    if (live === undefined) this.#checkWaitingFrom(address);
    const isCounted = live !== undefined &&
      (live.transport !== undefined || live.protocol === "srt");
    if (protocol === "srt" && !isCounted) this.#checkWaitingSrt();
    const session = live ?? this.#create(name, protocol);
    try {
      prepare?.(session);
    } catch (error) {
      if (live === undefined) this.#remove(session);
      throw error;
    }
    const key = this.#options.keys.create(name);
    session.props = props;
    if (live === undefined) {
      this.#waitingFrom.set(session, address);
      session.endAt(key.expiresAt);
    }
    if (session.transport === undefined) {
      const untried = this.#waitingFrom.has(session) && this.#options.auth === "open";
      session.ready(protocol, untried ? OPEN_WAIT_MS : undefined);
    }
    this.#emitAuthorize(session, address);
    return { session, key };
  }

  /**
   * Whether a connection from `address` may take the place of `session`'s own: none or a silent one
   * is there, it is the same client, or one of `tokens` is a key of the session's name.
   */
  mayReplace(session: Session, address: string, tokens: readonly string[]): boolean {
    return this.#replaceable(session) || session.transport?.address === address ||
      tokens.some((token) => this.#options.keys.check(session.name, token).kind === "valid");
  }

  /** Lets a connection send that came to the session by itself, as to the port it waits on. */
  attach(session: Session, transport: PublishRequest["transport"]): AdmittedIngest {
    this.#waitingFrom.delete(session);
    return session.attach(transport);
  }

  /**
   * Takes no new broadcasts from now on. Those that are on air go on, and whoever publishes them may
   * come back; what has not begun yet ends.
   */
  drain(): void {
    this.#draining = true;
    for (const session of this.sessions) {
      if (session.state === "init" || session.state === "ready") {
        session.end("shutdown", SERVER_REASON);
      }
    }
  }

  /** Ends all sessions, and refuses every publish from now on. */
  stop(how: SessionEnd, reason: Reason): void {
    this.#stopping = true;
    this.#keySweep.cancel();
    for (const session of this.sessions) session.end(how, reason);
  }

  #checkOpen(name: string): void {
    if (!isValidName(name)) {
      throw new PublishRefused(
        "invalid-name",
        "Cannot publish: a name is 1 to 128 of A-Z a-z 0-9 _ and -, and not live",
      );
    }
    if (this.#stopping) {
      throw new PublishRefused("stopping", `Cannot publish ${name}: the server is stopping`);
    }
    if (this.#draining && !this.#byName.has(name)) {
      throw new PublishRefused(
        "stopping",
        `Cannot publish ${name}: the server is about to stop and takes no new broadcasts`,
      );
    }
  }

  /** @throws {PublishRefused} where it must not be published */
  #examine(request: PublishRequest) {
    const reading = this.#read(request);
    const { name } = reading;
    this.#checkOpen(name);
    const expiresAt = this.#rights.expiryOf(reading, request.approved ?? false);
    const live = this.#byName.get(name);
    if (live === undefined) this.#checkRoom(name);
    else if (expiresAt === undefined && !this.#replaceable(live)) {
      throw nameInUse(name);
    }
    return { name, live, expiresAt };
  }

  #checkRoom(name: string): void {
    if (this.#sessions.size < this.limits.maxSessions) return;
    throw new PublishRefused("limit", `Cannot publish ${name}: the server is full`);
  }

  #read(request: PublishRequest): Reading {
    return this.#rights.read(request, (name) => this.#byName.has(name));
  }

  #checkWaitingSrt(): void {
    const waiting = this.sessions.filter((session) =>
      session.protocol === "srt" && session.transport === undefined
    );
    if (waiting.length < this.limits.maxWaiting) return;
    throw new PublishRefused("limit", "Cannot publish: too many sessions wait for their transport");
  }

  #checkWaitingFrom(address: string): void {
    if (this.#options.auth !== "open") return;
    const mine = [...this.#waitingFrom.values()].filter((from) => from === address);
    if (mine.length < OPEN_WAITING_PER_ADDRESS) return;
    throw new PublishRefused(
      "limit",
      "Cannot publish: too many sessions of yours wait for a transport",
    );
  }

  #replaceable(session: Session): boolean {
    return session.transport === undefined || session.silentForMs >= SILENT_MS;
  }

  #create(name: string, protocol: Protocol): Session {
    this.#checkRoom(name);
    const { clock, events, policy } = this.#options;
    const session = new Session({
      id: this.#nextId++,
      name,
      protocol,
      clock,
      events,
      policy,
      outputs: () => this.#outputs,
      onEnd: (session) => this.#remove(session),
    });
    this.#sessions.set(session.id, session);
    this.#byName.set(name, session);
    return session;
  }

  #remove(session: Session): void {
    this.#sessions.delete(session.id);
    this.#waitingFrom.delete(session);
    if (this.#byName.get(session.name) === session) this.#byName.delete(session.name);
  }

  #emitAuthorize(session: Session, address: string): void {
    const { clock, events } = this.#options;
    events.emit(sessionEvent(session, "authorize", clock.now(), { address }));
  }
}
