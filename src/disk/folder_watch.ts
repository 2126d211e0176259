/** Sees early that a folder cannot be written to, before a broadcast needs it. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";

const logger = getLogger(["echo", "disk"]);

export interface WatchedFolder {
  readonly path: string;
  /**
   * What it means for broadcasts that it cannot be written to; `undefined` where others log that.
   */
  readonly consequence: string | undefined;
}

/** Tries every 10 s whether files can be written to a folder, also while nobody is on air. */
export class FolderWatch {
  readonly #folder: WatchedFolder;
  readonly #timer: Timer;
  #looking = false;
  #failure: string | undefined;

  constructor(clock: Clock, folder: WatchedFolder) {
    this.#folder = folder;
    this.#timer = clock.every(LOOK_MS, () => this.#look());
    this.#look();
  }

  /** Why the folder cannot be written to, as a sentence; `undefined` where it can. */
  get problem(): string | undefined {
    const { path } = this.#folder;
    return this.#failure === undefined ? undefined : `Cannot write to ${path}: ${this.#failure}`;
  }

  close(): void {
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    if (this.#looking) return this.#note("the disk does not answer");
    this.#looking = true;
    try {
      await tryFolder(this.#folder.path);
      this.#note(undefined);
    } catch (error) {
      this.#note(error instanceof Error ? error.message : String(error));
    }
    this.#looking = false;
  }

  /** Logs when it begins and when it ends. */
  #note(failure: string | undefined): void {
    const { path, consequence } = this.#folder;
    const before = this.#failure;
    this.#failure = failure;
    if (consequence === undefined || (before === undefined) === (failure === undefined)) return;
    if (failure === undefined) logger.info("{path} can be written again", { path });
    else {
      logger.error("Cannot write to {path}, {consequence}: {failure}", {
        ...{ path, consequence, failure },
      });
    }
  }
}

/**
 * Makes the folder where it is missing, and a small file in it, which it removes again.
 * @throws what the disk says
 */
export async function tryFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  const file = `${path}/.probe`;
  const writing = Deno.writeFile(file, BLOCK);
  await Promise.allSettled([writing]);
  // Where it cannot be removed, it is written over the next time.
  await Promise.allSettled([Deno.remove(file)]);
  await writing;
}

const LOOK_MS = 10_000;
/** Larger than the files that some file systems keep within the folder itself. */
const BLOCK = new Uint8Array(4096);
