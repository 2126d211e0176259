import process from "node:process";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Clock } from "../session/clock.ts";
import { VERSION } from "../version.ts";

const LAG_SAMPLE_MS = 500;

/**
 * Metrics of the process, under the names that Prometheus' own libraries give them.
 * @returns a function that ends the sampling
 */
export function registerProcessMetrics(registry: Registry, clock: Clock): () => void {
  const registers = [registry];
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Time on all processors",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process started, in Unix time",
    registers,
  }).set((clock.now() - performance.now()) / 1000);
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
  return sampleLag(clock, (lateMs) => lag.observe(lateMs / 1000));
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
