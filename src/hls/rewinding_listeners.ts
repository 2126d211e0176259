/**
 * How many rewind a show, by the requests for its segments.
 *
 * @module
 */

/**
 * Counts who hears a show from any place in it. A player fetches one segment after the other, so who
 * has fetched one is known again by the next. Who seeks is another one, and the one before is soon
 * forgotten. Nothing about a client is kept.
 */
export class RewindingListeners {
  readonly #now: () => number;
  readonly #names = new Map<string, AwaitedFetches>();
  #sweptAt = -Infinity;

  /** @param now milliseconds since some start */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A segment was fetched, so many times.
   * @param file its path beside the show's playlist
   * @returns whether it is a segment of a show
   */
  fetched(name: string, file: string, count: number): boolean {
    const [, start, number] = SHOW_SEGMENT.exec(file) ?? [];
    if (start === undefined) return false;
    this.#sweep();
    const awaited = this.#names.get(name) ?? new AwaitedFetches();
    this.#names.set(name, awaited);
    awaited.tell({ start, number: Number(number), count, second: this.#second });
    return true;
  }

  /** Who rewinds the show of `name`. */
  count(name: string): number {
    this.#sweep();
    return this.#names.get(name)?.count ?? 0;
  }

  get #second(): number {
    return Math.floor(this.#now() / 1000);
  }

  /** Forgets who has fetched nothing for a while. */
  #sweep(): void {
    const now = this.#now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const [name, awaited] of this.#names) {
      awaited.settle(this.#second - TOLD_WITHIN_SECONDS);
      awaited.forget(this.#second - LISTENS_SECONDS);
      if (awaited.isEmpty) this.#names.delete(name);
    }
  }
}

/** A segment of the show that began at `start` was fetched, so many times. */
interface Fetched {
  readonly start: string;
  readonly number: number;
  readonly count: number;
  /** When it was told. */
  readonly second: number;
}

/** The listeners of one name, by what each of them is to fetch next. */
class AwaitedFetches {
  count = 0;
  /** What does not count yet: the segment before it may still be told, by another thread. */
  #told: Fetched[] = [];
  /** Of those who are to fetch a segment: how many have fetched the one before in which second. */
  readonly #since = new Map<string, Map<number, number>>();

  /** Whether there is nobody. */
  get isEmpty(): boolean {
    return this.count === 0 && this.#told.length === 0;
  }

  /** A segment was fetched: it counts once it is {@link settle}d. */
  tell(fetched: Fetched): void {
    this.#told.push(fetched);
  }

  /** Counts what was told until `second`, and what was told later of segments before those. */
  settle(second: number): void {
    const told = this.#told.sort((a, b) => a.number - b.number);
    const last = told.findLastIndex((fetched) => fetched.second <= second);
    this.#told = told.slice(last + 1);
    for (const fetched of told.slice(0, last + 1)) this.#count(fetched);
  }

  /** Forgets those who have fetched nothing since `second`. */
  forget(second: number): void {
    for (const [segment, since] of this.#since) {
      for (const [at, listeners] of since) {
        if (at > second) continue;
        since.delete(at);
        this.count -= listeners;
      }
      if (since.size === 0) this.#since.delete(segment);
    }
  }

  #count({ start, number, count, second }: Fetched): void {
    for (let i = 0; i < count; i++) {
      this.#move(`${start}-${number}`, `${start}-${number + 1}`, second);
    }
  }

  /** Somebody has fetched `segment`, and is to fetch `next`. */
  #move(segment: string, next: string, now: number): void {
    const since = this.#since.get(segment) ?? new Map<number, number>();
    const second = nearest(since.keys(), now - USUAL_SECONDS);
    if (second === undefined) this.count++;
    else change(since, second, -1);
    if (since.size === 0) this.#since.delete(segment);
    const nexts = this.#since.get(next) ?? new Map<number, number>();
    this.#since.set(next, nexts);
    change(nexts, now, 1);
  }
}

/**
 * Of several who were to fetch a segment, it is most likely the one whose time it was. So who has left
 * is forgotten also where others come by.
 */
function nearest(seconds: Iterable<number>, due: number): number | undefined {
  let found: number | undefined;
  for (const second of seconds) {
    if (found === undefined || Math.abs(second - due) < Math.abs(found - due)) found = second;
  }
  return found;
}

function change(counts: Map<number, number>, key: number, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** Who plays fetches a segment about so long after the one before: a segment lasts so long. */
const USUAL_SECONDS = 6;
/** Who has fetched nothing for so long does not listen: it is longer than two segments. */
const LISTENS_SECONDS = 23;
/** Within so long all threads tell what was fetched. */
const TOLD_WITHIN_SECONDS = 2;
const SWEEP_MS = 1000;
/** `START-SEQUENCE.m4s`, in the folder of a show. */
const SHOW_SEGMENT = /^show\/(\d+)-(\d+)\.m4s$/;
