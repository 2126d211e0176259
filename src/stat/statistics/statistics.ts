/** All sessions that the statistics tell of, and how many inputs and outputs there are. */
import type { EventBus, SessionEvent } from "../../session/events.ts";
import type { Protocol } from "../../session/ingest.ts";
import { type Outputs, type SessionInfo, TrackedSession } from "./session_info.ts";

/** Sessions that are listed, so that an output that never ends costs no memory without end. */
const MAX_LISTED = 10_000;

/** Sessions that send, by protocol. */
export type InputCount = { readonly total: number } & Readonly<Record<Protocol, number>>;

/** How many inputs and outputs there are; every total is the sum of what stands beside it. */
export interface SessionCount {
  readonly total: number;
  readonly input: InputCount;
  /** Sessions that can be heard, and that are recorded. */
  readonly output: { readonly total: number; readonly hls: number; readonly record: number };
}

/** What is told of a session: its beginning, each report of its input quality, its end. */
export type StatisticsEvent = "created" | "report" | "destroyed";

export interface StatisticsOptions {
  readonly events: EventBus;
  readonly outputs: Outputs;
  /** Called for each, in the order in which they happen. */
  readonly onEvent?: ((event: StatisticsEvent, id: number, info: SessionInfo) => void) | undefined;
}

/** What is told of each session, from its first audio frame until ingest, HLS and record ended. */
export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #sessions = new Map<number, TrackedSession>();
  readonly #unsubscribe: () => void;

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#unsubscribe = options.events.subscribe((event) => this.#note(event));
  }

  /** The ids of all sessions that are listed, the oldest first. */
  get ids(): readonly number[] {
    return [...this.#sessions.keys()];
  }

  /** What is known of a session; `undefined` where it is not listed. */
  find(id: number): SessionInfo | undefined {
    return this.#sessions.get(id)?.info;
  }

  get count(): SessionCount {
    const count = { srt: 0, rtmp: 0, icecast: 0, hls: 0, record: 0 };
    for (const session of this.#sessions.values()) {
      if (session.ingesting) count[session.info.protocol]++;
      if (session.onAir) count.hls++;
      if (session.recording) count.record++;
    }
    const { srt, rtmp, icecast, hls, record } = count;
    const input = srt + rtmp + icecast;
    return {
      total: input + hls + record,
      input: { total: input, srt, rtmp, icecast },
      output: { total: hls + record, hls, record },
    };
  }

  /** Takes no further events. */
  close(): void {
    this.#unsubscribe();
  }

  #note(event: SessionEvent): void {
    if (event.kind === "create") this.#create(event);
    const session = this.#sessions.get(event.id);
    if (session === undefined) return;
    session.note(event);
    if (event.kind === "input-quality") this.#tell("report", event.id, session);
    if (session.ended) this.#destroy(event.id, session);
  }

  #create(event: SessionEvent<"create">): void {
    if (this.#sessions.size >= MAX_LISTED) this.#forgetOne();
    const session = new TrackedSession(event, this.#options.outputs);
    this.#sessions.set(event.id, session);
    this.#tell("created", event.id, session);
  }

  /** Of those that no longer send, the oldest. */
  #forgetOne(): void {
    for (const [id, session] of this.#sessions) {
      if (!session.ingesting) return this.#destroy(id, session);
    }
  }

  #destroy(id: number, session: TrackedSession): void {
    this.#sessions.delete(id);
    this.#tell("destroyed", id, session);
  }

  #tell(event: StatisticsEvent, id: number, { info }: TrackedSession): void {
    this.#options.onEvent?.(event, id, info);
  }
}
