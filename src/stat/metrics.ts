import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Clock } from "../session/clock.ts";
import type { EventBus, InputQuality, SessionEvent } from "../session/events.ts";
import type { Session } from "../session/session.ts";
import type { SessionManager } from "../session/session_manager.ts";
import type { Audience } from "./audience.ts";
import { registerDiskMetrics } from "./disk_metrics.ts";
import { registerProcessMetrics } from "./process_metrics.ts";

/** Names that metrics tell apart: each is a time series. */
const MAX_NAMES = 100;

const QUALITY_HELP: Readonly<Record<keyof InputQuality, string>> = {
  total_count: "Frames that arrived",
  drop_count: "Packets that transports gave up, and frames that came too late to be kept",
  bad_count: "What could not be parsed",
  filler_count: "Silent frames that were put in",
};

const QUALITY_NAMES: Readonly<Record<keyof InputQuality, string>> = {
  total_count: "echo_input_frames_total",
  drop_count: "echo_input_dropped_total",
  bad_count: "echo_input_bad_total",
  filler_count: "echo_filler_frames_total",
};

const QUALITY_FIELDS = Object.keys(QUALITY_NAMES) as (keyof InputQuality)[];

export interface MetricsOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly sessions: Pick<SessionManager, "sessions" | "get">;
  /** Files that are being recorded or finished. */
  readonly recordings: () => number;
  readonly audience: Audience;
  /** Folders whose disks are looked after, by what they are for. */
  readonly folders: Readonly<Record<string, string>>;
}

/** What Prometheus collects. Only `echo_name_listeners` has names of broadcasts, 100 at most. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #sessions: MetricsOptions["sessions"];
  readonly #ended: Record<keyof InputQuality, number> = {
    total_count: 0,
    drop_count: 0,
    bad_count: 0,
    filler_count: 0,
  };
  readonly #stops: (() => void)[];
  readonly #events;
  readonly #recordedSeconds;
  readonly #segmentLateness;
  readonly #requestDuration;

  constructor(options: MetricsOptions) {
    const { clock, events, sessions, recordings, audience, folders } = options;
    const registers = [this.#registry];
    this.#sessions = sessions;
    this.#events = new Counter({
      name: "echo_session_events_total",
      help: "What happened to sessions",
      labelNames: ["event"],
      registers,
    });
    this.#recordedSeconds = new Counter({
      name: "echo_recorded_seconds_total",
      help: "Playing time of finished recordings",
      registers,
    });
    this.#segmentLateness = new Histogram({
      name: "echo_hls_segment_lateness_seconds",
      help: "How long after it was due a segment was listed",
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    });
    this.#requestDuration = new Histogram({
      name: "echo_http_request_duration_seconds",
      help: "Time from a request to the beginning of its answer",
      labelNames: ["kind", "status"],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5],
      registers,
    });
    this.#registerSessions();
    this.#registerQuality();
    registerGauge(this.#registry, "echo_recordings", "Files being recorded", recordings);
    this.#registerAudience(audience);
    this.#stops = [
      events.subscribe((event) => this.#note(event)),
      registerProcessMetrics(this.#registry, clock),
      registerDiskMetrics(this.#registry, clock, folders),
    ];
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of them in Prometheus' text format, version 0.0.4. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A segment was listed `latenessMs` after it was due. */
  segmentListed(latenessMs: number): void {
    this.#segmentLateness.observe(latenessMs / 1000);
  }

  /**
   * A request was answered.
   * @param kind what was asked for; one of a few
   */
  requestAnswered(kind: string, status: number, durationMs: number): void {
    this.#requestDuration.labels(kind, `${Math.floor(status / 100)}xx`).observe(durationMs / 1000);
  }

  /** Stops all timers. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  #note(event: SessionEvent): void {
    this.#events.inc({ event: event.kind });
    if (event.kind === "record-complete") this.#recordedSeconds.inc(event.durationMs / 1000);
    if (event.kind !== "release") return;
    const quality = this.#sessions.get(event.id)?.quality;
    for (const field of QUALITY_FIELDS) this.#ended[field] += quality?.[field] ?? 0;
  }

  #registerSessions(): void {
    const sessions = this.#sessions;
    new Gauge({
      name: "echo_sessions",
      help: "Sessions by protocol and state",
      labelNames: ["protocol", "state"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const protocol of ["srt", "rtmp"] satisfies Session["protocol"][]) {
          for (const state of ["init", "ready", "publishing", "paused"]) {
            this.set({ protocol, state }, 0);
          }
        }
        for (const { protocol, state } of sessions.sessions) this.inc({ protocol, state });
      },
    });
  }

  #registerQuality(): void {
    const ended = this.#ended;
    const sessions = this.#sessions;
    for (const field of QUALITY_FIELDS) {
      new Counter({
        name: QUALITY_NAMES[field],
        help: QUALITY_HELP[field],
        registers: [this.#registry],
        collect() {
          this.reset();
          this.inc(
            sessions.sessions.reduce((sum, { quality }) => sum + quality[field], ended[field]),
          );
        },
      });
    }
  }

  #registerAudience(audience: Audience): void {
    registerGauge(this.#registry, "echo_listeners", "Listeners", () => audience.total);
    new Gauge({
      name: "echo_name_listeners",
      help: `Listeners of each broadcast, for the ${MAX_NAMES} with the most`,
      labelNames: ["name"],
      registers: [this.#registry],
      collect() {
        this.reset();
        const most = [...audience.byName()].sort(([, a], [, b]) => b - a).slice(0, MAX_NAMES);
        for (const [name, listeners] of most) this.set({ name }, listeners);
      },
    });
  }
}

function registerGauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
