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
