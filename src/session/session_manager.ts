/** All sessions that are live, and the rules of who may publish which name. */
import { Asking } from "./asking.ts";
import { questionAbout } from "./authority.ts";
import type { CarriedSession } from "./carried_session.ts";
import type { Clock, Timer } from "./clock.ts";
import { type EventBus, type SessionEvent, sessionEvent } from "./events.ts";
import type { SessionEnd } from "./frame_sink.ts";
import {
  type AdmittedIngest,
  type Approval,
  type Doorkeeper,
  nameInUse,
  type PublishRequest,
  type Transport,
} from "./ingest.ts";
import type { Key } from "./key_store.ts";
import { AllNames, type Names, type NameWish } from "./names.ts";
import { type DrainingOpenness, Openness, type SessionLimits } from "./openness.ts";
import { NOTHING_SHOWN, Places, type Shown, SILENT_MS } from "./places.ts";
import { withDj } from "./props.ts";
import { PublishRights, type PublishRightsOptions } from "./publish_rights.ts";
import { NAME_TAKEN_REASON, type Reason, SERVER_REASON } from "./reason.ts";
import type { ReserveRequest } from "./reserve_request.ts";
import { type Output, Session } from "./session.ts";
import type { SessionPolicy } from "./session_policy.ts";
import { LiveSessions } from "./live_sessions.ts";
import { WaitingSessions } from "./waiting_sessions.ts";

const KEY_SWEEP_MS = 60_000;

export interface SessionManagerOptions extends SessionLimits, PublishRightsOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly policy: SessionPolicy;
}

/** All live sessions, and the rules of who may publish which. */
export class SessionManager implements Doorkeeper {
  readonly #options: SessionManagerOptions;
  readonly #rights: PublishRights;
  /** Who may take the place of whose connection. */
  readonly places: Places;
  readonly #waiting: WaitingSessions;
  readonly #sessions = new LiveSessions();
  /** What it takes, and how much. */
  readonly openness: Openness;
  readonly #outputs: Output[] = [];
  readonly #keySweep: Timer;
  /** Which names it may have sessions of: by default all. To be set before there are doors. */
  names: Names;
  readonly #asking: Asking;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
    this.names = new AllNames(options.clock);
    this.#rights = new PublishRights(options);
    this.#waiting = new WaitingSessions(options.auth);
    this.openness = new Openness(options);
    this.places = new Places(options.clock, options.keys);
    this.#asking = new Asking({
      ...{ rights: this.#rights, openness: this.openness, places: this.places },
      ...{ sessions: this.#sessions, names: () => this.names },
    });
    this.#keySweep = options.clock.every(KEY_SWEEP_MS, () => {
      options.keys.sweep((name) => this.find(name) !== undefined);
    });
    options.events.subscribe((event) => {
      if (event.kind === "create") this.#heard(event);
    });
  }

  /** Has every later broadcast's frames go to what `output` makes. */
  addOutput(output: Output): void {
    this.#outputs.push(output);
  }

  get sessions(): readonly Session[] {
    return this.#sessions.all;
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  find(name: string): Session | undefined {
    return this.#sessions.find(name);
  }

  /** The session of a name in which a key counts. */
  provenBy(name: string, token: string): Session | undefined {
    const check = this.#options.keys.check(name, token);
    if (check.kind !== "valid") return undefined;
    return this.#sessions.allOf(name).find((session) => check.key.countsIn(session));
  }

  ask(request: PublishRequest): Promise<Approval | undefined> | undefined {
    return this.#asking.ask(request);
  }

  /** As {@link Asking.approve}. */
  approve(request: PublishRequest): Promise<Approval | undefined> | undefined {
    return this.#asking.approve(request);
  }

  /** As {@link Asking.own}. */
  async own(wish: NameWish): Promise<void> {
    await this.#asking.own(wish);
  }

  /** What another box has begun goes on here; `address` is that of its client. */
  takeOver(carried: CarriedSession, address: string): void {
    this.#create(carried.name, { protocol: carried.protocol, address }, carried);
  }

  /**
   * @throws {PublishRefused} where {@link publish} would refuse it now, unless others have to be asked
   */
  check(request: PublishRequest): void {
    const reading = this.#asking.read(request);
    const authority = this.#rights.authorityOver(reading);
    if (authority === undefined) this.#examine(request);
    else {
      this.#checkOpen(reading.name);
      authority.check?.(questionAbout(reading, request.transport));
    }
  }

  /** The session that {@link publish} would have it join, if any; it throws as that does. */
  sessionFor(request: PublishRequest): Session | undefined {
    return this.#examine(request).own;
  }

  /**
   * A connection wants to publish a name: a new broadcast, or one that has a session already. With
   * a valid key or approved it takes over; else only from a publisher that is gone or silent.
   * @throws {PublishRefused}
   */
  publish(request: PublishRequest): AdmittedIngest {
    const { transport } = request;
    const { name, key, own, expiresAt, isProof, dj } = this.#examine(request);
    const session = own ?? this.#create(name, transport);
    const tokens = key === undefined ? [] : [key];
    if (key !== undefined && session.created === undefined) this.#options.keys.opened(session, key);
    if (expiresAt !== undefined) session.endAt(expiresAt);
    if (this.#options.auth === "dj") session.props = withDj(session.props, dj);
    const ingest = this.attach(session, transport, { tokens, approved: isProof });
    this.#emitAuthorize(session, transport.address);
    return ingest;
  }

  /**
   * Reserves the session of a name for a client of the control API, with a key to publish it by. A
   * broadcast keeps its session, and so does who has one that is not heard yet; where it has no
   * transport, it waits anew. Who has not shown a right to the session gets it only from a publisher
   * that has been silent for a while.
   * @throws {PublishRefused} or what `prepare` throws
   */
  reserve(request: ReserveRequest): { session: Session; key: Key } {
    const { name, protocol, address, props, shown, dj, terms, prepare } = request;
    this.#checkOpen(name);
    const checked = shown === "credentials";
    const own = this.#sessions.ownOf(name, (it) => {
      return checked || it === shown || !shown && this.#waiting.isFrom(it, address);
    });
    const mayAsk = checked || own === undefined || own === shown;
    if (!mayAsk && own.silentForMs < SILENT_MS) throw nameInUse(name);
    const client = { address, checked };
    if (own === undefined) this.#waiting.checkNew(client);
    const isCounted = own !== undefined && (own.transport !== undefined || own.protocol === "srt");
    if (protocol === "srt" && !isCounted) {
      this.#waiting.checkSrt(this.sessions, client, this.openness.limits.maxWaiting);
    }
    const session = own ?? this.#create(name, { protocol, address });
    try {
      prepare?.(session);
    } catch (error) {
      if (own === undefined) this.#remove(session);
      throw error;
    }
    const key = this.#options.keys.create(name, checked ? undefined : session.id, dj, terms);
    this.places.asked(session, address);
    session.props = withDj(props, dj);
    if (own === undefined) session.endAt(key.sessionEndsAt);
    if (session.transport === undefined) {
      session.ready(protocol, this.#waiting.waitMsOf(session));
    }
    this.#emitAuthorize(session, address);
    return { session, key };
  }

  /**
   * Lets a connection send that came to the session by itself, as to the port it waits on.
   * @throws {PublishRefused} where nobody is taken
   */
  attach(
    session: Session,
    transport: PublishRequest["transport"],
    shown: Shown = NOTHING_SHOWN,
  ): AdmittedIngest {
    this.#checkOpen(session.name);
    return session.attach(transport, this.places.taken(session, transport, shown));
  }

  /**
   * Takes no new broadcasts from now on. Those that are on air go on, and whoever publishes them may
   * come back, unless it is open to nobody; what nobody has heard yet ends. What goes on of another box
   * has been heard there: it is held for its DJ.
   */
  drain(openTo: DrainingOpenness = "returns"): void {
    this.openness.drain(openTo);
    for (const session of this.sessions) {
      if (session.created === undefined) session.end("shutdown", SERVER_REASON);
    }
  }

  /** Ends all sessions, and refuses every publish from now on. */
  stop(how: SessionEnd, reason: Reason): void {
    this.openness.stop();
    this.#keySweep.cancel();
    for (const session of this.sessions) session.end(how, reason);
  }

  #checkOpen(name: string): void {
    this.openness.checkName(name, this.find(name) !== undefined);
  }

  /** @throws {PublishRefused} where it must not be published */
  #examine(request: PublishRequest) {
    const reading = this.#asking.read(request);
    const { name, key } = reading;
    const { transport: { address } } = request;
    const approved = request.approved?.name === name ? request.approved : undefined;
    this.#checkOpen(name);
    const own = (key === undefined ? undefined : this.provenBy(name, key)) ??
      this.#sessions.ownOf(
        name,
        (it) => approved !== undefined || this.#waiting.isFrom(it, address),
      );
    const right = this.#rights.rightTo(own, reading, approved);
    if (own === undefined) this.openness.checkRoom(name, this.#sessions);
    else if (!right.isProof && !this.places.isFree(own)) throw nameInUse(name);
    return { name, key, own, ...right };
  }

  #create(
    name: string,
    { protocol, address }: Pick<Transport, "protocol" | "address">,
    carried?: CarriedSession,
  ): Session {
    // What another box had has its place already.
    if (carried === undefined) this.openness.checkRoom(name, this.#sessions);
    this.openness.makeRoom(this.#sessions, this.#waiting);
    const { clock, events, policy } = this.#options;
    const session = new Session({
      id: carried?.id ?? this.names.sessionId(),
      name,
      protocol,
      clock,
      events,
      policy,
      carried,
      outputs: () => this.#outputs,
      onEnd: (session) => this.#remove(session),
    });
    this.#sessions.add(session);
    this.#waiting.add(session, address);
    return session;
  }

  /** A session has its name from its first audio on: others of it are over. */
  #heard({ id, name }: SessionEvent): void {
    for (const other of this.#sessions.allOf(name)) {
      if (other.id !== id) other.end("lost", NAME_TAKEN_REASON);
    }
  }

  #remove(session: Session): void {
    this.#sessions.delete(session);
    this.#waiting.delete(session);
    this.#options.keys.release(session, session.created !== undefined);
  }

  #emitAuthorize(session: Session, address: string): void {
    const { clock, events } = this.#options;
    events.emit(sessionEvent(session, "authorize", clock.now(), { address }));
  }
}
