/**
 * Names whose boxes are gone, and to which nobody has come back: one of the others says that they are
 * over.
 *
 * @module
 */
import type { Clock, Timer } from "../../session/clock.ts";
import type { FleetView } from "../fleet_view.ts";
import { type NameRecord, type Ownership, RegistryUnavailable } from "../registry.ts";

/** What is known of names and boxes, and where it is told that a name is over. */
export interface AbandonedDirectory extends Pick<FleetView, "box" | "boxes" | "find"> {
  /** Whether the process runs that owns something, for all that is known. */
  isAlive(owner: Ownership): boolean;
  /**
   * Tells for its owner, who is gone, that a name is over.
   * @returns whether nobody else has it by now
   * @throws {RegistryUnavailable}
   */
  sayOver(record: NameRecord): Promise<boolean>;
}

export interface AbandonedNamesOptions {
  readonly clock: Pick<Clock, "every">;
  readonly directory: AbandonedDirectory;
  /** Whether the session of a record may go on yet. */
  readonly goesOn: (record: NameRecord) => boolean;
  /**
   * Asks the owner itself whether it has the name: it may have lost its way to the registry alone.
   * `undefined` where it does not answer.
   */
  readonly hasStill: (record: NameRecord) => Promise<boolean | undefined>;
  /** It was told that a name is over. */
  readonly onOver: (record: NameRecord) => void;
}

/** Looks after the names of other boxes, and of earlier runs of this one. */
export class AbandonedNames {
  readonly #options: AbandonedNamesOptions;
  readonly #watched = new Set<string>();
  readonly #timer: Timer;
  #looking: Promise<void> | undefined;

  constructor(options: AbandonedNamesOptions) {
    this.#options = options;
    this.#timer = options.clock.every(LOOK_MS, () => {
      this.#looking ??= this.#look().finally(() => this.#looking = undefined);
    });
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
    const silent = new Set<string>();
    for (const name of this.#watched) {
      const record = directory.find(name);
      if (record === undefined || record.state === "over" || record.createdAtMs === 0) {
        this.#watched.delete(name);
      } else if (this.#isFirst && !directory.isAlive(record) && !goesOn(record)) {
        if (!await this.#hasStill(record, silent)) await this.#end(record);
      }
    }
  }

  /** @param silent incarnations of boxes that do not answer: they are asked once a look */
  async #hasStill(record: NameRecord, silent: Set<string>): Promise<boolean> {
    if (silent.has(record.incarnation)) return false;
    const answer = await this.#options.hasStill(record);
    if (answer === undefined) silent.add(record.incarnation);
    return answer ?? false;
  }

  /** Whether this box is the one of all that tells it. */
  get #isFirst(): boolean {
    const { box, boxes } = this.#options.directory;
    return boxes.every(({ id }) => box <= id);
  }

  async #end(record: NameRecord): Promise<void> {
    const { directory, onOver } = this.#options;
    // Something else may have been told of it meanwhile.
    if (directory.find(record.name) !== record) return;
    try {
      if (await directory.sayOver(record)) onOver(record);
      this.#watched.delete(record.name);
    } catch (error) {
      if (!(error instanceof RegistryUnavailable)) throw error;
    }
  }
}

const LOOK_MS = 5000;
