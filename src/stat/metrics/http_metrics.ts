/** Metrics of the HTTP servers: their connections, and how long answers take. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type AnswerCounts, DURATIONS_MS, RequestDurations } from "../../web/request_durations.ts";
import { registerGauge } from "./read_metrics.ts";

/** What there is to tell of the connections of an HTTP server. */
export interface HttpConnections {
  /** How many are open. */
  readonly count: number;
  /** How much was refused so far, by reason: one of a few. */
  readonly refused: ReadonlyMap<string, number>;
}

/** What there is to tell of the threads that serve listeners. */
export interface HttpThreadFigures {
  /** How many serve listeners now. */
  readonly serving: number;
  /** How late the latest of them is with its work, in milliseconds. */
  readonly lateMs: number;
}

/**
 * Metrics of the HTTP servers.
 * @param servers gives their connections, by what they serve
 * @param threads gives figures of those that serve listeners
 * @returns takes how long answers took to begin
 */
export function registerHttpMetrics(
  registry: Registry,
  servers: () => ReadonlyMap<string, HttpConnections>,
  threads: () => HttpThreadFigures | undefined,
): RequestDurations {
  const registers = [registry];
  registerGauge(registry, "echo_http_threads", "Threads that serve listeners", () => {
    return threads()?.serving ?? 0;
  });
  registerGauge(
    registry,
    "echo_http_thread_lag_seconds",
    "How late the latest of the threads that serve listeners was with its work, a moment ago",
    () => (threads()?.lateMs ?? 0) / 1000,
  );
  new Gauge({
    name: "echo_http_connections",
    help: "Open HTTP connections",
    labelNames: ["server"],
    registers,
    collect() {
      this.reset();
      for (const [server, { count }] of servers()) this.set({ server }, count);
    },
  });
  new Counter({
    name: "echo_http_refused_total",
    help: "HTTP connections that were turned away or cut off, and requests that are none",
    labelNames: ["server", "reason"],
    registers,
    collect() {
      this.reset();
      for (const [server, { refused }] of servers()) {
        for (const [reason, count] of refused) this.inc({ server, reason }, count);
      }
    },
  });
  const durations = new RequestDurations();
  new DurationHistogram(registry, durations);
  return durations;
}

/** The counts are made elsewhere, in other threads too. */
class DurationHistogram extends Histogram {
  readonly #durations: RequestDurations;

  constructor(registry: Registry, durations: RequestDurations) {
    super({ ...REQUEST_DURATION, labelNames: ["kind", "status"], registers: [registry] });
    this.#durations = durations;
  }

  /** From here the library has what it shows of a histogram. */
  getForPromString() {
    const { name } = REQUEST_DURATION;
    const values = this.#durations.all.flatMap((counted) => samplesOf(name, counted));
    return Promise.resolve({ ...REQUEST_DURATION, type: "histogram", aggregator: "sum", values });
  }
}

function samplesOf(name: string, { kind, statusClass, counts, totalMs }: AnswerCounts) {
  const labels = { kind, status: `${statusClass}xx` };
  let count = 0;
  const buckets = counts.map((more, i) => {
    const le = i < DURATIONS_MS.length ? (DURATIONS_MS[i] ?? 0) / 1000 : "+Inf";
    count += more;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: totalMs / 1000 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

const REQUEST_DURATION = {
  name: "echo_http_request_duration_seconds",
  help: "Time from a request to the beginning of its answer",
};
