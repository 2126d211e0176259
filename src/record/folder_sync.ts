/** Syncs the archive's folder, so that the names of its files survive a power cut. */
import { getLogger } from "@logtape/logtape";
import { messageOf } from "./files.ts";

const logger = getLogger(["echo", "record"]);

/** Syncs a folder to the disk. Where that fails, it is logged once, and recordings go on. */
export class FolderSync {
  readonly #path: string;
  /** Whether it failed the last time, which has been logged. */
  #fails = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Syncs the folder now. @returns whether it was done */
  async run(): Promise<boolean> {
    try {
      using folder = await Deno.open(this.#path);
      await folder.syncData();
      this.#fails = false;
    } catch (error) {
      this.#report(error);
    }
    return !this.#fails;
  }

  #report(error: unknown): void {
    if (!this.#fails) {
      logger.warn("Cannot sync {path}, so a power cut may cost its latest recordings: {error}", {
        path: this.#path,
        error: messageOf(error),
      });
    }
    this.#fails = true;
  }
}
