/** Metrics of the archive: how much is being recorded, and was. */
import type { Registry } from "prom-client";
import type { EventBus } from "../../session/events.ts";
import { registerCounter, registerGauge } from "./read_metrics.ts";

/** What is read of the archive. */
export interface RecordingFigures {
  /** Files that are being recorded or finished. */
  readonly active: () => number;
  /** Bytes of audio that were written so far, with what the file format adds meanwhile. */
  readonly writtenBytes: () => number;
}

/**
 * Metrics of the archive.
 * @returns a function that ends it
 */
export function registerRecordMetrics(
  registry: Registry,
  events: EventBus,
  { active, writtenBytes }: RecordingFigures,
): () => void {
  registerGauge(registry, "echo_recordings", "Files being recorded or finished", active);
  registerCounter(
    registry,
    "echo_recorded_bytes_total",
    "Bytes that were written to recordings while they were live",
    writtenBytes,
  );
  let finishedMs = 0;
  registerCounter(
    registry,
    "echo_recorded_seconds_total",
    "Playing time of finished recordings",
    () => finishedMs / 1000,
  );
  return events.subscribe((event) => {
    if (event.kind === "record-complete") finishedMs += event.durationMs;
  });
}
