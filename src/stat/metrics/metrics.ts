/** Puts the metrics of all subjects together, as `/metrics` serves them. */
import { Registry } from "prom-client";
import type { Clock } from "../../session/clock.ts";
import type { EventBus } from "../../session/events.ts";
import type { SessionManager } from "../../session/session_manager.ts";
import type { Audience } from "../audience.ts";
import type { RequestDurations } from "../../web/request_durations.ts";
import { registerDiskMetrics } from "./disk_metrics.ts";
import { type FleetFigures, registerFleetMetrics } from "./fleet_metrics.ts";
import type { Health } from "../health.ts";
import { registerHealthMetrics } from "./health_metrics.ts";
import { registerHlsMetrics } from "./hls_metrics.ts";
import { type HookDeliveries, registerHookMetrics } from "./hook_metrics.ts";
import {
  type HttpConnections,
  type HttpThreadFigures,
  registerHttpMetrics,
} from "./http_metrics.ts";
import { registerLevelMetrics } from "./level_metrics.ts";
import { LoadMeter } from "./load_meter.ts";
import { registerProcessMetrics } from "./process_metrics.ts";
import { type RecordingFigures, registerRecordMetrics } from "./record_metrics.ts";
import { registerReportMetrics } from "./report_metrics.ts";
import { registerSessionMetrics } from "./session_metrics.ts";
import { registerSrtMetrics, type SrtLinks } from "./srt_metrics.ts";
import { registerStorageMetrics, type StorageFigures } from "./storage_metrics.ts";
import { registerTlsMetrics } from "./tls_metrics.ts";

export interface MetricsOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly sessions: Pick<SessionManager, "sessions" | "get">;
  readonly recordings: RecordingFigures;
  readonly audience: Audience;
  /** Folders whose disks are looked after, by what they are for. */
  readonly folders: Readonly<Record<string, string>>;
  readonly health: Pick<Health, "report">;
  /** How often each kind of listening socket was opened again. */
  readonly restarts: () => ReadonlyMap<string, number>;
  /** The connections of the HTTP servers, by what these serve. */
  readonly httpServers?: (() => ReadonlyMap<string, HttpConnections>) | undefined;
  /** `undefined`, or gives that, where listeners have no threads. */
  readonly httpThreads?: (() => HttpThreadFigures | undefined) | undefined;
  /** `undefined`, or gives that, where there is no SRT. */
  readonly srt?: (() => SrtLinks | undefined) | undefined;
  /** How long the TLS certificate is valid yet; `undefined`, or gives that, where there is none. */
  readonly certificateLeftMs?: (() => number | undefined) | undefined;
  /** `undefined`, or gives that, where this box is in no fleet. */
  readonly fleet?: (() => FleetFigures | undefined) | undefined;
  /** `undefined`, or gives that, where there are no webhooks. */
  readonly hook?: (() => HookDeliveries | undefined) | undefined;
  /** `undefined`, or gives that, where there is no bucket. */
  readonly uploads?: (() => StorageFigures | undefined) | undefined;
  /** Lines that reports lack, because they could not be kept. */
  readonly lostReports?: (() => number) | undefined;
}

/**
 * What Prometheus collects: 500 time series at most, however many sessions there are. Only
 * `echo_name_…` have names of broadcasts: the 100 with the most listeners, and the 10 quietest.
 */
export class Metrics {
  /** How the server fares at the moment, for one reader. */
  readonly load: LoadMeter;
  /** Takes how long HTTP answers took to begin. */
  readonly requestDurations: RequestDurations;
  readonly #registry = new Registry();
  readonly #stops: readonly (() => void)[];
  readonly #segmentListed: (latenessMs: number) => void;

  constructor(options: MetricsOptions) {
    const { clock, events, sessions, recordings, audience, folders, srt, hook } = options;
    const registry = this.#registry;
    this.load = new LoadMeter(clock);
    this.#segmentListed = registerHlsMetrics(registry, audience);
    const httpServers = options.httpServers ?? (() => new Map());
    this.requestDurations = registerHttpMetrics(
      registry,
      httpServers,
      options.httpThreads ?? (() => undefined),
    );
    registerHealthMetrics(registry, options.health, options.restarts);
    registerLevelMetrics(registry, sessions);
    registerTlsMetrics(registry, options.certificateLeftMs ?? (() => undefined));
    registerFleetMetrics(registry, options.fleet ?? (() => undefined));
    registerHookMetrics(registry, hook ?? (() => undefined));
    registerStorageMetrics(registry, options.uploads ?? (() => undefined));
    registerReportMetrics(registry, options.lostReports ?? (() => 0));
    this.#stops = [
      registerSessionMetrics(registry, events, sessions),
      registerSrtMetrics(registry, clock, srt ?? (() => undefined)),
      registerRecordMetrics(registry, events, recordings),
      registerDiskMetrics(registry, clock, folders),
      registerProcessMetrics(registry, clock, (lateMs) => this.load.timerFired(lateMs)),
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
    this.#segmentListed(latenessMs);
    this.load.segmentListed(latenessMs);
  }

  /** Stops all timers. */
  close(): void {
    for (const stop of this.#stops) stop();
  }
}
