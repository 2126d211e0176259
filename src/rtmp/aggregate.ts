/**
 * Takes aggregate messages apart (RTMP 1.0 7.1.6).
 *
 * @module
 */
import type { Message } from "./message.ts";
import { MessageType } from "./message_type.ts";

/**
 * The audio, video and data messages in an aggregate message; others do not belong there. Their
 * stream is that of the aggregate message, and so is their time: its timestamp is that of the first
 * of them. What is cut off ends them.
 */
export function* aggregatedIn({ bytes, ...aggregate }: Message): Generator<Message> {
  const { streamId, start, end } = aggregate;
  let offset: number | undefined;
  for (let at = start; at + HEADER_BYTES <= end;) {
    const own = timestampAt(bytes, at + 4);
    offset ??= aggregate.timestamp - own;
    const length = uint24(bytes, at + 1);
    const type = bytes[at] ?? 0;
    const body = at + HEADER_BYTES;
    if (AGGREGATED.has(type)) {
      const timestamp = (own + offset) >>> 0;
      const bodyEnd = Math.min(body + length, end);
      yield { type, timestamp, streamId, length, bytes, start: body, end: bodyEnd };
    }
    at = body + length + BACK_POINTER_BYTES;
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
