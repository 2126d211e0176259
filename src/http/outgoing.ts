/** Makes the answer of a route ready to be sent. */
import { BodyPieces } from "./body_pieces.ts";
import { LiveBody, type LiveSource } from "./live_body.ts";
import { OUTPUT_BUFFER_BYTES, type OutputBuffers } from "./output_buffers.ts";
import { type BodyFraming, responseHead } from "./response_head.ts";

/** A body of a known length up to this is taken whole; what is longer is passed on as it comes. */
const MAX_WHOLE_BYTES = 65_536;

/** A body is not as long as its head says, so its client has to be cut off. */
export class WrongLength extends Error {
  override readonly name = "WrongLength";

  constructor(length: number) {
    super(`Cannot send a body: expected the ${length} bytes that were told`);
  }
}

/** The request that is answered, as far as its answer depends on it. */
export interface AnsweredRequest {
  readonly method: string;
  readonly minor: 0 | 1;
  /** Whether the connection is to go on. */
  readonly keepAlive: boolean;
}

/**
 * An answer as it goes over the wire. It holds nothing that is needed no longer: thousands of
 * clients may be slow to take theirs.
 */
export interface Outgoing {
  /** The head, and with it a small body. */
  readonly start: Uint8Array;
  /** What `start` is in, where it is to be given back once that is gone. */
  readonly buffer: Uint8Array<ArrayBuffer> | undefined;
  readonly rest: Uint8Array | OutgoingStream | undefined;
  /** Whether another request may follow on the connection. */
  readonly keepAlive: boolean;
}

/** A body that goes out as it comes. */
export interface OutgoingStream {
  readonly pieces: BodyPieces;
  readonly framing: number | "chunked" | "until close";
  /** What makes the body, where that is a {@link LiveBody}. */
  readonly live?: LiveSource;
}

export interface OutgoingOptions {
  readonly buffers: OutputBuffers;
  /** What `Date` says. */
  readonly date: string;
}

/**
 * Makes an answer ready to be sent.
 * @throws {WrongLength} and what the response's body throws
 */
export async function outgoing(
  response: Response,
  request: AnsweredRequest,
  options: OutgoingOptions,
): Promise<Outgoing> {
  const { status, headers } = response;
  const told = headers.get("Content-Length");
  const length = told === null ? undefined : Number(told);
  if (status === 204 || status === 304 || request.method === "HEAD") {
    await response.body?.cancel();
    return withHead(response, status === 204 ? "none" : length ?? "none", request, options);
  }
  if (length !== undefined && length <= MAX_WHOLE_BYTES) {
    // Asking for `body` would make a stream of what is there whole.
    const bytes = await response.bytes();
    if (bytes.length !== length) throw new WrongLength(length);
    return withHead(response, length, request, { ...options, body: bytes });
  }
  if (response.body === null) return withHead(response, 0, request, options);
  const pieces = new BodyPieces(response.body);
  if (response.body instanceof LiveBody) {
    // Receivers of endless streams know no chunks.
    const rest = { pieces, framing: "until close", live: response.body.source } as const;
    return { ...withHead(response, rest.framing, request, options), rest };
  }
  if (length !== undefined) {
    return { ...withHead(response, length, request, options), rest: { pieces, framing: length } };
  }
  const whole = await pieces.whole();
  if (whole !== undefined) {
    return withHead(response, whole.length, request, { ...options, body: whole });
  }
  const framing = request.minor === 1 ? "chunked" : "until close";
  return { ...withHead(response, framing, request, options), rest: { pieces, framing } };
}

function withHead(
  response: Response,
  framing: BodyFraming,
  request: AnsweredRequest,
  { buffers, date, body = NOTHING }: OutgoingOptions & { readonly body?: Uint8Array },
): Outgoing {
  const keepAlive = request.keepAlive && framing !== "until close";
  const connection = keepAlive ? (request.minor === 0 ? "keep-alive" : undefined) : "close";
  const head = responseHead(response, { framing, connection, date });
  if (head.length > OUTPUT_BUFFER_BYTES) {
    const start = new Uint8Array(head.length);
    encode(head, start);
    return { start, buffer: undefined, rest: body, keepAlive };
  }
  const buffer = buffers.take();
  encode(head, buffer);
  if (head.length + body.length > OUTPUT_BUFFER_BYTES) {
    return { start: buffer.subarray(0, head.length), buffer, rest: body, keepAlive };
  }
  buffer.set(body, head.length);
  const start = buffer.subarray(0, head.length + body.length);
  return { start, buffer, rest: undefined, keepAlive };
}

/** Writes a text whose characters are bytes to the beginning of `bytes`, which has to have room. */
function encode(text: string, bytes: Uint8Array): void {
  const { read, written } = encoder.encodeInto(text, bytes);
  if (read === text.length && written === text.length) return;
  // This is ten times as slow, and for what is not ASCII alone.
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
}

const encoder = new TextEncoder();
const NOTHING: Uint8Array = new Uint8Array();
