/** Sends an answer that is ready. */
import type { LiveSource } from "./live_body.ts";
import { type Outgoing, type OutgoingStream, WrongLength } from "./outgoing.ts";
import type { OutputBuffers } from "./output_buffers.ts";
import { PeerGone } from "./peer_gone.ts";

/** Where an answer goes. */
export interface ResponseSink {
  /** Resolves once `bytes` are gone, which may be used again then. Rejects where nobody takes them. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Sends what `source` gives, from its own memory. Resolves once nothing follows.
   * @returns `undefined` where that cannot be done
   */
  feed(source: LiveSource): Promise<void> | undefined;
  readonly buffers: OutputBuffers;
  /** Takes what ends the body in the middle; `undefined`: nothing any more. */
  onCancel(cancel: (() => void) | undefined): void;
  /** From now on the body is ended where the client leaves, also while nothing is written. */
  watch(): void;
}

/**
 * Sends an answer. Its body is read as fast as it is taken.
 * @throws {WrongLength} and what body and sink throw; the connection is of no more use then
 */
export async function sendOutgoing(
  { start, buffer, rest }: Outgoing,
  sink: ResponseSink,
): Promise<void> {
  if (rest === undefined || rest instanceof Uint8Array) {
    await sink.write(start);
    if (rest !== undefined) await sink.write(rest);
  } else {
    await sendStream(start, rest, sink);
  }
  if (buffer !== undefined) sink.buffers.giveBack(buffer);
}

async function sendStream(
  head: Uint8Array,
  { pieces, framing, live }: OutgoingStream,
  sink: ResponseSink,
): Promise<void> {
  let isCancelled = false;
  sink.onCancel(() => {
    isCancelled = true;
    pieces.cancel();
  });
  try {
    await sink.write(head);
    if (typeof framing === "number") return await sendSized(pieces, framing, sink);
    sink.watch();
    const feeding = live && sink.feed(live);
    if (feeding !== undefined) return await feeding;
    const isChunked = framing === "chunked";
    for (let piece = await pieces.next(); piece !== undefined; piece = await pieces.next()) {
      if (piece.length > 0) await sink.write(isChunked ? chunkOf(piece) : piece);
    }
    // The last chunk would say that all of it has come.
    if (isCancelled) throw new PeerGone("in the middle of an answer");
    if (isChunked) await sink.write(LAST_CHUNK);
  } finally {
    sink.onCancel(undefined);
    pieces.cancel();
  }
}

async function sendSized(
  pieces: OutgoingStream["pieces"],
  length: number,
  sink: ResponseSink,
): Promise<void> {
  let sent = 0;
  for (let piece = await pieces.next(); piece !== undefined; piece = await pieces.next()) {
    sent += piece.length;
    if (sent > length) break;
    await sink.write(piece);
  }
  if (sent !== length) throw new WrongLength(length);
}

/** RFC 9112 7.1. */
function chunkOf(piece: Uint8Array): Uint8Array {
  const size = encoder.encode(`${piece.length.toString(16)}\r\n`);
  const bytes = new Uint8Array(size.length + piece.length + CRLF.length);
  bytes.set(size);
  bytes.set(piece, size.length);
  bytes.set(CRLF, size.length + piece.length);
  return bytes;
}

const encoder = new TextEncoder();
const CRLF: Uint8Array = encoder.encode("\r\n");
const LAST_CHUNK: Uint8Array = encoder.encode("0\r\n\r\n");
