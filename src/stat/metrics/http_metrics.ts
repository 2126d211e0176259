/** Metrics of the HTTP servers: their connections, and how long answers take. */
import {
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValueWithName,
  type Registry,
} from "prom-client";

/** What there is to tell of the connections of an HTTP server. */
export interface HttpConnections {
  /** How many are open. */
  readonly count: number;
  /** How much was refused so far, by reason: one of a few. */
  readonly refused: ReadonlyMap<string, number>;
}

/**
 * Metrics of the HTTP servers.
 * @param servers gives their connections, by what they serve
 * @returns takes what was asked for (one of a few kinds), the answer's status, and how long it took
 *   until the answer began
 */
export function registerHttpMetrics(
  registry: Registry,
  servers: () => ReadonlyMap<string, HttpConnections>,
): (kind: string, status: number, durationMs: number) => void {
  const registers = [registry];
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
  const durations = new RequestDurations(registry);
  return (kind, status, durationMs) => durations.add(kind, status, durationMs / 1000);
}

/** Upper ends of the ranges that durations are counted in, in seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5];
/** Behind the counts of a row, of which the last is of all that is longer. */
const SUM = BUCKETS.length + 1;

/** A histogram that allocates nothing where it counts: that is done for each answer. */
class RequestDurations extends Histogram<"kind" | "status"> {
  /** By kind and class of status: how many fell into each range, and the sum of all. */
  readonly #rows = new Map<string, Map<number, Float64Array>>();

  constructor(registry: Registry) {
    super({
      name: NAME,
      help: "Time from a request to the beginning of its answer",
      labelNames: ["kind", "status"],
      buckets: BUCKETS,
      registers: [registry],
    });
  }

  add(kind: string, status: number, seconds: number): void {
    const row = this.#row(kind, Math.floor(status / 100));
    let at = 0;
    while (at < BUCKETS.length && seconds > (BUCKETS[at] ?? 0)) at++;
    row[at] = (row[at] ?? 0) + 1;
    row[SUM] = (row[SUM] ?? 0) + seconds;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<"kind" | "status">>> {
    const values = [...this.#rows].flatMap(([kind, rows]) =>
      [...rows].flatMap(([status, row]) => valuesOf(row, { kind, status: `${status}xx` }))
    );
    return { ...await super.get(), values };
  }

  /** What a registry asks for when it renders text. */
  getForPromString(): ReturnType<RequestDurations["get"]> {
    return this.get();
  }

  #row(kind: string, status: number): Float64Array {
    const known = this.#rows.get(kind)?.get(status);
    if (known !== undefined) return known;
    const row = new Float64Array(SUM + 1);
    const rows = this.#rows.get(kind);
    if (rows === undefined) this.#rows.set(kind, new Map([[status, row]]));
    else rows.set(status, row);
    return row;
  }
}

function valuesOf(
  row: Float64Array,
  labels: Readonly<Record<"kind" | "status", string>>,
): MetricValueWithName<"kind" | "status">[] {
  let count = 0;
  const buckets = [...BUCKETS, "+Inf"].map((le, i) => {
    count += row[i] ?? 0;
    return { metricName: `${NAME}_bucket`, labels: { le, ...labels }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${NAME}_sum`, labels, value: row[SUM] ?? 0 },
    { metricName: `${NAME}_count`, labels, value: count },
  ];
}

const NAME = "echo_http_request_duration_seconds";
