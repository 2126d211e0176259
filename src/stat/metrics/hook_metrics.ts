/** Metrics of webhooks: what was delivered, failed, was dropped, and waits. */
import type { Registry } from "prom-client";
import { registerCounter, registerGauge } from "./read_metrics.ts";

/** What became of the events that a webhook is told. */
export interface HookDeliveries {
  /** Events that it took. */
  readonly delivered: number;
  /** Attempts that failed, and may be repeated. */
  readonly failed: number;
  /** Events that it will never be told: given up, or too many waited. */
  readonly dropped: number;
  /** Events that wait. */
  readonly queued: number;
}

/** Metrics of webhooks. @param deliveries `undefined` where there are none */
export function registerHookMetrics(
  registry: Registry,
  deliveries: () => HookDeliveries | undefined,
): void {
  const read = (figure: keyof HookDeliveries) => () => deliveries()?.[figure] ?? 0;
  registerCounter(
    registry,
    "echo_hook_delivered_total",
    "Events that the webhook took",
    read("delivered"),
  );
  registerCounter(
    registry,
    "echo_hook_failures_total",
    "Attempts to tell the webhook an event that failed",
    read("failed"),
  );
  registerCounter(
    registry,
    "echo_hook_dropped_total",
    "Events that the webhook is never told",
    read("dropped"),
  );
  registerGauge(
    registry,
    "echo_hook_queued",
    "Events that wait to be told to the webhook",
    read("queued"),
  );
}
