import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";

const logger = getLogger(["echo", "disk"]);

const LOOK_MS = 10_000;
/** More than what some file systems keep within a directory. */
const BLOCK = new Uint8Array(4096);

export interface WatchedFolder {
  readonly path: string;
  /** What follows for broadcasts where it cannot be written. `undefined`: somebody else logs it. */
  readonly consequence: string | undefined;
}

/** Looks every 10 s whether files can be written to a folder, also while nobody is on air. */
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

  /** Why it cannot be written, as a sentence. */
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
 * Makes the folder where it is missing, and a small file in it, which goes again.
 * @throws what the disk says
 */
export async function tryFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  const file = `${path}/.probe`;
  const writing = Deno.writeFile(file, BLOCK);
  await Promise.allSettled([writing]);
  // One that stays is written over the next time.
  await Promise.allSettled([Deno.remove(file)]);
  await writing;
}
