/** What was started is stopped in the opposite order. */
import { getLogger } from "@logtape/logtape";

const logger = getLogger(["echo"]);

/** Ends one thing that was started. */
export type Stop = () => void | Promise<void>;

/** How to stop what has been started so far. */
export class Stops {
  readonly #stops: Stop[] = [];

  /** To be called once something is started: it is stopped before all that were added earlier. */
  add(...stops: readonly Stop[]): void {
    this.#stops.push(...stops);
  }

  /** Stops everything, one after the other, the last first. What fails is logged. */
  async run(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        logger.error("A part did not stop as it should: {error}", { error });
      }
    }
  }
}
