/** How long HTTP answers took to begin, as counts that can be added up. */

/** Counts end at so many milliseconds; whatever takes longer is in one more. */
export const DURATIONS_MS: readonly number[] = [0.5, 1, 2.5, 5, 10, 50, 250, 1000, 5000];

/** Answers of one kind whose status has the same first digit. */
export interface AnswerCounts {
  /** What was asked for; one of a few. */
  readonly kind: string;
  /** First digit of the status. */
  readonly statusClass: number;
  /** How many took as long as {@link DURATIONS_MS} and no shorter one of them; the last is the rest. */
  readonly counts: readonly number[];
  /** How long all took together, in milliseconds. */
  readonly totalMs: number;
}

/** Counts answers. */
export class RequestDurations {
  /** By kind, then by the first digit of the status. */
  readonly #kinds = new Map<string, (Durations | undefined)[]>();

  /** An answer began so long after its request. It takes no memory. */
  observe(kind: string, status: number, durationMs: number): void {
    const durations = this.#of(kind, Math.floor(status / 100));
    let bucket = 0;
    while (bucket < DURATIONS_MS.length && durationMs > (DURATIONS_MS[bucket] ?? 0)) bucket++;
    durations.counts[bucket] = (durations.counts[bucket] ?? 0) + 1;
    durations.totalMs += durationMs;
  }

  /** Adds what was counted elsewhere. */
  add({ kind, statusClass, counts, totalMs }: AnswerCounts): void {
    const durations = this.#of(kind, statusClass);
    counts.forEach((count, i) => durations.counts[i] = (durations.counts[i] ?? 0) + count);
    durations.totalMs += totalMs;
  }

  /** What was counted so far. */
  get all(): AnswerCounts[] {
    return [...this.#kinds].flatMap(([kind, classes]) =>
      classes.flatMap((durations, statusClass) =>
        durations === undefined ? [] : [{ kind, statusClass, ...durations }]
      )
    );
  }

  /** Begins anew. */
  clear(): void {
    this.#kinds.clear();
  }

  #of(kind: string, statusClass: number): Durations {
    let classes = this.#kinds.get(kind);
    if (classes === undefined) this.#kinds.set(kind, classes = []);
    return classes[statusClass] ??= { counts: DURATIONS_MS.concat(0).fill(0), totalMs: 0 };
  }
}

interface Durations {
  readonly counts: number[];
  totalMs: number;
}
