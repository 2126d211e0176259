/**
 * Takes aggregate messages apart (RTMP 1.0 7.1.6).
 *
 * @module
 */

import { MessageType } from "./message_type.ts";

/** A message that stood in an aggregate message. */
export interface AggregatedMessage {
  readonly type: number;
  /** A view into the aggregate message; only the beginning, where that ends before. */
  readonly payload: Uint8Array;
  /** In milliseconds, 32 bits that wrap, on the time scale of the stream. */
  readonly timestamp: number;
  /** Bytes that the whole payload had. */
  readonly length: number;
}

/**
 * The audio, video and data messages in an aggregate message; others do not belong there. Their stream is that of the aggregate message, and so is their
 * time: its timestamp is that of the first of them. What is cut off ends them.
 * @param timestamp that of the aggregate message
 */
export function* messagesOf(payload: Uint8Array, timestamp: number): Generator<AggregatedMessage> {
  let offset: number | undefined;
  for (let at = 0; at + HEADER_BYTES <= payload.length;) {
    const own = timestampAt(payload, at + 4);
    offset ??= timestamp - own;
    const length = uint24(payload, at + 1);
    const start = at + HEADER_BYTES;
    const type = payload[at] ?? 0;
    if (AGGREGATED.has(type)) {
      const body = payload.subarray(start, start + length);
      yield { type, payload: body, timestamp: (own + offset) >>> 0, length };
    }
    at = start + length + BACK_POINTER_BYTES;
  }
}

const AGGREGATED: ReadonlySet<number> = new Set([
  MessageType.Audio,
  MessageType.Video,
  MessageType.Data,
  MessageType.DataAmf3,
]);

/** Type, length, timestamp and stream id, as those of a tag in an FLV file. */
const HEADER_BYTES = 11;
/** Behind each message, its length with that of the header. */
const BACK_POINTER_BYTES = 4;

/** As senders write it, after FLV 10.1 E.4.1: the upper 8 bits stand behind the lower 24. */
function timestampAt(bytes: Uint8Array, at: number): number {
  return (((bytes[at + 3] ?? 0) << 24) | uint24(bytes, at)) >>> 0;
}

function uint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}
