/** A segment counts who fetches it for so many target durations after it was listed. */
const COUNTED_TARGETS = 3;
/** So many segments make a count. */
const MEDIAN_OF = 3;
/** Segments of a name that count at a time. */
const MAX_COUNTING = 16;
/** After so many target durations without a new segment, nobody is left to listen. */
const SILENT_TARGETS = 6;

/** How often a segment was fetched. */
interface Fetches {
  readonly file: string;
  readonly listedAt: number;
  count: number;
}

/**
 * How many listen. A player fetches each segment once, so the listeners of a name are the fetches of
 * a segment until three target durations after it was listed, the median of the last three. A cache
 * in between fetches for its listeners only once. Nothing about a client is kept.
 */
export class Listeners {
  readonly #targetMs: number;
  readonly #now: () => number;
  /** The latest segments of each name, the oldest first. */
  readonly #names = new Map<string, Fetches[]>();

  /**
   * @param targetMs how long segments are, in milliseconds
   * @param now milliseconds since some start
   */
  constructor(targetMs: number, now: () => number) {
    this.#targetMs = targetMs;
    this.#now = now;
  }

  /** A segment of `name` is in its playlist from now on. */
  listed(name: string, file: string): void {
    const fetches = this.#names.get(name) ?? [];
    fetches.push({ file, listedAt: this.#now(), count: 0 });
    const over = this.#over(fetches);
    const spare = Math.max(over - MEDIAN_OF, fetches.length - MEDIAN_OF - MAX_COUNTING, 0);
    fetches.splice(0, spare);
    if (!this.#names.has(name)) this.#forgetSilent();
    this.#names.set(name, fetches);
  }

  /** Somebody fetched it. */
  fetched(name: string, file: string): void {
    const fetches = this.#names.get(name)?.findLast((fetches) => fetches.file === file);
    if (fetches !== undefined && !this.#isOver(fetches)) fetches.count++;
  }

  /** Listeners of `name`. */
  count(name: string): number {
    const fetches = this.#names.get(name);
    if (fetches === undefined || this.#isSilent(fetches)) return 0;
    const over = this.#over(fetches);
    const counts = fetches.slice(Math.max(0, over - MEDIAN_OF), over).map(({ count }) => count);
    return counts.sort((a, b) => a - b)[counts.length >> 1] ?? 0;
  }

  /** Listeners of all names. */
  get total(): number {
    let total = 0;
    for (const [, listeners] of this.byName()) total += listeners;
    return total;
  }

  /** The names that somebody listens to. */
  *byName(): Generator<[name: string, listeners: number]> {
    for (const name of this.#names.keys()) {
      const listeners = this.count(name);
      if (listeners > 0) yield [name, listeners];
    }
  }

  #over(fetches: readonly Fetches[]): number {
    const counting = fetches.findIndex((fetches) => !this.#isOver(fetches));
    return counting === -1 ? fetches.length : counting;
  }

  /** It counts no more. */
  #isOver({ listedAt }: Fetches): boolean {
    return this.#now() - listedAt >= COUNTED_TARGETS * this.#targetMs;
  }

  #isSilent(fetches: readonly Fetches[]): boolean {
    const listedAt = fetches.at(-1)?.listedAt ?? -Infinity;
    return this.#now() - listedAt >= SILENT_TARGETS * this.#targetMs;
  }

  /** As many names at most as were on air lately. */
  #forgetSilent(): void {
    for (const [name, fetches] of this.#names) {
      if (this.#isSilent(fetches)) this.#names.delete(name);
    }
  }
}
