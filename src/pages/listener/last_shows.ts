/** When names were last on air. */

/** That a show of `name` was over at that time, in milliseconds since the epoch. */
export interface EndedShow {
  readonly name: string;
  readonly at: number;
}

/** So many names are remembered. */
const MAX_NAMES = 1000;

/** Remembers when the last show of a name was over, of those that ended last. */
export class LastShows {
  readonly #ends = new Map<string, number>();

  /** The show that ended first comes first. */
  get all(): readonly EndedShow[] {
    return [...this.#ends].map(([name, at]) => ({ name, at }));
  }

  add({ name, at }: EndedShow): void {
    this.#ends.delete(name);
    this.#ends.set(name, at);
    const [first] = this.#ends.keys();
    if (this.#ends.size > MAX_NAMES && first !== undefined) this.#ends.delete(first);
  }

  /** When the last show of `name` was over, as RFC 3339; null where that is not known. */
  endOf(name: string): string | null {
    const at = this.#ends.get(name);
    return at === undefined ? null : new Date(at).toISOString();
  }
}
