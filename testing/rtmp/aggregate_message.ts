/** Writes aggregate messages (RTMP 1.0 7.1.6), which Echo itself only reads. */
import { concat } from "../bytes.ts";

/**
 * A message as it stands in an aggregate message, back pointer included.
 * @param timestamp in milliseconds, 32 bits
 */
export function aggregatePart(type: number, payload: Uint8Array, timestamp: number): Uint8Array {
  const { length } = payload;
  const header = Uint8Array.of(
    ...[type, length >> 16, length >> 8, length],
    ...[timestamp >> 16, timestamp >> 8, timestamp, timestamp >>> 24],
    ...[0, 0, 0],
  );
  const size = length + header.length;
  const backPointer = Uint8Array.of(size >>> 24, size >> 16, size >> 8, size);
  return concat([header, payload, backPointer]);
}
