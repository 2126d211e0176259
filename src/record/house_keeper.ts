/** Keeps the archive within its limits of age and size. */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../session/clock.ts";
import { identityOf } from "./files.ts";
import type { RecordFolder } from "./record_folder.ts";
import type { StoredFile } from "./stored_file.ts";

const logger = getLogger(["echo", "record"]);

/** Which of the finished recordings are kept. A limit of 0 is none. */
export interface HouseRules {
  readonly maxAgeMs: number;
  /** The most bytes of all recordings in the folder, live ones included. */
  readonly maxBytes: number;
}

/**
 * Deletes the oldest of the finished and damaged recordings, and none that is live or unfinished.
 */
export class HouseKeeper {
  readonly #folder: RecordFolder;
  readonly #clock: Clock;
  readonly #onRemoved: (identity: string) => void;
  readonly #mayRemove: (file: StoredFile) => boolean;
  /** May be replaced at any time; they hold from the next cleaning on. */
  rules: HouseRules;
  /** Wall time less monotonic time, as of the last look. */
  #wallOffsetMs: number;
  /** From when on the ages of files are believed, on the monotonic clock. */
  #trustedAt = -Infinity;
  /** What could not be deleted the last time, kept so that each is logged once. */
  #stuck = new Set<string>();

  /**
   * @param onRemoved called with the identity of a file that was deleted
   * @param mayRemove whether a file may be deleted, whatever the rules say
   */
  constructor(
    folder: RecordFolder,
    rules: HouseRules,
    clock: Clock,
    { onRemoved = () => {}, mayRemove = () => true }: {
      readonly onRemoved?: ((identity: string) => void) | undefined;
      readonly mayRemove?: ((file: StoredFile) => boolean) | undefined;
    } = {},
  ) {
    this.#onRemoved = onRemoved;
    this.#mayRemove = mayRemove;
    this.#folder = folder;
    this.rules = rules;
    this.#clock = clock;
    this.#wallOffsetMs = clock.now() - clock.monotonic();
  }

  /** Deletes what the rules do not keep. Rejects where the folder cannot be read. */
  async clean(): Promise<void> {
    const { maxAgeMs, maxBytes } = this.rules;
    if (maxAgeMs === 0 && maxBytes === 0) return;
    const files = await this.#folder.files();
    const ageCounts = maxAgeMs > 0 && this.#isClockSteady();
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const finished = files.filter(({ state }) => state !== "unfinished");
    const stuck = new Set<string>();
    for (const file of finished.sort((a, b) => a.changedAt - b.changedAt)) {
      const isOld = ageCounts && this.#clock.now() - file.changedAt > maxAgeMs;
      const isTooMuch = maxBytes > 0 && bytes > maxBytes;
      if (!isOld && !isTooMuch) break;
      if (!this.#mayRemove(file)) continue;
      if (!await this.#remove(file, isOld ? "too old" : "too much")) stuck.add(file.file);
      // Even if it is still there: no other recording is to be deleted in its place.
      bytes -= file.bytes;
    }
    this.#stuck = stuck;
  }

  /**
   * Whether ages can be believed: a clock that is set wrong for a while must not empty the archive.
   */
  #isClockSteady(): boolean {
    const offsetMs = this.#clock.now() - this.#clock.monotonic();
    const jumped = Math.abs(offsetMs - this.#wallOffsetMs) > JUMP_MS;
    this.#wallOffsetMs = offsetMs;
    if (jumped) this.#trustedAt = this.#clock.monotonic() + DISTRUST_MS;
    return this.#clock.monotonic() >= this.#trustedAt;
  }

  /** @returns whether it is gone */
  async #remove({ file, bytes, identity }: StoredFile, why: string): Promise<boolean> {
    try {
      // The next recording may have got its name meanwhile.
      if (identityOf(await Deno.stat(this.#folder.pathOf(file))) !== identity) return true;
      await this.#folder.remove(file);
      this.#onRemoved(identity);
      logger.info("{file} of {bytes} bytes is deleted: {why}", { file, bytes, why });
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      if (!this.#stuck.has(file)) {
        logger.error("Cannot delete {file}, which is {why}: {error}", {
          ...{ file, why },
          error: String(error),
        });
      }
      return false;
    }
  }
}

/** By how much wall time may depart from the time that passed until it counts as set. */
const JUMP_MS = 60_000;
/** How long ages are not believed after that. */
const DISTRUST_MS = 3_600_000;
