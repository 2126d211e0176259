/**
 * How much room there is on the disk that a folder is on.
 *
 * @module
 */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** What a disk has room for, in bytes. */
export interface DiskSpace {
  readonly free: number;
  readonly size: number;
}

/** Free space of the disk that `path` is or would be on; `undefined` where it does not say. */
export async function spaceAt(path: string): Promise<DiskSpace | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return { free: bavail * bsize, size: blocks * bsize };
  } catch {
    const parent = dirname(path);
    return parent === path ? undefined : await spaceAt(parent);
  }
}
