/**
 * Messages in an endless answer between boxes: JSON, with bytes behind it.
 *
 * @module
 */

/**
 * Writes a message: its length and that of its JSON, the JSON, and the bytes that stand in it.
 * @param message what JSON can say, and bytes in it
 * @returns the pieces, one behind the other; bytes of the message are not copied
 */
export function frameOf(message: unknown): Uint8Array<ArrayBuffer>[] {
  const bodies: Uint8Array<ArrayBuffer>[] = [];
  const text = encoder.encode(JSON.stringify(message, (_, value) => {
    if (!(value instanceof Uint8Array)) return value;
    bodies.push(new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.length));
    return { [BYTES]: value.length };
  }));
  const length = bodies.reduce((sum, body) => sum + body.length, text.length);
  const head = new Uint8Array(HEAD_BYTES + text.length);
  const view = new DataView(head.buffer);
  view.setUint32(0, length);
  view.setUint32(4, text.length);
  head.set(text, HEAD_BYTES);
  return [head, ...bodies.filter((body) => body.length > 0)];
}

/** Thrown where what comes is no frame, or a longer one than is taken. */
export class MalformedFrame extends Error {
  override readonly name = "MalformedFrame";
}

/** Reads messages out of pieces of any length. */
export class MessageReader {
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** What is needed before the next frame is whole. */
  #needed = HEAD_BYTES;

  /**
   * The messages that are whole now.
   * @throws {MalformedFrame}
   */
  read(piece: Uint8Array): unknown[] {
    this.#pieces.push(piece);
    this.#length += piece.length;
    const messages: unknown[] = [];
    while (this.#length >= this.#needed) {
      const bytes = this.#joined();
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      if (length > MAX_FRAME_BYTES) throw new MalformedFrame(`a frame of ${length} bytes`);
      this.#needed = HEAD_BYTES + length;
      if (bytes.length < this.#needed) break;
      messages.push(messageOf(bytes.subarray(0, this.#needed)));
      this.#pieces = [bytes.subarray(this.#needed)];
      this.#length = bytes.length - this.#needed;
      this.#needed = HEAD_BYTES;
    }
    return messages;
  }

  #joined(): Uint8Array {
    const [first, ...others] = this.#pieces;
    if (first !== undefined && others.length === 0) return first;
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [joined];
    return joined;
  }
}

/** @throws {MalformedFrame} */
function messageOf(frame: Uint8Array): unknown {
  const textBytes = new DataView(frame.buffer, frame.byteOffset).getUint32(4);
  let at = HEAD_BYTES + textBytes;
  try {
    return JSON.parse(decoder.decode(frame.subarray(HEAD_BYTES, at)), (_, value) => {
      const length: unknown = value?.[BYTES];
      if (typeof length !== "number") return value;
      // A copy: the frame is let go.
      return frame.slice(at, at += length);
    });
  } catch (error) {
    throw new MalformedFrame("a frame without JSON", { cause: error });
  }
}

/** What stands in JSON for bytes; its value is their length. No other message has such a field. */
const BYTES = "$bytes";
const HEAD_BYTES = 8;
/** More than any version of a playlist has, with the segments that are new in it. */
const MAX_FRAME_BYTES = 64 * 2 ** 20;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
