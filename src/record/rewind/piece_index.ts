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
  /** Frame, offset and wall time of each, flat: as objects they would take thrice the memory. */
  #starts: number[] = [];
  #open: SegmentPlace | undefined;
  /** Segments that were forgotten. */
  #forgotten = 0;
  #frames = 0;
  #end = 0;

  constructor(rates: Rates) {
    this.rates = rates;
    this.#framesPerSegment = framesPerSegment(rates);
  }

  /** An index that goes on where `segments` segments were forgotten: with what is at `frame`. */
  static behind(rates: Rates, segments: number, frame: number): PieceIndex {
    const index = new PieceIndex(rates);
    index.#forgotten = segments;
    index.#frames = frame;
    return index;
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
    const starts: SegmentPlace[] = [];
    for (let i = Math.max(0, from - this.#forgotten); i < this.#count; i++) {
      const [frame = NaN, offset = NaN, wallMs = NaN] = this.#starts.slice(
        i * FIELDS,
        (i + 1) * FIELDS,
      );
      starts.push({ frame, offset, wallMs });
    }
    return starts;
  }

  /** Takes the next fragment. */
  add({ frames, offset, bytes, wallMs }: IndexedFragment): void {
    const open = this.#open;
    if (open === undefined || this.#frames - open.frame >= this.#framesPerSegment) {
      const dueMs = wallMs ?? (open === undefined ? NaN : this.#behind(open));
      this.#open = { frame: this.#frames, offset, wallMs: dueMs };
      this.#starts.push(this.#frames, offset, dueMs);
    }
    this.#frames += frames;
    this.#end = offset + bytes;
  }

  /** Forgets segments that end more than `ms` milliseconds before its end. */
  forget(ms: number): void {
    let count = 0;
    for (; count + 1 < this.#count; count++) {
      const frames = this.#frames - (this.#starts[(count + 1) * FIELDS] ?? 0);
      if (durationOf(frames, this.rates) <= ms) break;
    }
    this.#starts.splice(0, count * FIELDS);
    this.#forgotten += count;
  }

  /** Forgets all its segments, of which there are `segments`. */
  forgetAll(segments: number): void {
    this.#starts = [];
    this.#forgotten = Math.max(this.#forgotten, segments);
  }

  get #count(): number {
    return this.#starts.length / FIELDS;
  }

  #behind(start: SegmentPlace): number {
    return start.wallMs + durationOf(this.#frames - start.frame, this.rates);
  }
}

/** Numbers of a start. */
const FIELDS = 3;
