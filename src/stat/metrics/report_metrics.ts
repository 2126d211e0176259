/** The metric of reports: what they lack. */
import type { Registry } from "prom-client";
import { registerCounter } from "./read_metrics.ts";

/** Metric of reports. @param lost lines that could not be kept so far */
export function registerReportMetrics(registry: Registry, lost: () => number): void {
  registerCounter(
    registry,
    "echo_report_lost_lines_total",
    "Lines that reports lack, because they could not be kept",
    lost,
  );
}
