/** Lets a few pieces of work run at a time; the others wait in order. */
export class Limiter {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param limit how many run at a time */
  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** Lets pieces of work for the same name run one after another, in order. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const { promise: mine, resolve: done } = Promise.withResolvers<void>();
    this.#last.set(name, mine);
    try {
      await before;
      return await work();
    } finally {
      if (this.#last.get(name) === mine) this.#last.delete(name);
      done();
    }
  }

  /** Resolves when all that is asked for by now has been done. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
