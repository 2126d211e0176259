/**
 * What was counted of connections that are over, for metrics.
 *
 * @module
 */
import type { SrtStatistics } from "../../ffi/srt.ts";

/** Sums of what libsrt counted of connections that have ended. */
export class LinkTotals {
  packetsReceived = 0;
  bytesReceived = 0;
  packetsLost = 0;
  packetsRetransmitted = 0;
  packetsDropped = 0;
  packetsBelated = 0;

  /** @param statistics of a connection's end */
  add(statistics: SrtStatistics): void {
    this.packetsReceived += statistics.packetsReceived;
    this.bytesReceived += statistics.bytesReceived;
    this.packetsLost += statistics.packetsLost;
    this.packetsRetransmitted += statistics.packetsRetransmitted;
    this.packetsDropped += statistics.packetsDropped;
    this.packetsBelated += statistics.packetsBelated;
  }
}
