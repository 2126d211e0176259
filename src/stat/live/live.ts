/** The server as operators watch it on the dashboard, as a stream of server-sent events. */
import { type Clock, type Timer, wallTimeOf } from "../../session/clock.ts";
import type { EventBus, SessionEvent } from "../../session/events.ts";
import { Moment } from "../../session/moment.ts";
import type { SessionManager } from "../../session/session_manager.ts";
import type { Audience } from "../audience.ts";
import { type EncodedEvent, encodeEvent, EventStream } from "./event_stream.ts";
import type { Health } from "../health.ts";
import { FreeSpace } from "./free_space.ts";
import type { History, Sample } from "./history.ts";
import { InputRates } from "./input_rates.ts";
import type { LoadMeter } from "../metrics/load_meter.ts";
import { RecentEvents } from "./recent_events.ts";
import { type SessionDetails, sessionDetails } from "./session_details.ts";
import { SESSION_SAMPLE_MS, SessionHistories } from "./session_histories.ts";
import { SessionLogs } from "./session_logs.ts";
import { sessionTable } from "./snapshot.ts";
import type { SystemUsage } from "../system_usage.ts";

const SAMPLE_MS = 5000;
const SNAPSHOT_MS = 2000;
/** How long browsers wait before they come back. */
const RETRY: EncodedEvent = new TextEncoder().encode("retry: 1000\n\n");

/** What hardly ever changes while the server runs. */
export interface BoxFacts {
  readonly version: string;
  /**
   * Where listeners are served: `http://HOST:port/path/NAME/`, and with `https:` at `tlsPort` where
   * there is TLS; null where they are not.
   */
  readonly hls: { readonly port: number; readonly tlsPort?: number; readonly path: string } | null;
  /** Whether there is an archive. */
  readonly recordings: boolean;
  /** Whether a token is needed to watch. */
  readonly token: boolean;
  /** Whether the server is one of several boxes; left out where it is not. */
  readonly fleet?: true;
}

export interface LiveOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly sessions: Pick<SessionManager, "sessions" | "get">;
  readonly audience: Audience;
  readonly usage: () => SystemUsage;
  /** For this reader alone: each reading begins anew. */
  readonly load: Pick<LoadMeter, "read">;
  /** Folders whose disks are looked after, by what they are for. */
  readonly folders: Readonly<Record<string, string>>;
  readonly health: Pick<Health, "report">;
  readonly box: () => BoxFacts;
  /** Of times on {@link Clock.monotonic}; samples are added to it. */
  readonly history: History;
}

/**
 * The server as operators watch it, by server-sent events:
 * - `box`, first: {@link BoxFacts} and since when it runs
 * - `history`, next: the last hour, as {@link Columns}
 * - `log`: what happened to sessions, the last 200 or what came after `Last-Event-ID`
 * - `snapshot`, every 2 s: sessions and machine. It is the heartbeat too
 * - `sample`, every 5 s: what is added to the history; where the clock was set, `box` and `history`
 *   again
 *
 * Each is encoded once for all clients, and snapshots are made only while there are any.
 */
export class Live {
  readonly #options: LiveOptions;
  readonly #rates: InputRates;
  readonly #recent: RecentEvents;
  readonly #logs: SessionLogs;
  readonly #histories = new SessionHistories();
  readonly #stream: EventStream;
  readonly #space: FreeSpace;
  readonly #start: Moment;
  /** When that was, as it was told last. */
  #toldStart: number;
  readonly #stops: (() => void)[];
  #snapshots: Timer | undefined;

  constructor(options: LiveOptions) {
    const { clock, events, folders } = options;
    this.#options = options;
    this.#start = new Moment(clock);
    this.#toldStart = this.#start.wallMs;
    this.#rates = new InputRates(clock.monotonic());
    this.#recent = new RecentEvents(this.#toldStart);
    this.#logs = new SessionLogs(clock);
    this.#space = new FreeSpace(clock, folders);
    this.#stream = new EventStream({ clock, onAudience: (present) => this.#watch(present) });
    const samples = clock.every(SAMPLE_MS, () => this.#sample());
    const sessionSamples = clock.every(SESSION_SAMPLE_MS, () => this.#sampleSessions());
    this.#stops = [
      () => samples.cancel(),
      () => sessionSamples.cancel(),
      events.subscribe((event) => this.#note(event)),
    ];
  }

  /**
   * A client that watches.
   * @param lastEventId of the last event that it has, where it was here before
   * @param address the client's
   * @param validity ends it when it is aborted
   * @returns the answer's body
   */
  watch(
    lastEventId: number,
    address: string,
    validity: AbortSignal,
  ): ReadableStream<EncodedEvent> {
    return this.#stream.join(
      [
        RETRY,
        this.#box(),
        this.#past(),
        ...this.#recent.after(lastEventId).map((event) => encodeEvent("log", event, event.number)),
        this.#snapshot(),
      ],
      address,
      validity,
    );
  }

  /** Tells all who watch the history anew: something was put before it. */
  tellHistory(): void {
    if (this.watchers > 0) this.#stream.send(this.#past());
  }

  /** All that is known of a live session; `undefined` where there is none of that id. */
  details(id: number): SessionDetails | undefined {
    const { clock, sessions } = this.#options;
    const session = sessions.get(id);
    if (session === undefined) return undefined;
    const { at, ...columns } = this.#histories.of(id);
    const history = { at: at.map((at) => wallTimeOf(clock, at)), ...columns };
    return sessionDetails(session, { history, log: this.#logs.of(id) });
  }

  /** Clients that watch. */
  get watchers(): number {
    return this.#stream.clients;
  }

  /** Ends all clients' streams, and all timers. */
  close(): void {
    for (const stop of this.#stops) stop();
    this.#stream.close();
  }

  #watch(present: boolean): void {
    this.#snapshots?.cancel();
    this.#snapshots = present
      ? this.#options.clock.every(SNAPSHOT_MS, () => this.#stream.send(this.#snapshot()))
      : undefined;
  }

  #box(): EncodedEvent {
    return encodeEvent("box", { ...this.#options.box(), started: this.#start.wallMs });
  }

  #past(): EncodedEvent {
    const { columns } = this.#options.history;
    const at = columns.at.map((at) => wallTimeOf(this.#options.clock, at));
    return encodeEvent("history", { ...columns, at });
  }

  #snapshot(): EncodedEvent {
    const { clock, sessions, audience, health, usage } = this.#options;
    const sources = {
      ...{ sessions: sessions.sessions, audience, rates: this.#rates },
      ...{ logs: this.#logs, histories: this.#histories },
    };
    return encodeEvent("snapshot", {
      at: clock.now(),
      ...usage(),
      disks: this.#space.found(),
      problems: health.report.problems,
      sessions: sessionTable(sources),
    });
  }

  #sample(): void {
    const { clock, sessions, audience, load } = this.#options;
    const { processors, memoryBytes, segmentLatenessMs, eventLoopLagMs } = load.read();
    const live = sessions.sessions;
    const sample: Sample = {
      at: clock.monotonic(),
      sessions: live.filter(({ state }) => state === "publishing").length,
      bitrate: Math.round(this.#rates.measure(live, clock.monotonic())),
      listeners: audience.total,
      cpu: Math.round(processors * 1000) / 10,
      memory: memoryBytes,
      lateness: Math.round(segmentLatenessMs),
      lag: Math.round(eventLoopLagMs * 10) / 10,
    };
    this.#options.history.add(sample);
    const isClockSet = this.#isClockSet();
    if (this.watchers === 0) return;
    if (isClockSet) {
      for (const event of [this.#box(), this.#past()]) this.#stream.send(event);
    } else this.#stream.send(encodeEvent("sample", { ...sample, at: clock.now() }));
  }

  #sampleSessions(): void {
    const { clock, sessions, audience } = this.#options;
    const listeners = new Map(audience.byName());
    this.#histories.sample(sessions.sessions, listeners, clock.monotonic());
  }

  /** Whether it was set since it was asked last. */
  #isClockSet(): boolean {
    const told = this.#toldStart;
    this.#toldStart = this.#start.wallMs;
    return this.#toldStart !== told;
  }

  #note(event: SessionEvent): void {
    // They are told so often that they would drive out all others; snapshots have them too.
    if (event.kind === "audience" || event.kind === "metadata") return;
    const recent = this.#recent.add(event);
    this.#logs.note(event, recent);
    if (this.watchers > 0) this.#stream.send(encodeEvent("log", recent, recent.number));
  }
}
