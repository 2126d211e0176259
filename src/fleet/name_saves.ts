/** Writes what a box owns to the registry. */
import type { Clock } from "../session/clock.ts";
import type { FleetChange } from "./fleet_view.ts";
import type { KnownNames } from "./known_names.ts";
import type { NameRecord, Registry } from "./registry.ts";

export interface NameSavesOptions {
  readonly clock: Clock;
  readonly registry: Pick<Registry, "save">;
  readonly names: KnownNames;
  /** Takes that another owner has a name which was to be saved: this box has it no more. */
  readonly tell: (change: FleetChange) => void;
}

/** Writes the names that are not saved. */
export class NameSaves {
  readonly #options: NameSavesOptions;
  /** Those that are being written. */
  readonly #writing = new Set<string>();

  constructor(options: NameSavesOptions) {
    this.#options = options;
  }

  /**
   * Writes what is not saved and not being written, a few records at a time.
   * @throws {RegistryUnavailable}
   */
  async writeAll(): Promise<void> {
    for (;;) {
      const records = this.#options.names.unsaved.filter(({ name }) => !this.#writing.has(name));
      if (records.length === 0) return;
      await Promise.all(records.slice(0, WRITTEN_TOGETHER).map((record) => this.#write(record)));
    }
  }

  async #write(record: NameRecord): Promise<void> {
    const { clock, registry, names, tell } = this.#options;
    const { name } = record;
    this.#writing.add(name);
    try {
      const saved = await registry.save(record);
      const now = clock.monotonic();
      if (saved.kind === "saved") names.saved(record, now);
      else {
        const lost = names.owns(name) ? [name] : [];
        if (names.lose(record, saved.to, now)) tell({ names: [name], lost, boxes: false });
      }
    } finally {
      this.#writing.delete(name);
    }
  }
}

/** So that the registry answers others in between. */
const WRITTEN_TOGETHER = 64;
