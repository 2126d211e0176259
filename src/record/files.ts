/**
 * What the archive needs of the file system beside reading and writing: existence, kinds, locks.
 */
import { getLogger } from "@logtape/logtape";
import { FileError } from "../disk/small_file.ts";

const logger = getLogger(["echo", "record"]);

/** Whether anything has that name. A link to nothing counts. */
export async function exists(path: string): Promise<boolean> {
  return await attributes(path) !== undefined;
}

/** Whether a file has that name: a folder, a pipe or a link does not count. */
export async function isFile(path: string): Promise<boolean> {
  return (await attributes(path))?.isFile ?? false;
}

/** The attributes of what has that name; `undefined` where nothing has it. */
export async function attributes(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * What tells a file from all others, whatever it is called. Numbers of files come again once these
 * are removed, and so the time at which it was made is part of it, where the system tells that.
 */
export function identityOf({ ino, birthtime }: Deno.FileInfo): string {
  return `${ino ?? ""}-${birthtime?.getTime() ?? ""}`;
}

/**
 * Opens a file for changes and locks it; `undefined` where somebody else has locked it. Rejects
 * with `NotFound` or {@link FileError}.
 */
export async function openLocked(path: string): Promise<Deno.FsFile | undefined> {
  const handle = await open(path);
  if (await lock(handle)) return handle;
  handle.close();
  return undefined;
}

/** Locks a file. @returns whether nobody else has locked it, as far as the file system can tell */
export async function lock(handle: Deno.FsFile): Promise<boolean> {
  try {
    return await handle.tryLock(true);
  } catch (error) {
    logger.debug("Cannot lock a recording: {error}", { error: String(error) });
    return true;
  }
}

/**
 * Unlocks a file and closes it. Closing alone is not enough: where this process starts another one
 * at the same moment, that one holds the lock for a moment longer.
 */
export async function closeLocked(handle: Deno.FsFile): Promise<void> {
  try {
    await handle.unlock();
  } catch (error) {
    logger.debug("Cannot unlock a recording: {error}", { error: String(error) });
  } finally {
    handle.close();
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    throw new FileError(`Cannot open ${path}: ${String(error)}`, { cause: error });
  }
}

/** What an error says, without its kind. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
