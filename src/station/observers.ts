/** Statistics and metrics: they observe all other parts. */
import type { Recorder } from "../record/recorder.ts";
import type { SrtServer } from "../srt/server.ts";
import { logCounts, logSessionEvent } from "../stat/statistics/event_log.ts";
import type { ListenAnywhere } from "../fleet/links/listen_anywhere.ts";
import type { FleetFigures } from "../stat/metrics/fleet_metrics.ts";
import { Metrics } from "../stat/metrics/metrics.ts";
import { Reporter } from "../stat/reports/reporter.ts";
import { Statistics } from "../stat/statistics/statistics.ts";
import type { Uploader } from "../storage/uploader.ts";
import type { Core } from "./core.ts";
import type { HttpThreads } from "./threads/http_threads.ts";

export interface Observers {
  readonly statistics: Statistics;
  readonly metrics: Metrics;
  /** `undefined` where no statistics are served. */
  readonly reporter: Reporter | undefined;
}

/** What is observed and starts later than its observers: they look at it anew each time. */
export interface Observed {
  /** `undefined` where nothing is recorded, or not yet. */
  recorder: Recorder | undefined;
  /** `undefined` where recordings stay on the disk, or not yet. */
  uploader: Uploader | undefined;
  /** `undefined` where there is no SRT, or not yet. */
  srt: SrtServer | undefined;
  /** `undefined` where this thread serves listeners, or not yet. */
  threads: HttpThreads | undefined;
  /** `undefined` where the server is alone, or not yet. */
  anywhere: ListenAnywhere | undefined;
}

/** They see what happens from now on. */
export function startObservers(core: Core, observed: Readonly<Observed>): Observers {
  const statistics = startStatistics(core);
  const reporter = startReporter(core);
  const metrics = startMetrics(core, { statistics, reporter }, observed);
  return { statistics, metrics, reporter };
}

function startStatistics({ config, clock, stops, events }: Core): Statistics {
  const { hls, record, stat } = config;
  const statistics = new Statistics({
    events,
    outputs: { hls: hls.enabled, record: record.enabled },
    onEvent: stat.enabled ? logSessionEvent : undefined,
  });
  stops.add(() => statistics.close());
  if (stat.enabled) stops.add(logCounts(clock, () => statistics.count));
  return statistics;
}

function startReporter({ config, clock, events, listeners, health, stops }: Core) {
  const { hls, stat } = config;
  if (!stat.webEnabled) return undefined;
  const isCounted = hls.enabled && hls.webEnabled;
  const reporter = new Reporter({
    ...{ clock, events, folder: stat.reportDir },
    countListeners: isCounted ? (name) => listeners.count(name) : undefined,
  });
  health.add("stat", () => [reporter.problem]);
  stops.add(() => reporter.close());
  return reporter;
}

function startMetrics(
  core: Core,
  { statistics, reporter }: Omit<Observers, "metrics">,
  observed: Readonly<Observed>,
): Metrics {
  const { config, clock, events, sessions, health, sockets, hooks, listeners, webLimits } = core;
  const metrics = new Metrics({
    clock,
    events,
    sessions,
    recordings: {
      active: () => statistics.count.output.record,
      writtenBytes: () => observed.recorder?.writtenBytes ?? 0,
    },
    audience: listeners,
    folders: { hls: config.hls.rootDir, record: config.record.rootDir },
    health,
    restarts: () => restartsOf(sockets.restarts, observed.threads),
    httpThreads: () => observed.threads,
    httpServers: () => webLimits.servers,
    certificateLeftMs: () => core.certificate?.leftMs,
    fleet: () => fleetFigures(core.fleet, observed.anywhere),
    srt: () => observed.srt,
    hook: () => hooks,
    uploads: () => observed.uploader?.figures,
    lostReports: () => reporter?.lost ?? 0,
  });
  core.stops.add(() => metrics.close());
  return metrics;
}

function fleetFigures(
  fleet: Core["fleet"],
  anywhere: ListenAnywhere | undefined,
): FleetFigures | undefined {
  if (fleet === undefined) return undefined;
  const { membership: { isJoined, beatAgeMs, errors }, boxes, ownedNames } = fleet.member;
  const open = boxes.filter(({ state }) => state === "open").length;
  return {
    ...{ isJoined, beatAgeMs, registryErrors: errors, names: ownedNames },
    boxes: { open, draining: boxes.length - open },
    segments: anywhere?.segments.arrivals ?? { told: 0, asked: 0 },
  };
}

/** How often each kind of listening socket was opened again, in this thread and by others. */
function restartsOf(
  own: ReadonlyMap<string, number>,
  threads: HttpThreads | undefined,
): ReadonlyMap<string, number> {
  if (threads === undefined) return own;
  return new Map(own).set("hls", (own.get("hls") ?? 0) + threads.restarts);
}
