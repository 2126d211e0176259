/** Metrics of the HTTP servers: how long answers take. */
import { Histogram, type Registry } from "prom-client";

/**
 * Metrics of the HTTP servers.
 * @returns takes what was asked for (one of a few kinds), the answer's status, and how long it took
 *   until the answer began
 */
export function registerHttpMetrics(
  registry: Registry,
): (kind: string, status: number, durationMs: number) => void {
  const duration = new Histogram({
    name: "echo_http_request_duration_seconds",
    help: "Time from a request to the beginning of its answer",
    labelNames: ["kind", "status"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5],
    registers: [registry],
  });
  return (kind, status, durationMs) => {
    duration.labels(kind, `${Math.floor(status / 100)}xx`).observe(durationMs / 1000);
  };
}
