/** Metrics of the HLS output: how many listen, and how late segments are listed. */
import { Gauge, Histogram, type Registry } from "prom-client";
import type { Audience } from "../audience.ts";
import { registerGauge } from "./read_metrics.ts";

/** Names that metrics tell apart: each is a time series. */
const MAX_NAMES = 100;

/**
 * Metrics of what listeners get, and of how many they are.
 * @returns takes how late each segment was listed, in milliseconds
 */
export function registerHlsMetrics(
  registry: Registry,
  audience: Audience,
): (latenessMs: number) => void {
  const registers = [registry];
  registerGauge(registry, "echo_listeners", "Listeners", () => audience.total);
  registerGauge(
    registry,
    "echo_stream_listeners",
    "Those of the listeners who are sent an endless stream",
    () => audience.streaming,
  );
  new Gauge({
    name: "echo_name_listeners",
    help: `Listeners of each broadcast, for the ${MAX_NAMES} with the most`,
    labelNames: ["name"],
    registers,
    collect() {
      this.reset();
      const most = [...audience.byName()].sort(([, a], [, b]) => b - a).slice(0, MAX_NAMES);
      for (const [name, listeners] of most) this.set({ name }, listeners);
    },
  });
  const lateness = new Histogram({
    name: "echo_hls_segment_lateness_seconds",
    help: "How long after it was due a segment was listed",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  return (latenessMs) => lateness.observe(latenessMs / 1000);
}
