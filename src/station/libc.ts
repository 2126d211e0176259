/**
 * What the station asks of libc, because Deno has nothing for it, or only for those who may do
 * everything.
 *
 * @module
 */

/** The C library of GNU/Linux, which its disposal closes. */
export class Libc implements Disposable {
  readonly #library = Deno.dlopen("libc.so.6", SYMBOLS);

  /** How many files this process may have open: the soft limit of getrlimit(2). */
  get maxOpenFiles(): number | undefined {
    const limit = new BigUint64Array(2);
    if (this.#library.symbols.getrlimit(RLIMIT_NOFILE, limit) !== 0) return undefined;
    return Number(limit[0]);
  }

  /**
   * Whether the kernel's clock follows that of others, such as NTP: adjtimex(2). `undefined` where
   * the process may not ask.
   */
  get clockIsSynchronized(): boolean | undefined {
    const state = this.#library.symbols.adjtimex(new Uint8Array(TIMEX_BYTES));
    return state < 0 ? undefined : state !== TIME_ERROR;
  }

  /** Gives what nobody uses of the memory that malloc manages back to the system: malloc_trim(3). */
  trimMemory(): void {
    this.#library.symbols.malloc_trim(0n);
  }

  /**
   * Has this thread give way to others of the process where processors are short: setpriority(2).
   * @returns whether it does
   */
  lowerPriority(): boolean {
    return this.#library.symbols.setpriority(PRIO_PROCESS, THIS_THREAD, NICE) === 0;
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}

const SYMBOLS = {
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  adjtimex: { parameters: ["buffer"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** On Linux the nice value belongs to the thread, and 0 stands for the one that calls. */
const PRIO_PROCESS = 0;
const THIS_THREAD = 0;
/** A third of the time that a thread of normal priority gets beside it (sched(7)). */
const NICE = 5;
/** The soft limit of file descriptors (Linux, asm-generic/resource.h). */
const RLIMIT_NOFILE = 7;
/** More than a struct timex has. With all of it 0, nothing is set (Linux, uapi/linux/timex.h). */
const TIMEX_BYTES = 256;
/** The clock is not synchronized. */
const TIME_ERROR = 5;
