/**
 * The sending half of the RTMP chunk stream (RTMP 1.0 5.3). Every message begins with a type 0 chunk,
 * which the simplest of receivers understands.
 *
 * @module
 */
const DEFAULT_CHUNK_SIZE = 128;
const EXTENDED = 0xff_ffff;
/** Bytes of the message header of a type 0 chunk. */
const MESSAGE_HEADER_SIZE = 11;

/** A message and the chunk stream it goes on. */
export interface OutgoingMessage {
  /** 2 to 65599; 2 is for protocol control. */
  readonly chunkStreamId: number;
  readonly type: number;
  readonly streamId: number;
  /** Milliseconds; the low 32 bits go on the wire. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** Turns messages into chunks. */
export class ChunkWriter {
  /** Longest payload of a chunk. Whoever changes it tells the peer first, by a Set Chunk Size. */
  chunkSize = DEFAULT_CHUNK_SIZE;

  /** Returns all chunks of `message`, in one piece. */
  write(message: OutgoingMessage): Uint8Array {
    const { payload, chunkStreamId, timestamp } = message;
    const field = timestamp >>> 0;
    const extendedSize = field >= EXTENDED ? 4 : 0;
    const basicSize = chunkStreamId < 64 ? 1 : chunkStreamId < 320 ? 2 : 3;
    const chunks = Math.max(1, Math.ceil(payload.length / this.chunkSize));
    const size = payload.length + chunks * (basicSize + extendedSize) + MESSAGE_HEADER_SIZE;
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    let at = writeBasicHeader(bytes, 0, 0, chunkStreamId);
    at = writeMessageHeader(view, at, message, Math.min(field, EXTENDED));
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

/** RTMP 1.0 5.3.1.1 */
function writeBasicHeader(bytes: Uint8Array, at: number, type: 0 | 3, id: number): number {
  const marker = id < 64 ? id : id < 320 ? 0 : 1;
  bytes[at++] = type << 6 | marker;
  if (id >= 64) bytes[at++] = (id - 64) & 0xff;
  if (id >= 320) bytes[at++] = (id - 64) >> 8;
  return at;
}

/** RTMP 1.0 5.3.1.2.1 */
function writeMessageHeader(
  view: DataView,
  at: number,
  { payload, type, streamId }: OutgoingMessage,
  timestampField: number,
): number {
  setUint24(view, at, timestampField);
  setUint24(view, at + 3, payload.length);
  view.setUint8(at + 6, type);
  view.setUint32(at + 7, streamId, true);
  return at + MESSAGE_HEADER_SIZE;
}

function setUint24(view: DataView, at: number, value: number): void {
  view.setUint16(at, value >> 8);
  view.setUint8(at + 2, value & 0xff);
}
