/** Sees that a file is another one, or has other contents, than when it was looked at last. */
import type { Clock, Timer } from "../session/clock.ts";

const LOOK_MS = 2000;

/**
 * Looks at a file every 2 s, in whatever way it is replaced. The system could tell at once, but not on
 * every disk, nor of a file that does not exist.
 */
export class FileWatch {
  readonly #onLook: (changed: boolean) => void | Promise<void>;
  readonly #timer: Timer;
  #path: string;
  #seen: string | undefined;
  #looking = false;

  /**
   * @param onLook called each time; the first time the file counts as changed. It is not called again
   *   before what it returns has resolved
   */
  constructor(
    clock: Pick<Clock, "every">,
    path: string,
    onLook: (changed: boolean) => void | Promise<void>,
  ) {
    this.#path = path;
    this.#onLook = onLook;
    this.#timer = clock.every(LOOK_MS, () => this.#look());
  }

  /** Looks at the file at `path` from now on. */
  follow(path: string): void {
    this.#path = path;
  }

  close(): void {
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const now = await stamp(this.#path);
      const changed = now !== this.#seen;
      this.#seen = now;
      await this.#onLook(changed);
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
