/** Statistics and metrics: they observe all other parts. */
import type { Recorder } from "../record/recorder.ts";
import type { SrtServer } from "../srt/server.ts";
import { logCounts, logSessionEvent } from "../stat/statistics/event_log.ts";
import { Metrics } from "../stat/metrics/metrics.ts";
import { Statistics } from "../stat/statistics/statistics.ts";
import type { Core } from "./core.ts";
import type { HttpThreads } from "./threads/http_threads.ts";

export interface Observers {
  readonly statistics: Statistics;
  readonly metrics: Metrics;
}

/** What is observed and starts later than its observers: they look at it anew each time. */
export interface Observed {
  /** `undefined` where nothing is recorded, or not yet. */
  recorder: Recorder | undefined;
  /** `undefined` where there is no SRT, or not yet. */
  srt: SrtServer | undefined;
  /** `undefined` where this thread serves listeners, or not yet. */
  threads: HttpThreads | undefined;
}

/** They see what happens from now on. */
export function startObservers(core: Core, observed: Readonly<Observed>): Observers {
  const statistics = startStatistics(core);
  return { statistics, metrics: startMetrics(core, statistics, observed) };
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

function startMetrics(core: Core, statistics: Statistics, observed: Readonly<Observed>): Metrics {
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
    srt: () => observed.srt,
    hook: () => hooks,
  });
  core.stops.add(() => metrics.close());
  return metrics;
}

/** How often each kind of listening socket was opened again, in this thread and by others. */
function restartsOf(
  own: ReadonlyMap<string, number>,
  threads: HttpThreads | undefined,
): ReadonlyMap<string, number> {
  if (threads === undefined) return own;
  return new Map(own).set("hls", (own.get("hls") ?? 0) + threads.restarts);
}
