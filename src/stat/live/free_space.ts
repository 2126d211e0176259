/** The free space on disks, for the dashboard. */
import type { Clock } from "../../session/clock.ts";
import { type DiskSpace, spaceAt } from "../disk_space.ts";

const FRESH_MS = 15_000;

/** The disks behind some folders; looked at in the background when somebody asks. */
export class FreeSpace {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #folders: Readonly<Record<string, string>>;
  readonly #found: Record<string, DiskSpace | null>;
  #lookedAt = -Infinity;
  /** A disk that hangs is asked once. */
  readonly #asked = new Set<string>();

  /** @param folders paths by what they are for; they need not exist yet */
  constructor(clock: Pick<Clock, "monotonic">, folders: Readonly<Record<string, string>>) {
    this.#clock = clock;
    this.#folders = folders;
    this.#found = Object.fromEntries(Object.keys(folders).map((folder) => [folder, null]));
    this.#lookAround();
  }

  /** What was found last, by what a folder is for; null where it is not known (yet). */
  found(): Readonly<Record<string, DiskSpace | null>> {
    if (this.#clock.monotonic() - this.#lookedAt >= FRESH_MS) this.#lookAround();
    return this.#found;
  }

  #lookAround(): void {
    this.#lookedAt = this.#clock.monotonic();
    for (const [folder, path] of Object.entries(this.#folders)) this.#look(folder, path);
  }

  async #look(folder: string, path: string): Promise<void> {
    if (this.#asked.has(folder)) return;
    this.#asked.add(folder);
    this.#found[folder] = await spaceAt(path) ?? null;
    this.#asked.delete(folder);
  }
}
