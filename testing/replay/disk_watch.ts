/**
 * Knows when the process has nothing open with the disk. With that, a program that moves time by
 * hand can let every write end before it goes on, so that its results never depend on the disk.
 */

/** Calls of `Deno` that touch the disk and return a promise. */
const CALLS = [
  "chmod",
  "copyFile",
  "mkdir",
  "open",
  "readFile",
  "readTextFile",
  "remove",
  "rename",
  "stat",
  "lstat",
  "truncate",
  "utime",
  "writeFile",
  "writeTextFile",
] as const;

/** The same of an open file. */
const FILE_CALLS = [
  "read",
  "seek",
  "stat",
  "sync",
  "syncData",
  "truncate",
  "tryLock",
  "write",
] as const;

/** So many turns of the event loop without a call under way: whoever was woken has had his say. */
const QUIET_TURNS = 4;

/** Counts calls to the disk from its creation on. */
export class DiskWatch {
  #open = 0;
  #calls = 0;

  constructor() {
    this.#watch(Deno, CALLS);
    this.#watch(Deno.FsFile.prototype, FILE_CALLS);
    const { readDir } = Deno;
    const watched = (path: string | URL) => this.#whileRead(readDir(path));
    Object.defineProperty(Deno, "readDir", { value: watched });
  }

  /** Resolves once nothing is under way any more. */
  async idle(): Promise<void> {
    for (let quiet = 0, seen = this.#calls; quiet < QUIET_TURNS;) {
      await turn();
      quiet = this.#open === 0 && seen === this.#calls ? quiet + 1 : 0;
      seen = this.#calls;
    }
  }

  #watch(owner: object, names: readonly string[]): void {
    for (const name of names) {
      const call: unknown = Reflect.get(owner, name);
      if (typeof call !== "function") throw new Error(`Cannot watch ${name}: it is no function`);
      const begin = () => this.#begin();
      const end = () => this.#end();
      const watched = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
        begin();
        try {
          return await Reflect.apply(call, this, args);
        } finally {
          end();
        }
      };
      Object.defineProperty(owner, name, { value: watched });
    }
  }

  async *#whileRead<T>(entries: AsyncIterable<T>): AsyncGenerator<T> {
    this.#begin();
    try {
      yield* entries;
    } finally {
      this.#end();
    }
  }

  #begin(): void {
    this.#open++;
    this.#calls++;
  }

  #end(): void {
    this.#open--;
  }
}

/** Lets everything have its turn that is ready for one. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
