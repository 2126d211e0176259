/** Metrics of object storage: what went to the bucket, failed, and waits. */
import type { Registry } from "prom-client";
import { registerCounter, registerGauge } from "./read_metrics.ts";

/** What became of recordings that are to go to the bucket. */
export interface StorageFigures {
  /** Bytes of parts that the store took. */
  readonly sentBytes: number;
  /** Recordings that became whole in the bucket. */
  readonly storedRecordings: number;
  /** Requests that failed. */
  readonly failures: number;
  /** Bytes on the disk that the store does not have, of live recordings too. */
  readonly waitingBytes: number;
  /** Finished recordings that are not whole in the bucket. */
  readonly waitingRecordings: number;
  /** How long ago the oldest of these was finished; 0 where there is none. */
  readonly waitingMs: number;
}

/** Metrics of object storage. @param figures `undefined` where there is no bucket */
export function registerStorageMetrics(
  registry: Registry,
  figures: () => StorageFigures | undefined,
): void {
  const read = (figure: keyof StorageFigures) => () => figures()?.[figure] ?? 0;
  registerCounter(
    registry,
    "echo_storage_sent_bytes_total",
    "Bytes of recordings that the bucket took",
    read("sentBytes"),
  );
  registerCounter(
    registry,
    "echo_storage_recordings_total",
    "Recordings that became whole in the bucket",
    read("storedRecordings"),
  );
  registerCounter(
    registry,
    "echo_storage_failures_total",
    "Requests to the bucket that failed, and are repeated",
    read("failures"),
  );
  registerGauge(
    registry,
    "echo_storage_waiting_bytes",
    "Bytes of recordings on the disk that the bucket does not have",
    read("waitingBytes"),
  );
  registerGauge(
    registry,
    "echo_storage_waiting_recordings",
    "Finished recordings that are not whole in the bucket",
    read("waitingRecordings"),
  );
  registerGauge(
    registry,
    "echo_storage_waiting_seconds",
    "How long ago the oldest of them was finished",
    () => (figures()?.waitingMs ?? 0) / 1000,
  );
}
