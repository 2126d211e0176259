/** Metrics of the HTTP servers: their connections, and how long answers take. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

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
  const duration = new Histogram({
    name: "echo_http_request_duration_seconds",
    help: "Time from a request to the beginning of its answer",
    labelNames: ["kind", "status"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5],
    registers,
  });
  return (kind, status, durationMs) => {
    duration.labels(kind, `${Math.floor(status / 100)}xx`).observe(durationMs / 1000);
  };
}
