/** Finds where a stream goes on that is told anew from some seconds before. */
import { Buffer } from "node:buffer";
import type { StreamChunk } from "./stream_writer.ts";

/**
 * What of `chunks` stands behind `last`, which may be cut in another way there.
 * @returns all of them where they do not have its end
 */
export function behind(
  last: StreamChunk | undefined,
  chunks: readonly StreamChunk[],
): readonly StreamChunk[] {
  if (last === undefined) return chunks;
  const end = last.bytes.subarray(-COMPARED_BYTES);
  const at = Buffer.concat(chunks.map(({ bytes }) => bytes)).lastIndexOf(end);
  if (at === -1) return chunks;
  let left = at + end.length;
  return chunks.flatMap((chunk) => {
    const cut = Math.min(left, chunk.bytes.length);
    left -= cut;
    return cut === chunk.bytes.length ? [] : [cutAt(chunk, cut)];
  });
}

function cutAt(chunk: StreamChunk, cut: number): StreamChunk {
  if (cut === 0) return chunk;
  const { bytes, durationMs, titles } = chunk;
  return {
    bytes: bytes.slice(cut),
    durationMs: durationMs * (1 - cut / bytes.length),
    titles: titles.filter(({ at }) => at >= cut).map(({ at, title }) => ({ at: at - cut, title })),
  };
}

/** More than a frame or two, which no other place in some seconds has, but for silence. */
const COMPARED_BYTES = 1024;
