/**
 * The continuity counters of a transport stream (ISO/IEC 13818-1 2.4.3.3).
 *
 * @module
 */
import { HAS_PAYLOAD, PACKET_BYTES } from "./packet.ts";

const COUNTER_MASK = 0x0f;

/** The counters of the packets that come next behind whole packets, by PID. */
export function countersBehind(packets: Uint8Array): ReadonlyMap<number, number> {
  const counters = new Map<number, number>();
  for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES) {
    const pid = (((packets[at + 1] ?? 0) & 0x1f) << 8) | (packets[at + 2] ?? 0);
    const control = packets[at + 3] ?? 0;
    if ((control & HAS_PAYLOAD) !== 0) counters.set(pid, (control + 1) & COUNTER_MASK);
  }
  return counters;
}
