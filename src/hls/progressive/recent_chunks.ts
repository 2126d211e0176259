/** The last seconds of an endless stream, for who comes. */
import type { StreamChunk } from "./stream_writer.ts";

/** What who comes first is sent of the time before. It is a little more than a ring begins with. */
export const RECENT_MS = 4500;

/** Keeps the newest chunks. */
export class RecentChunks {
  #chunks: StreamChunk[] = [];
  /** Playing time of all of them. */
  #durationMs = 0;
  /** What was heard before; `undefined` where nobody has told. */
  #titleBefore: string | undefined;

  /** The oldest first. It begins with a title, where that is known. */
  get all(): readonly StreamChunk[] {
    const [first, ...others] = this.#chunks;
    const title = this.#titleBefore;
    if (first === undefined || title === undefined) return this.#chunks;
    return [{ ...first, titles: [{ at: 0, title }, ...first.titles] }, ...others];
  }

  /** The newest. */
  get last(): StreamChunk | undefined {
    return this.#chunks.at(-1);
  }

  push(chunk: StreamChunk): void {
    if (chunk.isNew) this.#shorten(0);
    this.#chunks.push(chunk);
    this.#durationMs += chunk.durationMs;
    this.#shorten(RECENT_MS);
  }

  /** Forgets the oldest, as far as `leastMs` are left. */
  #shorten(leastMs: number): void {
    for (let [first] = this.#chunks; first !== undefined; [first] = this.#chunks) {
      if (leastMs > 0 && this.#durationMs - first.durationMs < leastMs) break;
      this.#chunks.shift();
      this.#titleBefore = first.titles.at(-1)?.title ?? this.#titleBefore;
      this.#durationMs -= first.durationMs;
    }
  }
}
