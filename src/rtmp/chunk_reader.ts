/**
 * The receiving half of the RTMP chunk stream (RTMP 1.0 5.3, 5.4.1, 5.4.2).
 *
 * @module
 */
import type { Message } from "./message.ts";
import { MessageType } from "./message_type.ts";
import { RtmpError } from "./rtmp_error.ts";

/** The most bytes of a message that are put together; of video and unknown types none are. */
export const MAX_MESSAGE_SIZE = 65_536;

/**
 * Turns bytes, split anywhere, into messages. Chunk sizes and aborts are its own business. Of video
 * and unknown types nothing is held, of others at most 64 kB.
 */
export class ChunkReader {
  readonly #onMessage: (message: Message) => void;
  /** The last one. */
  readonly #message: { -readonly [P in keyof Message]: Message[P] } = {
    ...{ type: 0, timestamp: 0, streamId: 0, length: 0 },
    ...{ bytes: EMPTY, start: 0, end: 0 },
  };
  readonly #streams = new Map<number, ChunkStream>();
  #chunkSize = DEFAULT_CHUNK_SIZE;
  /** The chunk whose payload comes next; between chunks `undefined`. */
  #current: ChunkStream | undefined;
  #chunkLeft = 0;
  /** The start of a header that the last bytes ended in. */
  readonly #held = new Uint8Array(MAX_HEADER_SIZE);
  #heldLength = 0;
  #spare: Uint8Array | undefined;
  #unfinishedBytes = 0;

  constructor(onMessage: (message: Message) => void) {
    this.#onMessage = onMessage;
  }

  /** @throws {RtmpError} the bytes are no chunks, or more than this server takes */
  feed(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.length) {
      offset = this.#current === undefined
        ? this.#takeHeader(bytes, offset)
        : this.#takePayload(this.#current, bytes, offset);
    }
  }

  #takeHeader(bytes: Uint8Array, offset: number): number {
    const held = this.#heldLength;
    if (held === 0) {
      const used = this.#readHeader(bytes, offset, bytes.length);
      if (used > 0) return offset + used;
    }
    const added = Math.min(MAX_HEADER_SIZE - held, bytes.length - offset);
    this.#held.set(bytes.subarray(offset, offset + added), held);
    this.#heldLength = held + added;
    const used = this.#readHeader(this.#held, 0, this.#heldLength);
    if (used === 0) return offset + added;
    this.#heldLength = 0;
    if (used >= held) return offset + used - held;
    // An extended timestamp was looked for and not there: the bytes held back are payload.
    this.feed(this.#held.slice(used, held));
    return offset;
  }

  /** Begins the chunk whose header stands at `start`. Returns its length, 0 where `end` cuts it off. */
  #readHeader(bytes: Uint8Array, start: number, end: number): number {
    const first = bytes[start] ?? 0;
    const format = first >> 6;
    let at = start + 1;
    let id = first & 0x3f;
    if (id < 2) {
      const idBytes = id + 1;
      if (end - at < idBytes) return 0;
      id = 64 + (bytes[at] ?? 0) + (idBytes === 2 ? (bytes[at + 1] ?? 0) << 8 : 0);
      at += idBytes;
    }
    const header = at;
    at += MESSAGE_HEADER_SIZE[format] ?? 0;
    if (at > end) return 0;
    const known = this.#streams.get(id);
    const field = format < 3 ? readUint24(bytes, header) : 0;
    const extended = format < 3 ? field === EXTENDED : known?.extended === true;
    if (extended && end - at < 4) return 0;

    const stream = known ?? this.#addStream(id, format);
    if (format < 3) {
      this.#discard(stream);
      stream.extended = extended;
      stream.timestampField = extended ? readUint32(bytes, at) : field;
      if (extended) at += 4;
    } else if (extended && readUint32(bytes, at) === stream.timestampField) {
      // Some encoders leave it out of type 3 chunks, against 5.3.1.3.
      at += 4;
    }
    if (format < 2) {
      stream.length = readUint24(bytes, header + 3);
      stream.type = bytes[header + 6] ?? 0;
      stream.kept = ASSEMBLED.has(stream.type) ? Math.min(stream.length, MAX_MESSAGE_SIZE) : 0;
    }
    if (format === 0) stream.streamId = readUint32LittleEndian(bytes, header + 7);
    this.#beginChunk(stream, format);
    return at - start;
  }

  #addStream(id: number, format: number): ChunkStream {
    // librtmp starts the stream of its ping responses with a type 1 chunk.
    if (format > 0 && !(format === 1 && id === PROTOCOL_CONTROL_STREAM)) {
      throw new RtmpError(
        `Cannot read chunk: type ${format} on chunk stream ${id}, which is unknown`,
      );
    }
    if (this.#streams.size === MAX_CHUNK_STREAMS) {
      throw new RtmpError(`Cannot read chunk: more than ${MAX_CHUNK_STREAMS} chunk streams`);
    }
    const stream: ChunkStream = {
      timestamp: 0,
      timestampField: 0,
      extended: false,
      length: 0,
      type: 0,
      kept: 0,
      streamId: 0,
      received: 0,
      unfinished: false,
      buffer: undefined,
    };
    this.#streams.set(id, stream);
    return stream;
  }

  #beginChunk(stream: ChunkStream, format: number): void {
    if (!stream.unfinished) {
      // A type 3 chunk repeats the last field as a delta, also that of a type 0 (5.3.1.2.4).
      stream.timestamp = format === 0
        ? stream.timestampField
        : (stream.timestamp + stream.timestampField) >>> 0;
      stream.unfinished = true;
      stream.received = 0;
    }
    this.#chunkLeft = Math.min(this.#chunkSize, stream.length - stream.received);
    if (stream.length === 0) this.#finish(stream, EMPTY, 0, 0);
    else this.#current = stream;
  }

  #takePayload(stream: ChunkStream, bytes: Uint8Array, offset: number): number {
    const count = Math.min(this.#chunkLeft, bytes.length - offset);
    const end = offset + count;
    if (count === stream.length) {
      this.#finish(stream, bytes, offset, offset + Math.min(count, stream.kept));
      return end;
    }
    if (stream.received === 0) stream.buffer = this.#allocate(stream.kept);
    if (stream.buffer !== undefined) {
      const wanted = Math.min(count, Math.max(0, stream.kept - stream.received));
      copy(bytes, offset, offset + wanted, stream.buffer, stream.received);
    }
    stream.received += count;
    this.#chunkLeft -= count;
    if (stream.received === stream.length) {
      this.#finish(
        stream,
        stream.buffer ?? EMPTY,
        0,
        stream.buffer === undefined ? 0 : stream.kept,
      );
    } else if (this.#chunkLeft === 0) {
      this.#current = undefined;
    }
    return end;
  }

  #finish(stream: ChunkStream, bytes: Uint8Array, start: number, end: number): void {
    this.#current = undefined;
    const message = this.#message;
    message.type = stream.type;
    message.timestamp = stream.timestamp;
    message.streamId = stream.streamId;
    message.length = stream.length;
    message.bytes = bytes;
    message.start = start;
    message.end = end;
    if (message.type === MessageType.SetChunkSize) this.#setChunkSize(message);
    else if (message.type === MessageType.Abort) this.#abort(message);
    else this.#onMessage(message);
    this.#discard(stream);
  }

  #setChunkSize({ bytes, start, end }: Message): void {
    const size = end - start < 4 ? 0 : readUint32(bytes, start);
    if (size < 1 || size > MAX_CHUNK_SIZE) {
      throw new RtmpError(`Cannot set chunk size: expected 1 to ${MAX_CHUNK_SIZE}, got ${size}`);
    }
    this.#chunkSize = size;
  }

  #abort({ bytes, start, end }: Message): void {
    const stream = end - start < 4 ? undefined : this.#streams.get(readUint32(bytes, start));
    if (stream !== undefined) this.#discard(stream);
  }

  /** @returns `undefined` where there is no room: the message is passed over */
  #allocate(length: number): Uint8Array | undefined {
    if (length === 0) return undefined;
    const spare = this.#spare;
    const isEnough = spare !== undefined && spare.length >= length;
    const size = isEnough ? spare.length : Math.ceil(length / BUFFER_STEP) * BUFFER_STEP;
    if (this.#unfinishedBytes + size > MAX_UNFINISHED) return undefined;
    this.#unfinishedBytes += size;
    if (!isEnough) return new Uint8Array(size);
    this.#spare = undefined;
    return spare;
  }

  /** Forgets the unfinished message of `stream` and keeps its buffer where that is worth it. */
  #discard(stream: ChunkStream): void {
    stream.unfinished = false;
    const buffer = stream.buffer;
    if (buffer === undefined) return;
    stream.buffer = undefined;
    this.#unfinishedBytes -= buffer.length;
    if (buffer.length <= MAX_SPARE && buffer.length > (this.#spare?.length ?? 0)) {
      this.#spare = buffer;
    }
  }
}

/** Bytes that a connection may hold in unfinished messages, over all its chunk streams. */
const MAX_UNFINISHED = 98_304;
const MAX_CHUNK_STREAMS = 32;
/** A reassembly buffer up to this long is kept for the next message. */
const MAX_SPARE = 8192;
const BUFFER_STEP = 1024;
/** Basic header 3, message header 11, extended timestamp 4. */
const MAX_HEADER_SIZE = 18;
const MAX_CHUNK_SIZE = 0x7fff_ffff;
const DEFAULT_CHUNK_SIZE = 128;
const EXTENDED = 0xff_ffff;
/** Bytes of the message header by chunk type. */
const MESSAGE_HEADER_SIZE = [11, 7, 3, 0];
const PROTOCOL_CONTROL_STREAM = 2;

const ASSEMBLED: ReadonlySet<number> = new Set([
  MessageType.SetChunkSize,
  MessageType.Abort,
  MessageType.Acknowledgement,
  MessageType.UserControl,
  MessageType.WindowAcknowledgementSize,
  MessageType.SetPeerBandwidth,
  MessageType.Audio,
  MessageType.DataAmf3,
  MessageType.CommandAmf3,
  MessageType.Data,
  MessageType.Command,
  MessageType.Aggregate,
]);

/** What the headers of one chunk stream have said so far, and its unfinished message. */
interface ChunkStream {
  timestamp: number;
  /** The timestamp field of the last header that had one: absolute or a delta. */
  timestampField: number;
  /** That field stood in the extended timestamp. */
  extended: boolean;
  length: number;
  type: number;
  /** Bytes that are kept of a message: it may have more. */
  kept: number;
  streamId: number;
  /** Payload bytes of the unfinished message; meaningful while `unfinished`. */
  received: number;
  unfinished: boolean;
  /** `undefined` too where nothing is kept. */
  buffer: Uint8Array | undefined;
}

const EMPTY = new Uint8Array(0);

/** Below this length a loop beats a `subarray` and a `set`. */
const SHORT_COPY = 32;

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > SHORT_COPY) to.set(from.subarray(start, end), at);
  else for (let i = start; i < end; i++) to[at++] = from[i] ?? 0;
}

function readUint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | readUint24(bytes, at + 1)) >>> 0;
}

function readUint32LittleEndian(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}
