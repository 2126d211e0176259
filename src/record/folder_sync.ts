/** Has the names in the archive's folder survive a power cut. */
import { getLogger } from "@logtape/logtape";
import { messageOf } from "./files.ts";

const logger = getLogger(["echo", "record"]);

/** Syncs a folder to the disk. Where that fails, recordings go on: it is logged, and nothing else. */
export class FolderSync {
  readonly #path: string;
  /** It failed the last time, which has been logged. */
  #fails = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns whether the names that the folder has now survive a power cut */
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
