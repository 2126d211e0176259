/** The frames of HTTP/2 (RFC 9113 4 and 6): how they are found in what comes, and written. */
import { ERROR_CODES, type ErrorCode, Http2Error } from "./http2_error.ts";

/** RFC 9113 6. */
export const FRAME_TYPES = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Of DATA and HEADERS; of SETTINGS and PING the first is ACK. */
export const FLAGS = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** The length of a frame's payload, as it is without a word (RFC 9113 4.2). */
export const MAX_PAYLOAD_BYTES = 16_384;
const HEAD_BYTES = 9;
/** What a client begins with (RFC 9113 3.4). */
const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame that has come whole. */
export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** Valid until more is put in. */
  readonly payload: Uint8Array;
}

/** Finds frames in what a client sends, however it is cut. It holds one of them at most. */
export class FrameReader {
  readonly #buffer = new Uint8Array(HEAD_BYTES + MAX_PAYLOAD_BYTES);
  #length = 0;
  #prefaceLeft = PREFACE.length;

  /** Whether a frame has come in part. */
  get isAmidst(): boolean {
    return this.#length > 0;
  }

  /**
   * The frames that `bytes` complete, in order.
   * @throws {Http2Error}
   */
  *read(bytes: Uint8Array): Generator<Http2Frame> {
    let at = 0;
    for (; at < bytes.length && this.#prefaceLeft > 0; at++) {
      const expected = PREFACE[PREFACE.length - this.#prefaceLeft--];
      if (bytes[at] !== expected) throw new Http2Error("PROTOCOL_ERROR", "it is no HTTP/2");
    }
    while (at < bytes.length) {
      at += this.#fill(bytes.subarray(at), HEAD_BYTES);
      if (this.#length < HEAD_BYTES) return;
      const size = payloadSize(this.#buffer);
      if (size > MAX_PAYLOAD_BYTES) throw new Http2Error("FRAME_SIZE_ERROR", "a frame is too long");
      at += this.#fill(bytes.subarray(at), HEAD_BYTES + size);
      if (this.#length < HEAD_BYTES + size) return;
      this.#length = 0;
      yield frameIn(this.#buffer, size);
    }
  }

  /** Takes what is missing up to `length`. @returns how much of `bytes` that was */
  #fill(bytes: Uint8Array, length: number): number {
    const part = bytes.subarray(0, Math.max(0, length - this.#length));
    this.#buffer.set(part, this.#length);
    this.#length += part.length;
    return part.length;
  }
}

function payloadSize(head: Uint8Array): number {
  const [high = 0, middle = 0, low = 0] = head;
  return high << 16 | middle << 8 | low;
}

function frameIn(bytes: Uint8Array, size: number): Http2Frame {
  const [, , , type = 0, flags = 0] = bytes;
  const streamId = uint32(bytes, 5) & 0x7fff_ffff;
  return { type, flags, streamId, payload: bytes.subarray(HEAD_BYTES, HEAD_BYTES + size) };
}

/** A number of four bytes. */
export function uint32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return a * 2 ** 24 + (b << 16 | c << 8 | d);
}

/** A frame as it goes over the wire. */
export function frame(
  type: keyof typeof FRAME_TYPES,
  flags: number,
  streamId: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES + payload.length);
  putHead(bytes, payload.length, type, flags, streamId);
  bytes.set(payload, HEAD_BYTES);
  return bytes;
}

/**
 * Part of a body, in as many DATA frames as it takes (RFC 9113 6.1).
 * @returns what goes over the wire, in order; the body is not copied
 */
export function dataFrames(streamId: number, data: Uint8Array, isEnd: boolean): Uint8Array[] {
  const count = Math.max(1, Math.ceil(data.length / MAX_PAYLOAD_BYTES));
  return Array.from({ length: count }, (_, i) => {
    const payload = data.subarray(i * MAX_PAYLOAD_BYTES, (i + 1) * MAX_PAYLOAD_BYTES);
    const head = new Uint8Array(HEAD_BYTES);
    const flags = isEnd && i === count - 1 ? FLAGS.END_STREAM : 0;
    putHead(head, payload.length, "DATA", flags, streamId);
    return [head, payload];
  }).flat();
}

function putHead(
  bytes: Uint8Array,
  length: number,
  type: keyof typeof FRAME_TYPES,
  flags: number,
  streamId: number,
): void {
  bytes[0] = length >> 16;
  bytes[1] = length >> 8 & 0xff;
  bytes[2] = length & 0xff;
  bytes[3] = FRAME_TYPES[type];
  bytes[4] = flags;
  bytes.set(numbers(streamId), 5);
}

/** Numbers of four bytes each. */
export function numbers(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((value) => [
      Math.floor(value / 2 ** 24) & 0xff,
      value >> 16 & 0xff,
      value >> 8 & 0xff,
      value & 0xff,
    ]),
  );
}

/** A SETTINGS frame (RFC 9113 6.5). */
export function settingsFrame(
  settings: readonly (readonly [id: number, value: number])[],
): Uint8Array {
  const payload = settings.flatMap(([id, value]) => [id >> 8, id & 0xff, ...numbers(value)]);
  return frame("SETTINGS", 0, 0, Uint8Array.from(payload));
}

/** What the payload of a SETTINGS frame sets, in order. */
export function settingsIn(payload: Uint8Array): (readonly [id: number, value: number])[] {
  return Array.from({ length: payload.length / 6 }, (_, i) => {
    const [high = 0, low = 0] = payload.subarray(6 * i);
    return [high << 8 | low, uint32(payload, 6 * i + 2)] as const;
  });
}

/** Whether it says that a SETTINGS or PING frame has come (RFC 9113 6.5 and 6.7). */
export function isAck({ flags }: Http2Frame): boolean {
  return (flags & FLAGS.ACK) !== 0;
}

/** Ends a stream for a reason (RFC 9113 6.4). */
export function resetFrame(streamId: number, code: ErrorCode): Uint8Array {
  return frame("RST_STREAM", 0, streamId, numbers(ERROR_CODES[code]));
}

/** Says that no stream after `lastId` is served (RFC 9113 6.8). */
export function goAwayFrame(lastId: number, code: ErrorCode): Uint8Array {
  return frame("GOAWAY", 0, 0, numbers(lastId, ERROR_CODES[code]));
}
