/** Where segments are in a file: whole fragments, joined until they are long enough. */
import { durationOf, framesPerSegment, type Rates, type SegmentPlace } from "./show_news.ts";

/** A fragment of the file, as the index takes it. */
export interface IndexedFragment {
  readonly frames: number;
  /** Where it begins in the file. */
  readonly offset: number;
  readonly bytes: number;
  /** In milliseconds since the epoch; `undefined` where it is due when the one before ends. */
  readonly wallMs: number | undefined;
}

/** The index of a piece. The same fragments make the same segments, whenever they are read. */
export class PieceIndex {
  readonly rates: Rates;
  readonly #framesPerSegment: number;
  #starts: SegmentPlace[] = [];
  /** Segments that were forgotten. */
  #forgotten = 0;
  #frames = 0;
  #end = 0;

  constructor(rates: Rates) {
    this.rates = rates;
    this.#framesPerSegment = framesPerSegment(rates);
  }

  /** Frames of all its fragments. */
  get frames(): number {
    return this.#frames;
  }

  /** Where its last fragment ends. */
  get end(): number {
    return this.#end;
  }

  /** Which is the first that it still knows. */
  get first(): number {
    return this.#forgotten;
  }

  /** The starts of its segments from the `from`th on; of those, the ones that it knows. */
  startsFrom(from: number): readonly SegmentPlace[] {
    return this.#starts.slice(Math.max(0, from - this.#forgotten));
  }

  /** Takes the next fragment. */
  add({ frames, offset, bytes, wallMs }: IndexedFragment): void {
    const open = this.#starts.at(-1);
    if (open === undefined || this.#frames - open.frame >= this.#framesPerSegment) {
      const dueMs = wallMs ?? (open === undefined ? NaN : this.#behind(open));
      this.#starts.push({ frame: this.#frames, offset, wallMs: dueMs });
    }
    this.#frames += frames;
    this.#end = offset + bytes;
  }

  /** Forgets segments that end more than `ms` milliseconds before its end. */
  forget(ms: number): void {
    let count = 0;
    for (;;) {
      const next = this.#starts[count + 1];
      if (next === undefined || durationOf(this.#frames - next.frame, this.rates) <= ms) break;
      count++;
    }
    this.#starts.splice(0, count);
    this.#forgotten += count;
  }

  #behind(start: SegmentPlace): number {
    return start.wallMs + durationOf(this.#frames - start.frame, this.rates);
  }
}
