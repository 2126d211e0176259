/**
 * Names whose boxes are gone, and to which nobody has come back: one of the others says that they are
 * over.
 *
 * @module
 */
import type { Clock, Timer } from "../../session/clock.ts";
import { type NameRecord, RegistryUnavailable } from "../registry.ts";
import type { NameDirectory } from "./take_name.ts";

export interface AbandonedNamesOptions {
  readonly clock: Pick<Clock, "every">;
  readonly directory: NameDirectory & { save(record: NameRecord): void };
  /** Whether the session of a record may go on yet. */
  readonly goesOn: (record: NameRecord) => boolean;
  /** This box has got a name whose session is over. */
  readonly onOver: (record: NameRecord) => void;
}

/** Looks after the names of other boxes, and of earlier runs of this one. */
export class AbandonedNames {
  readonly #options: AbandonedNamesOptions;
  readonly #watched = new Set<string>();
  readonly #timer: Timer;

  constructor(options: AbandonedNamesOptions) {
    this.#options = options;
    this.#timer = options.clock.every(LOOK_MS, () => void this.#look());
  }

  /** Something has changed about a name. */
  watch(name: string): void {
    this.#watched.add(name);
  }

  close(): void {
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    const { directory, goesOn } = this.#options;
    for (const name of this.#watched) {
      const record = directory.find(name);
      if (record === undefined || record.state === "over" || record.createdAtMs === 0) {
        this.#watched.delete(name);
      } else if (!this.#isOwn(record) && !directory.isAlive(record) && !goesOn(record)) {
        this.#watched.delete(name);
        await this.#end(record);
      }
    }
  }

  #isOwn({ box, incarnation }: NameRecord): boolean {
    const { directory } = this.#options;
    return box === directory.box && incarnation === directory.incarnation;
  }

  /** Of all boxes that try, one gets the name. */
  async #end(record: NameRecord): Promise<void> {
    const { directory, onOver } = this.#options;
    try {
      const claimed = await directory.claim(record.name);
      if (claimed.kind === "taken") return;
      const { record: before = record, own } = claimed;
      // Another box may have told so by now.
      if (before.state === "over") directory.save({ ...before, ...own });
      else onOver({ ...before, ...own });
    } catch (error) {
      if (!(error instanceof RegistryUnavailable)) throw error;
      this.#watched.add(record.name);
    }
  }
}

const LOOK_MS = 5000;
