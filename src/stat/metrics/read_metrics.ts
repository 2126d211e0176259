/** Gauges and counters whose values are read when Prometheus collects them. */
import { Counter, Gauge, type Registry } from "prom-client";

/** A gauge whose value is read when it is collected. */
export function registerGauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

/**
 * A counter whose value is read when it is collected.
 * @param read never gives less than before
 */
export function registerCounter(
  registry: Registry,
  name: string,
  help: string,
  read: () => number,
): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
