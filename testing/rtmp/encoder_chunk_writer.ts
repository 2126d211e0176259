/**
 * The sending half of an encoder's RTMP chunk stream (RTMP 1.0 5.3): its message headers leave out
 * what the one before on the chunk stream said already.
 *
 * @module
 */
import type { OutgoingMessage } from "../../src/rtmp/chunk_writer.ts";

const DEFAULT_CHUNK_SIZE = 128;
const EXTENDED = 0xff_ffff;
/** Bytes of the message header by chunk type. */
const MESSAGE_HEADER_SIZE = [11, 7, 3, 0] as const;

/** What the previous message header of a chunk stream said. */
interface Previous {
  readonly message: OutgoingMessage;
  readonly timestampField: number;
}

/** Turns messages into chunks of types 0 to 3. */
export class EncoderChunkWriter {
  /** Longest payload of a chunk. Whoever changes it tells the peer first, by a Set Chunk Size. */
  chunkSize = DEFAULT_CHUNK_SIZE;
  readonly #previous = new Map<number, Previous>();

  /** Returns all chunks of `message`, in one piece. */
  write(message: OutgoingMessage): Uint8Array {
    const { payload, chunkStreamId, timestamp } = message;
    const previous = this.#previous.get(chunkStreamId);
    const format = smallestFormat(message, previous);
    const field = format === 0 || previous === undefined
      ? timestamp >>> 0
      : (timestamp - previous.message.timestamp) >>> 0;
    this.#previous.set(chunkStreamId, { message, timestampField: field });

    const extendedSize = field >= EXTENDED ? 4 : 0;
    const basicSize = chunkStreamId < 64 ? 1 : chunkStreamId < 320 ? 2 : 3;
    const chunks = Math.max(1, Math.ceil(payload.length / this.chunkSize));
    const size = payload.length + chunks * (basicSize + extendedSize) + MESSAGE_HEADER_SIZE[format];
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    let at = writeBasicHeader(bytes, 0, format, chunkStreamId);
    at = writeMessageHeader(view, at, format, message, Math.min(field, EXTENDED));
    for (let sent = 0, chunk = 0; chunk < chunks; chunk++, sent += this.chunkSize) {
      if (chunk > 0) at = writeBasicHeader(bytes, at, 3, chunkStreamId);
      if (extendedSize > 0) view.setUint32(at, field);
      at += extendedSize;
      const part = payload.subarray(sent, sent + this.chunkSize);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

function smallestFormat(message: OutgoingMessage, previous: Previous | undefined): 0 | 1 | 2 | 3 {
  if (previous === undefined) return 0;
  const { message: before, timestampField } = previous;
  if (before.streamId !== message.streamId || message.timestamp < before.timestamp) return 0;
  if (before.type !== message.type || before.payload.length !== message.payload.length) return 1;
  return (message.timestamp - before.timestamp) >>> 0 === timestampField ? 3 : 2;
}

/** RTMP 1.0 5.3.1.1 */
function writeBasicHeader(bytes: Uint8Array, at: number, format: number, id: number): number {
  const marker = id < 64 ? id : id < 320 ? 0 : 1;
  bytes[at++] = format << 6 | marker;
  if (id >= 64) bytes[at++] = (id - 64) & 0xff;
  if (id >= 320) bytes[at++] = (id - 64) >> 8;
  return at;
}

/** RTMP 1.0 5.3.1.2 */
function writeMessageHeader(
  view: DataView,
  at: number,
  format: 0 | 1 | 2 | 3,
  message: OutgoingMessage,
  timestampField: number,
): number {
  if (format < 3) setUint24(view, at, timestampField);
  if (format < 2) {
    setUint24(view, at + 3, message.payload.length);
    view.setUint8(at + 6, message.type);
  }
  if (format === 0) view.setUint32(at + 7, message.streamId, true);
  return at + MESSAGE_HEADER_SIZE[format];
}

function setUint24(view: DataView, at: number, value: number): void {
  view.setUint16(at, value >> 8);
  view.setUint8(at + 2, value & 0xff);
}
