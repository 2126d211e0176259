/** Workers that this process starts, so that a test can end them as a crash would. */
export class StartedWorkers implements Disposable {
  /** Those that were started since, the oldest first. */
  readonly started: Worker[] = [];
  readonly #own = globalThis.Worker;

  constructor() {
    const { started } = this;
    globalThis.Worker = class extends Worker {
      constructor(specifier: string | URL, options?: WorkerOptions) {
        super(specifier, options);
        started.push(this);
      }
    };
  }

  [Symbol.dispose](): void {
    globalThis.Worker = this.#own;
  }
}
