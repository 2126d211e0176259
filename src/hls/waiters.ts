/** Those who wait for the next version of a playlist. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /**
   * Waits for {@link wake}. No timer is made for it, so {@link sweep} has to be called now and then.
   * @param until when it waits no longer, on `Clock.awake`
   * @param signal ends the wait before
   * @returns whether it was woken; false where it gave up
   */
  wait(until: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const giveUp = () => waiter.settle(false);
    const waiter: Waiter = {
      until,
      settle: (woken) => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener("abort", giveUp);
        resolve(woken);
      },
    };
    signal?.addEventListener("abort", giveUp);
    this.#waiting.add(waiter);
    return promise;
  }

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Wakes all: what they wait for is there. */
  wake(): void {
    for (const waiter of this.#waiting) waiter.settle(true);
  }

  /** Has those give up whose time is over by `now`, on `Clock.awake`. */
  sweep(now: number): void {
    for (const waiter of this.#waiting) if (waiter.until <= now) waiter.settle(false);
  }

  /** Has all give up: what they wait for does not come. */
  dismiss(): void {
    this.sweep(Infinity);
  }
}

interface Waiter {
  readonly until: number;
  readonly settle: (woken: boolean) => void;
}
