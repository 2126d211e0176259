/** Has those who look at the disk do so one after another. */
import { getLogger } from "@logtape/logtape";
import { messageOf } from "../record/files.ts";

const logger = getLogger(["echo", "storage"]);

/** Looks at the disk, one after another. What fails is logged, once until a look succeeds. */
export class DiskLooks {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #fails = false;

  /** Looks when all looks before it are over; not at all where too many wait. */
  run(look: () => Promise<void>): void {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    this.#last = this.#last.then(() => this.#attempt(look));
  }

  async over(): Promise<void> {
    await this.#last;
  }

  async #attempt(look: () => Promise<void>): Promise<void> {
    try {
      await look();
      this.#fails = false;
    } catch (error) {
      const why = messageOf(error);
      if (!this.#fails) logger.error("Cannot see what is to be stored: {why}", { why });
      this.#fails = true;
    }
    this.#waiting--;
  }
}

/** Looks beyond these would see nothing that the ones before do not. */
const MAX_WAITING = 10_000;
