/** Takes an endless stream apart that has titles between its bytes (ICY). */
import { concat } from "../bytes.ts";

/** A title where it stands in the stream. */
export interface FoundTitle {
  readonly title: string;
  /** How many bytes of audio stand before it. */
  readonly position: number;
}

/**
 * Reads such a stream.
 * @param interval what `icy-metaint` said
 */
export function readIcy(
  bytes: Uint8Array,
  interval: number,
): { readonly audio: Uint8Array; readonly titles: readonly FoundTitle[] } {
  const audio: Uint8Array[] = [];
  const titles: FoundTitle[] = [];
  for (let at = 0, position = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + interval);
    audio.push(piece);
    position += piece.length;
    at += piece.length;
    const length = 16 * (bytes[at] ?? 0);
    const title = titleIn(bytes.subarray(at + 1, at + 1 + length));
    if (title !== undefined) titles.push({ title, position });
    at += 1 + length;
  }
  return { audio: concat(audio), titles };
}

/** The title that a block tells, without its length; `undefined` where it tells none. */
export function titleIn(block: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(block);
  const start = text.indexOf("StreamTitle='");
  return start === -1 ? undefined : text.slice(start + 13, text.lastIndexOf("';"));
}
