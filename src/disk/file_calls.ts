/**
 * How files are written: on threads of Deno's own where the disk may make one wait, and at once where
 * they are in memory alone. There, to hand a file to a thread costs more than to write it.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";

const logger = getLogger(["echo", "disk"]);

/** What is done to files. Each call may be over when it returns, or with the promise it gives. */
export interface FileCalls {
  write(path: string, bytes: Uint8Array): Promise<void> | void;
  /** Makes a folder, and those above it. */
  makeFolder(path: string): Promise<void> | void;
  rename(from: string, to: string): Promise<void> | void;
  remove(path: string): Promise<void> | void;
}

/** For every disk: nothing else waits for it. */
export const WAITING_CALLS: FileCalls = {
  write: (path, bytes) => Deno.writeFile(path, bytes),
  makeFolder: (path) => Deno.mkdir(path, { recursive: true }),
  rename: (from, to) => Deno.rename(from, to),
  remove: (path) => Deno.remove(path),
};

/** For file systems in memory. */
export const MEMORY_CALLS: FileCalls = {
  write: (path, bytes) => Deno.writeFileSync(path, bytes),
  makeFolder: (path) => Deno.mkdirSync(path, { recursive: true }),
  rename: (from, to) => Deno.renameSync(from, to),
  remove: (path) => Deno.removeSync(path),
};

/** The calls for files in `folder`, which is there. */
export async function fileCallsFor(folder: string): Promise<FileCalls> {
  return await isInMemory(folder) ? MEMORY_CALLS : WAITING_CALLS;
}

/**
 * The calls for files in `folder`, which is to be in `root`.
 * @param calls those for files in `root`: other disks may be mounted below it
 */
export async function fileCallsBelow(
  root: string,
  folder: string,
  calls: FileCalls,
): Promise<FileCalls> {
  if (calls === WAITING_CALLS) return calls;
  try {
    const [above, below] = await Promise.all([Deno.stat(root), Deno.stat(folder)]);
    return above.dev === below.dev ? calls : WAITING_CALLS;
  } catch (error) {
    // A folder that is not there is made in the root.
    return error instanceof Deno.errors.NotFound ? calls : WAITING_CALLS;
  }
}

/** Whether it is a folder of a tmpfs or a ramfs, by statfs(2): Deno tells that only who may do all. */
async function isInMemory(folder: string): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const libc = Deno.dlopen("libc.so.6", SYMBOLS);
    const status = new BigInt64Array(STATFS_BYTES / 8);
    const path = new TextEncoder().encode(`${folder}\0`);
    const failed = await libc.symbols.statfs(path, status) !== 0;
    libc.close();
    return !failed && IN_MEMORY.has(status[0]);
  } catch (error) {
    logger.debug("Cannot tell what kind of disk {folder} is on: {error}", { folder, error });
    return false;
  }
}

// It may wait for a disk, and so it is no call of the main thread.
const SYMBOLS = {
  statfs: { parameters: ["buffer", "buffer"], result: "i32", nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** More than the structure has on any architecture; its type comes first. */
const STATFS_BYTES = 256;
/** TMPFS_MAGIC and RAMFS_MAGIC (Linux, linux/magic.h and fs/ramfs). */
const IN_MEMORY: ReadonlySet<bigint | undefined> = new Set([0x01021994n, 0x858458f6n]);
