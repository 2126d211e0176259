/**
 * How many listen, by the requests for segments, and by the endless streams that they are sent.
 *
 * @module
 */
import { RewindingListeners } from "./rewinding_listeners.ts";

/**
 * Counts listeners. A player fetches each segment once, so a name has as many listeners as a segment
 * has fetches within a while after it was listed. The median of the last three such segments counts,
 * or the last one where segments are so long that the median would come too late. A cache on the way
 * fetches once for all its listeners. Nothing about a client is kept. Who rewinds is counted besides,
 * and so is each connection that is sent an endless stream.
 */
export class Listeners {
  readonly #targetMs: number;
  /** How many segments make a count. */
  readonly #medianOf: number;
  /** How long a segment's fetches count after it was listed, in milliseconds. */
  readonly #countedMs: number;
  readonly #now: () => number;
  /** The latest segments of each name, the oldest first. */
  readonly #names = new Map<string, Fetches[]>();
  readonly #rewinding: RewindingListeners;
  readonly #streamSources: (() => readonly StreamAudience[])[] = [];
  #elsewhere: () => readonly StreamAudience[] = () => [];

  /**
   * @param targetMs how long segments are, in milliseconds
   * @param now milliseconds since some start
   */
  constructor(targetMs: number, now: () => number) {
    this.#targetMs = targetMs;
    this.#now = now;
    this.#rewinding = new RewindingListeners(now);
    // A listener who leaves does not fetch the next segment. The median of three falls one segment
    // later, which is a target duration.
    const leftForMedianMs = SETTLE_MS - targetMs;
    const isMedian = leftForMedianMs >= MIN_COUNTED_TARGETS * targetMs;
    this.#medianOf = isMedian ? 3 : 1;
    this.#countedMs = Math.min(
      MAX_COUNTED_TARGETS * targetMs,
      isMedian ? leftForMedianMs : SETTLE_MS,
    );
  }

  /** A segment of `name` is in its playlist from now on. */
  listed(name: string, file: string): void {
    const sequence = sequenceOf(file);
    const known = this.#names.get(name) ?? [];
    const count = known.find((fetches) => fetches.sequence === sequence)?.count ?? 0;
    const fetches = known.filter(({ listedAt }) => listedAt !== undefined);
    const open = known.filter((fetches) => Number(fetches.sequence) > Number(sequence));
    fetches.push({ sequence, listedAt: this.#now(), count }, ...open);
    const over = this.#over(fetches, this.#now());
    const most = this.#medianOf + MAX_COUNTING;
    fetches.splice(0, Math.max(over - this.#medianOf, fetches.length - most, 0));
    if (!this.#names.has(name)) this.#forgetSilent();
    this.#names.set(name, fetches);
  }

  /** It was fetched, so many times, in whatever format; or a segment of the show from its start. */
  fetched(name: string, file: string, count = 1): void {
    if (this.#rewinding.fetched(name, file, count)) return;
    const sequence = sequenceOf(file);
    const known = this.#names.get(name);
    if (known === undefined) return;
    const fetches = known.findLast((fetches) => fetches.sequence === sequence);
    if (fetches !== undefined) {
      if (!this.#isOver(fetches, this.#now())) fetches.count += count;
    } else if (Number(sequence) > Number(known.at(-1)?.sequence)) {
      // Low latency has it while it is open.
      known.push({ sequence, listedAt: undefined, count });
    }
  }

  /** Also those count from now on who are sent endless streams: `streams` tells them. */
  addStreams(streams: () => readonly StreamAudience[]): void {
    this.#streamSources.push(streams);
  }

  /** Other boxes have listeners to what is here: `elsewhere` tells how many, for each box. */
  addElsewhere(elsewhere: () => readonly StreamAudience[]): void {
    this.#elsewhere = elsewhere;
  }

  /** Listeners of `name`, those at other boxes included. */
  count(name: string): number {
    return this.countHere(name) + countStreaming(this.#elsewhere(), name);
  }

  /** Listeners of `name` at this box. */
  countHere(name: string): number {
    let listeners = this.#countFetching(name);
    for (const streams of this.#streamSources) listeners += countStreaming(streams(), name);
    return listeners;
  }

  /** Those of all names who are sent endless streams. */
  get streaming(): number {
    const all = this.#streams.flatMap((streams) => [...streams.values()]);
    return all.reduce((sum, listeners) => sum + listeners, 0);
  }

  get #streams(): readonly StreamAudience[] {
    return this.#streamSources.flatMap((streams) => streams());
  }

  #countFetching(name: string): number {
    const fetches = this.#names.get(name);
    const now = this.#now();
    if (fetches === undefined || this.#isSilent(fetches, now)) return 0;
    return this.#countLive(fetches, now) + this.#rewinding.count(name);
  }

  #countLive(fetches: readonly Fetches[], now: number): number {
    // Most broadcasts of a platform have no listener.
    if (fetches.every(({ count }) => count === 0)) return 0;
    const over = this.#over(fetches, now);
    const counts = fetches.slice(Math.max(0, over - this.#medianOf), over)
      .map(({ count }) => count);
    return counts.sort((a, b) => a - b)[counts.length >> 1] ?? 0;
  }

  /** Listeners of all names at this box. */
  get total(): number {
    let total = 0;
    for (const [, listeners] of this.byName()) total += listeners;
    return total;
  }

  /** The names that somebody listens to at this box. */
  *byName(): Generator<[name: string, listeners: number]> {
    // They are made anew for whoever asks.
    const streams = this.#streams;
    const streamed = streams.flatMap((audience) => [...audience.keys()]);
    for (const name of new Set([...this.#names.keys(), ...streamed])) {
      const listeners = this.#countFetching(name) + countStreaming(streams, name);
      if (listeners > 0) yield [name, listeners];
    }
  }

  /** Listeners of all names that somebody listens to, those at other boxes included. */
  get everywhere(): ReadonlyMap<string, number> {
    const counts = new Map(this.byName());
    for (const audience of this.#elsewhere()) {
      for (const [name, listeners] of audience) {
        counts.set(name, (counts.get(name) ?? 0) + listeners);
      }
    }
    return counts;
  }

  #over(fetches: readonly Fetches[], now: number): number {
    const counting = fetches.findIndex((fetches) => !this.#isOver(fetches, now));
    return counting === -1 ? fetches.length : counting;
  }

  /** Whether its fetches do not count any more. */
  #isOver({ listedAt }: Fetches, now: number): boolean {
    return listedAt !== undefined && now - listedAt >= this.#countedMs;
  }

  #isSilent(fetches: readonly Fetches[], now: number): boolean {
    const newest = fetches.findLast(({ listedAt }) => listedAt !== undefined)?.listedAt;
    const silentMs = Math.min(SILENT_TARGETS * this.#targetMs, this.#targetMs + SETTLE_MS);
    return newest === undefined || now - newest >= silentMs;
  }

  /** Keeps the names alone that were on air lately. */
  #forgetSilent(): void {
    const now = this.#now();
    for (const [name, fetches] of this.#names) {
      if (this.#isSilent(fetches, now)) this.#names.delete(name);
    }
  }
}

/** How many listen, by the names of broadcasts, in one thread or at one box. */
export type StreamAudience = ReadonlyMap<string, number>;

function countStreaming(streams: readonly StreamAudience[], name: string): number {
  let listeners = 0;
  for (const audience of streams) listeners += audience.get(name) ?? 0;
  return listeners;
}

/** How often a segment was fetched. */
interface Fetches {
  /** Its media sequence number, as text. */
  readonly sequence: string;
  /** `undefined` while only low latency has it. */
  readonly listedAt: number | undefined;
  count: number;
}

/** The names of a segment's files begin with its number. */
function sequenceOf(file: string): string {
  return file.slice(0, file.indexOf("-"));
}

/** A change of the number of listeners is counted within a target duration and this. */
const SETTLE_MS = 10_000;
/** A fetch counts within this many target durations after its segment was listed, at most … */
const MAX_COUNTED_TARGETS = 3;
/** … and at least: players look for a new version once in each. */
const MIN_COUNTED_TARGETS = 1.2;
/** Segments of a name that count at a time. */
const MAX_COUNTING = 16;
/** After this many target durations without a new segment, at most, nobody listens any more. */
const SILENT_TARGETS = 6;
