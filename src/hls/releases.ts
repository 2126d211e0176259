/** The sessions of a stream that have ended, and are not yet heard to their end. */
export class Releases {
  /** The first that is due comes first. */
  readonly #releases: Release[] = [];

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#releases.length === 0;
  }

  /** Has `onReleased` called at `at`, on `Clock.awake`. */
  add(at: number, onReleased: () => void): void {
    this.#releases.push({ at, onReleased });
  }

  /** Releases those that are due by `now`. */
  sweep(now: number): void {
    while (this.#releases[0] !== undefined && this.#releases[0].at <= now) {
      this.#releases.shift()?.onReleased();
    }
  }
}

interface Release {
  readonly at: number;
  readonly onReleased: () => void;
}
