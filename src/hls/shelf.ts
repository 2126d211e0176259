/**
 * Where a stream's segments are kept, and for how long.
 *
 * @module
 */
import type { BufferPool } from "./buffer_pool.ts";
import type { Segment } from "./segment.ts";
import type { StreamFiles } from "./stream_files.ts";
import type { NumberedSegment } from "./window.ts";

/** How long a segment stays to be had once it has left the playlist. */
export const KEEP_MS = 38_000;

/** A stream's segments from when they are cut until they are removed: in memory, and on disk. */
export class Shelf {
  readonly #files: StreamFiles;
  readonly #pool: BufferPool;
  readonly #byFile = new Map<string, Segment>();
  readonly #retired: { readonly segments: readonly Segment[]; readonly goesAt: number }[] = [];

  constructor(files: StreamFiles, pool: BufferPool) {
    this.#files = files;
    this.#pool = pool;
  }

  /** The segment whose file is `file`. */
  get(file: string): Segment | undefined {
    return this.#byFile.get(file);
  }

  /** Names of the segments' files that are not known to be written. */
  get unwritten(): readonly string[] {
    const segments = [...this.#byFile.values()];
    return segments.filter(({ isWritten }) => !isWritten).map(({ uri }) => uri);
  }

  /** Names of the files of all segments that are here. */
  get files(): readonly string[] {
    return [...this.#byFile.keys()];
  }

  /** Takes a segment in that has just been cut, and has its file written. */
  keep(entry: NumberedSegment, packaged: Uint8Array, readyAt: number): Segment {
    const bytes = this.#pool.copy(packaged);
    const written = this.#files.writeSegment(entry.uri, bytes);
    const size = bytes.length;
    const segment: Segment = { ...entry, bytes, size, written, isWritten: false, readyAt };
    written.then((isWritten) => segment.isWritten = isWritten);
    this.put(segment);
    return segment;
  }

  /** Takes a segment in whose file is there. */
  put(segment: Segment): void {
    this.#byFile.set(segment.uri, segment);
  }

  /** When the last of what has been retired goes; `undefined` where nothing has. */
  get lastGoesAt(): number | undefined {
    if (this.#retired.length === 0) return undefined;
    return Math.max(...this.#retired.map(({ goesAt }) => goesAt));
  }

  /** Keeps `segments`, which are listed, on disk or, failing that, in memory. */
  settle(segments: readonly Segment[]): void {
    for (const segment of segments) {
      segment.written.then((written) => written && this.#release(segment));
    }
  }

  /** Keeps `segments`, which are listed no more, until `goesAt`. */
  retire(segments: readonly Segment[], goesAt: number): void {
    if (segments.length > 0) this.#retired.push({ segments, goesAt });
  }

  /** Removes what may go by `now`. */
  sweep(now: number): void {
    while (this.#retired[0] !== undefined && this.#retired[0].goesAt <= now) {
      this.#remove(this.#retired.shift()?.segments ?? [], []);
    }
  }

  /** Removes everything, and `files` too. */
  async clear(files: readonly string[]): Promise<void> {
    this.#retired.length = 0;
    await this.#remove([...this.#byFile.values()], files);
  }

  /** A segment whose file another one has by now is no longer here. */
  async #remove(segments: readonly Segment[], files: readonly string[]): Promise<void> {
    const here = segments.filter((segment) => this.#byFile.get(segment.uri) === segment);
    for (const segment of here) {
      this.#byFile.delete(segment.uri);
      segment.written.then(() => this.#release(segment));
    }
    await this.#files.remove([...here.map((segment) => segment.uri), ...files]);
  }

  /** Its bytes may be used for another one. */
  #release(segment: Segment): void {
    if (segment.bytes !== undefined) this.#pool.recycle(segment.bytes);
    segment.bytes = undefined;
  }
}
