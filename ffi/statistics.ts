/**
 * What libsrt counts of a connection.
 *
 * @module
 */
/** Counters of one connection since it began. */
export interface SrtStatistics {
  /** Age of the socket in milliseconds. */
  readonly ageMs: number;
  /** Round trip in milliseconds, smoothed. */
  readonly roundTripMs: number;
  /** Retransmissions included. */
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  /** Mean receive rate in bits a second. */
  readonly receiveBitrate: number;
  /** Missing when their successor came; most are repaired. */
  readonly packetsLost: number;
  /** Given up: not there when it was their time. */
  readonly packetsDropped: number;
  /** Came too late and were ignored. */
  readonly packetsBelated: number;
  /** Received again after a loss report. */
  readonly packetsRetransmitted: number;
  readonly packetsUndecrypted: number;
  /** Packets in the receive buffer, and the time they span. */
  readonly receiveBufferPackets: number;
  readonly receiveBufferMs: number;
  /** Retransmissions included. */
  readonly packetsSent: number;
  readonly bytesSent: number;
  /** Given up by this sender. */
  readonly packetsSendDropped: number;
}

/**
 * Room for libsrt's `SRT_TRACEBSTATS`: 432 bytes in 1.4.4, 496 since 1.5.0. It only ever grows at
 * its end, and what is read here lies in the common part.
 */
export const STATISTICS_BYTES = 1024;

/** Reads an `SRT_TRACEBSTATS`. The offsets are what `offsetof` gives on 64-bit Linux and macOS. */
export function readStatistics(view: DataView): SrtStatistics {
  const int = (offset: number) => view.getInt32(offset, true);
  const long = (offset: number) => Number(view.getBigInt64(offset, true));
  const double = (offset: number) => view.getFloat64(offset, true);
  return {
    ageMs: long(0), // msTimeStamp
    packetsSent: long(8), // pktSentTotal
    packetsReceived: long(16), // pktRecvTotal
    packetsLost: int(28), // pktRcvLossTotal
    packetsSendDropped: int(64), // pktSndDropTotal
    packetsDropped: int(68), // pktRcvDropTotal
    packetsUndecrypted: int(72), // pktRcvUndecryptTotal
    bytesSent: long(80), // byteSentTotal
    bytesReceived: long(88), // byteRecvTotal
    packetsRetransmitted: int(164), // pktRcvRetrans
    receiveBitrate: double(192) * 1e6, // mbpsRecvRate
    packetsBelated: long(224), // pktRcvBelated
    roundTripMs: double(328), // msRTT
    receiveBufferPackets: int(380), // pktRcvBuf
    receiveBufferMs: int(388), // msRcvBuf
  };
}
