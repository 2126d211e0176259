/** Metrics of what is wrong with the server, and of sockets that had to be opened again. */
import { Counter, type Registry } from "prom-client";
import type { Health } from "../health.ts";
import { registerGauge } from "./read_metrics.ts";

/**
 * Metrics of what is wrong with the server.
 * @param restarts how often each kind of listening socket was opened again
 */
export function registerHealthMetrics(
  registry: Registry,
  health: Pick<Health, "report">,
  restarts: () => ReadonlyMap<string, number>,
): void {
  registerGauge(registry, "echo_problems", "Problems that /health tells of", () => {
    return health.report.problems.length;
  });
  new Counter({
    name: "echo_listener_restarts_total",
    help: "How often what listens at an address ended by itself and was opened again",
    labelNames: ["listener"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [listener, count] of restarts()) this.inc({ listener }, count);
    },
  });
}
