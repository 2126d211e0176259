/** Metrics of the process: processor time, memory, versions, and how late its timers fire. */
import { Gauge, Histogram, type Registry } from "prom-client";
import { type Clock, wallTimeOf } from "../../session/clock.ts";
import { VERSION } from "../../version.ts";
import { processorMs } from "./load_meter.ts";
import { registerCounter, registerGauge } from "./read_metrics.ts";

const LAG_SAMPLE_MS = 500;

/**
 * Metrics of the process, under the names that Prometheus' own libraries give them.
 * @param onTimer takes how late a timer fired, in milliseconds, twice a second
 * @returns a function that ends the sampling
 */
export function registerProcessMetrics(
  registry: Registry,
  clock: Clock,
  onTimer: (lateMs: number) => void,
): () => void {
  const registers = [registry];
  registerCounter(
    registry,
    "process_cpu_seconds_total",
    "Time on all processors",
    () => processorMs() / 1000,
  );
  registerGauge(
    registry,
    "process_resident_memory_bytes",
    "Resident memory",
    () => Deno.memoryUsage().rss,
  );
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process started, in Unix time",
    registers,
  }).set(wallTimeOf(clock, 0) / 1000);
  new Gauge({
    name: "echo_build_info",
    help: "Versions of Echo and its runtime",
    labelNames: ["version", "deno"],
    registers,
  }).set({ version: VERSION, deno: Deno.version.deno }, 1);
  const lag = new Histogram({
    name: "echo_event_loop_lag_seconds",
    help: `How late a timer fires that is due every ${LAG_SAMPLE_MS} ms`,
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers,
  });
  return sampleLag(clock, (lateMs) => {
    lag.observe(lateMs / 1000);
    onTimer(lateMs);
  });
}

function sampleLag(clock: Clock, take: (lateMs: number) => void): () => void {
  let dueAt = clock.monotonic() + LAG_SAMPLE_MS;
  const timer = clock.every(LAG_SAMPLE_MS, () => {
    const now = clock.monotonic();
    take(Math.max(0, now - dueAt));
    dueAt = now + LAG_SAMPLE_MS;
  });
  return () => timer.cancel();
}
