/**
 * Segments that a replica keeps in memory, up to so many bytes.
 *
 * @module
 */
import type { ServedFile } from "./origin.ts";

/** Keeps the newest segments of all names. */
export class SegmentCache {
  readonly #maxBytes: number;
  /** The oldest first. */
  readonly #kept = new Set<Kept>();
  #bytes = 0;

  /** @param maxBytes what all of them may have together */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The segments of one name. */
  addName(): CachedSegments {
    return new CachedSegments({
      add: (kept) => {
        this.#kept.add(kept);
        this.#bytes += kept.served.bytes.length;
        for (const oldest of this.#kept) {
          if (this.#bytes <= this.#maxBytes) break;
          oldest.owner.remove(oldest.file);
        }
      },
      remove: (kept) => {
        if (this.#kept.delete(kept)) this.#bytes -= kept.served.bytes.length;
      },
    });
  }
}

/** Those of one name. */
export class CachedSegments {
  readonly #byFile = new Map<string, Kept>();
  readonly #cache: { add(kept: Kept): void; remove(kept: Kept): void };

  /** Use {@link SegmentCache.addName}. */
  constructor(cache: { add(kept: Kept): void; remove(kept: Kept): void }) {
    this.#cache = cache;
  }

  get isEmpty(): boolean {
    return this.#byFile.size === 0;
  }

  get(file: string): ServedFile | undefined {
    return this.#byFile.get(file)?.served;
  }

  /** Keeps a segment; older ones of any name go where there are too many. */
  add(file: string, served: ServedFile): void {
    this.remove(file);
    const kept = { owner: this, file, served };
    this.#byFile.set(file, kept);
    this.#cache.add(kept);
  }

  remove(file: string): void {
    const kept = this.#byFile.get(file);
    this.#byFile.delete(file);
    if (kept !== undefined) this.#cache.remove(kept);
  }

  clear(): void {
    for (const file of this.#byFile.keys()) this.remove(file);
  }
}

interface Kept {
  readonly owner: CachedSegments;
  readonly file: string;
  readonly served: ServedFile;
}
