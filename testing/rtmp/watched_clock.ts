/** A clock that tells when it is asked for the time. */
import { FakeClock } from "../fake_clock.ts";

/** Tells when it is asked for the time, as a connection does when it opens and at each read. */
export class WatchedClock extends FakeClock {
  #onAsked = () => {};

  override awake(nowMs?: number): number {
    this.#onAsked();
    return super.awake(nowMs);
  }

  /** Resolves when `awake` is called for the next time. */
  async asked(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onAsked = resolve;
    await promise;
  }
}
