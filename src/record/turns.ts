/** Runs pieces of work that are for the same name one after another, in order. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` when its turn has come. Rejects with what it rejects with. */
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

  /** Resolves when all that was asked for until now has been done. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
