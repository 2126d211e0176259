/** Metrics of SRT connections: packets, bytes and round trips. */
import { Histogram, type Registry } from "prom-client";
import type { Clock } from "../../session/clock.ts";
import { registerCounter, registerGauge } from "./read_metrics.ts";

const SAMPLE_MS = 5000;

/** What libsrt counts of a connection since it began. */
export interface SrtCounters {
  /** Retransmissions included. */
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  /** Missing when their successor came; most are repaired. */
  readonly packetsLost: number;
  /** Received again after a loss report. */
  readonly packetsRetransmitted: number;
  /** Given up: not there when it was their time. */
  readonly packetsDropped: number;
  /** Came too late and were ignored. */
  readonly packetsBelated: number;
}

/** What is known of a connection that there is. */
export interface SrtLink {
  /** Of this moment; `undefined` where libsrt does not say. */
  readonly statistics: (SrtCounters & { readonly roundTripMs: number }) | undefined;
}

/** The SRT connections there are and were. */
export interface SrtLinks {
  readonly publishers: Iterable<SrtLink>;
  /** Sums over those that have ended. */
  readonly ended: SrtCounters;
  readonly failedHandshakes: number;
}

const COUNTERS: readonly (readonly [name: string, help: string, counter: keyof SrtCounters])[] = [
  [
    "echo_srt_received_packets_total",
    "Packets that arrived, retransmissions included",
    "packetsReceived",
  ],
  [
    "echo_srt_received_bytes_total",
    "Bytes that arrived, headers and retransmissions included",
    "bytesReceived",
  ],
  [
    "echo_srt_lost_packets_total",
    "Packets that were missing when their successor came; most are repaired",
    "packetsLost",
  ],
  [
    "echo_srt_retransmitted_packets_total",
    "Packets that came again after a loss report",
    "packetsRetransmitted",
  ],
  [
    "echo_srt_dropped_packets_total",
    "Packets given up because they were not there in time",
    "packetsDropped",
  ],
  ["echo_srt_belated_packets_total", "Packets that came too late", "packetsBelated"],
];

/**
 * Metrics of SRT connections. Round trips are sampled every 5 s, counters are read when they are
 * collected.
 * @param links `undefined` where there is no SRT
 * @returns a function that ends the sampling
 */
export function registerSrtMetrics(
  registry: Registry,
  clock: Clock,
  links: () => SrtLinks | undefined,
): () => void {
  registerGauge(registry, "echo_srt_connections", "SRT connections", () => {
    return [...links()?.publishers ?? []].length;
  });
  for (const [name, help, counter] of COUNTERS) {
    registerCounter(registry, name, help, () => sum(links(), counter));
  }
  registerCounter(
    registry,
    "echo_srt_failed_handshakes_total",
    "Callers that were let in and whose handshake failed then, as with a wrong passphrase",
    () => links()?.failedHandshakes ?? 0,
  );
  const roundTrip = new Histogram({
    name: "echo_srt_round_trip_seconds",
    help: `Round trip of each SRT connection, every ${SAMPLE_MS / 1000} s`,
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  });
  const timer = clock.every(SAMPLE_MS, () => {
    for (const { statistics } of links()?.publishers ?? []) {
      if (statistics !== undefined) roundTrip.observe(statistics.roundTripMs / 1000);
    }
  });
  return () => timer.cancel();
}

function sum(links: SrtLinks | undefined, counter: keyof SrtCounters): number {
  let total = links?.ended[counter] ?? 0;
  for (const { statistics } of links?.publishers ?? []) total += statistics?.[counter] ?? 0;
  return total;
}
