/** An HTTP/2 session without a socket, and frames as a client writes them. */
import {
  FLAGS,
  frame,
  FRAME_TYPES,
  type Http2Frame,
  numbers,
  settingsFrame,
} from "../../src/http/http2/frames.ts";
import { HpackDecoder } from "../../src/http/http2/hpack_decoder.ts";
import { encodeHeader } from "../../src/http/http2/hpack_encoder.ts";
import { Http2Session } from "../../src/http/http2/http2_session.ts";
import type { Http2Stream } from "../../src/http/http2/http2_stream.ts";
import type { Field } from "../../src/http/request_head.ts";

export const PREFACE: Uint8Array = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const GET_FIELDS: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/a"],
  [":authority", "echo"],
];

/** What a client begins with. */
export function beginning(settings: readonly (readonly [number, number])[] = []): Uint8Array {
  return Uint8Array.of(...PREFACE, ...settingsFrame(settings));
}

/** What a client begins with who takes all of everything that it asks for. */
export function greedyBeginning(): Uint8Array {
  const settings = beginning([[SETTINGS_INITIAL_WINDOW_SIZE, MAX_WINDOW]]);
  const update = frame("WINDOW_UPDATE", 0, 0, numbers(MAX_WINDOW - FIRST_WINDOW));
  return Uint8Array.of(...settings, ...update);
}

const SETTINGS_INITIAL_WINDOW_SIZE = 0x4;
/** RFC 9113 6.9.1 and 6.9.2. */
const MAX_WINDOW = 0x7fff_ffff;
const FIRST_WINDOW = 65_535;

/** A request without a body, or its head. */
export function request(
  streamId: number,
  { fields = GET_FIELDS, hasBody = false }: {
    readonly fields?: readonly Field[];
    readonly hasBody?: boolean;
  } = {},
): Uint8Array {
  const flags = FLAGS.END_HEADERS | (hasBody ? 0 : FLAGS.END_STREAM);
  return frame("HEADERS", flags, streamId, encodeHeader(fields));
}

/** Part of a request's body, which goes on. */
export function bodyPart(streamId: number, bytes: Uint8Array): Uint8Array {
  return frame("DATA", 0, streamId, bytes);
}

/** A frame that a session has sent. */
export type SentFrame = Omit<Http2Frame, "payload"> & { readonly payload: Uint8Array };

/** A session, what it was asked and what it sent. */
export class SessionHarness {
  readonly session: Http2Session;
  readonly streams: Http2Stream[] = [];
  #sent: number[] = [];

  constructor() {
    const put = (bytes: Uint8Array) => void this.#sent.push(...bytes);
    this.session = new Http2Session({
      maxFields: 100,
      maxBytes: 16_384,
      output: {
        tell: put,
        send: (...parts) => Promise.resolve(parts.forEach(put)),
        full: undefined,
      },
      onRequest: (stream) => void this.streams.push(stream),
    });
  }

  /** The frames that were sent since the last call. */
  takeSent(): SentFrame[] {
    const bytes = Uint8Array.from(this.#sent);
    this.#sent = [];
    return framesIn(bytes);
  }

  /** The names of the types of the frames that were sent since the last call. */
  takeTypes(): string[] {
    const names = Object.entries(FRAME_TYPES);
    return this.takeSent().map(({ type }) => names.find(([, other]) => other === type)?.[0] ?? "?");
  }
}

/** The frames that a server has sent, as far as they are whole. */
export function framesIn(bytes: Uint8Array): SentFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: SentFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const [a = 0, b = 0, c = 0, type = 0, flags = 0] = bytes.subarray(at);
    const end = at + 9 + (a << 16 | b << 8 | c);
    if (end > bytes.length) break;
    const streamId = view.getUint32(at + 5);
    frames.push({ type, flags, streamId, payload: bytes.slice(at + 9, end) });
    at = end;
  }
  return frames;
}

/** The fields in HEADERS. */
export function fieldsOf({ payload }: SentFrame): Field[] {
  return new HpackDecoder({ maxFields: 100, maxBytes: 100_000 }).decode(payload);
}

/** The statuses of the answers that have come. */
export function statusesIn(frames: readonly SentFrame[]): string[] {
  const heads = frames.filter(({ type }) => type === FRAME_TYPES.HEADERS);
  return heads.map((head) => fieldsOf(head)[0]?.[1] ?? "none");
}

/** The requests that have been answered whole, or given up. */
export function overIn(frames: readonly SentFrame[]): Set<number> {
  const { RST_STREAM, DATA, HEADERS } = FRAME_TYPES;
  const isOver = ({ type, flags }: SentFrame) =>
    type === RST_STREAM ||
    (type === DATA || type === HEADERS) && (flags & FLAGS.END_STREAM) !== 0;
  return new Set(frames.filter(isOver).map(({ streamId }) => streamId));
}
