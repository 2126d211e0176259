/** Bodies of HTTP answers that are made of pieces of files, and of bytes between these. */
import type { ByteRange } from "../web/byte_range.ts";

/** Bytes that are there already, or a range of the file. */
export type BodyPart = Uint8Array<ArrayBuffer> | ByteRange;

/** Reads a range of the file; rejects where that is not there any more. */
export type ReadRange = (range: ByteRange) => Promise<Uint8Array<ArrayBuffer>>;

/** Bytes of all parts. */
export function sizeOf(parts: readonly BodyPart[]): number {
  return parts.reduce((sum, part) => sum + lengthOf(part), 0);
}

/**
 * The bytes of a range of all parts, one after the other. They are read as fast as they are taken;
 * in between nothing is held open.
 * @param onEnd called when no more of it is read, to its end or not
 */
export function partsBody(
  parts: readonly BodyPart[],
  { start, end }: ByteRange,
  read: ReadRange,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  let at = start;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const piece = { start: at, end: Math.min(end, at + PIECE_BYTES) };
        const bytes = await bytesAt(parts, piece, read);
        at += bytes.length;
        controller.enqueue(bytes);
      } catch (error) {
        onEnd();
        throw error;
      }
      if (at < end) return;
      onEnd();
      controller.close();
    },
    cancel: onEnd,
  }, { highWaterMark: 0 });
}

/** Bytes from the start of a range on, up to the end of the part that they are in. */
async function bytesAt(
  parts: readonly BodyPart[],
  { start, end }: ByteRange,
  read: ReadRange,
): Promise<Uint8Array<ArrayBuffer>> {
  let before = 0;
  for (const part of parts) {
    const length = lengthOf(part);
    if (start < before + length) {
      const [from, to] = [start - before, Math.min(end - before, length)];
      if (part instanceof Uint8Array) return part.subarray(from, to);
      return await read({ start: part.start + from, end: part.start + to });
    }
    before += length;
  }
  throw new RangeError(`Cannot read a body: it ends before ${start}`);
}

function lengthOf(part: BodyPart): number {
  return part instanceof Uint8Array ? part.length : part.end - part.start;
}

/** Most segments are read at once. */
const PIECE_BYTES = 128 * 1024;
