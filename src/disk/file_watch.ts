/** Sees that a file is another one, or has other contents, than when it was looked at last. */
import type { Clock, Timer } from "../session/clock.ts";

const LOOK_MS = 2000;

export interface FileWatchOptions {
  readonly clock: Pick<Clock, "every">;
  /** Called after each change, and not again before what it returns has resolved. */
  readonly onChange: () => Promise<void>;
}

/**
 * Looks at a file every 2 s, in whatever way it is replaced. The system could tell at once, but not on
 * every disk, nor for a file that does not exist.
 */
export class FileWatch {
  readonly #options: FileWatchOptions;
  readonly #timer: Timer;
  #path: string;
  #seen: string | undefined;
  #looking = false;

  private constructor(path: string, options: FileWatchOptions) {
    this.#path = path;
    this.#options = options;
    this.#timer = options.clock.every(LOOK_MS, () => this.#look());
  }

  /** Watches a file from now on: what it is when this resolves is no change. */
  static async start(path: string, options: FileWatchOptions): Promise<FileWatch> {
    const watch = new FileWatch(path, options);
    await watch.follow(path);
    return watch;
  }

  /** Watches the file at `path` from now on. */
  async follow(path: string): Promise<void> {
    this.#path = path;
    this.#seen = await stamp(path);
  }

  close(): void {
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const now = await stamp(this.#path);
      if (now === this.#seen) return;
      this.#seen = now;
      await this.#options.onChange();
    } finally {
      this.#looking = false;
    }
  }
}

/** Another one for each version of a file; why there is none, where it cannot be looked at. */
async function stamp(path: string): Promise<string> {
  try {
    const { ino, size, mtime, ctime } = await Deno.stat(path);
    return [ino, size, mtime?.getTime(), ctime?.getTime()].join(" ");
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}
