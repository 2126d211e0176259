/** Whether the store works. It is logged where it does not, and where it does again. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../session/clock.ts";
import { BackOff } from "./back_off.ts";
import type { Bucket } from "./bucket.ts";

const logger = getLogger(["echo", "storage"]);

/** A request that fails now and then is no news. */
export const TOLD_FAILURES = 3;

/** What requests tell of the store. */
export class StoreWatch {
  readonly backOff: BackOff;
  readonly #bucket: Pick<Bucket, "settings">;
  #why = "";

  constructor(clock: Pick<Clock, "monotonic">, bucket: Pick<Bucket, "settings">) {
    this.backOff = new BackOff(clock);
    this.#bucket = bucket;
  }

  /** What is wrong, as a sentence; `undefined` where it works. */
  get problem(): string | undefined {
    if (this.backOff.failures < TOLD_FAILURES) return undefined;
    return `Recordings cannot be stored in ${this.#bucket.settings.bucket}: ${this.#why}`;
  }

  failed(why: string): void {
    const counts = this.backOff.isOver;
    this.backOff.failed();
    this.#why = why;
    if (!counts || this.backOff.failures !== TOLD_FAILURES) return;
    const { bucket } = this.#bucket.settings;
    logger.error(
      "Cannot store recordings in {bucket}: {why}. They stay on the disk, and it is tried again",
      { bucket, why },
    );
  }

  works(): void {
    if (this.backOff.failures >= TOLD_FAILURES) {
      const { bucket } = this.#bucket.settings;
      logger.info("Recordings go to {bucket} again", { bucket });
    }
    this.backOff.succeeded();
  }
}
