import { getLogger } from "@logtape/logtape";
import { FileError } from "../disk/small_file.ts";

const logger = getLogger(["echo", "record"]);

/** Whether anything has that name, a link to nothing included. */
export async function exists(path: string): Promise<boolean> {
  return await attributes(path) !== undefined;
}

/** Whether a file has that name: no folder, pipe or link. */
export async function isFile(path: string): Promise<boolean> {
  return (await attributes(path))?.isFile ?? false;
}

/** What is known of what has that name; `undefined` where nothing has it. */
export async function attributes(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Opens a file for changes; `undefined` where somebody else has it so. Rejects with `NotFound` or
 * {@link FileError}.
 */
export async function openLocked(path: string): Promise<Deno.FsFile | undefined> {
  const handle = await open(path);
  if (await lock(handle)) return handle;
  handle.close();
  return undefined;
}

/** @returns whether nobody else has it, as far as the file system can tell */
export async function lock(handle: Deno.FsFile): Promise<boolean> {
  try {
    return await handle.tryLock(true);
  } catch (error) {
    logger.debug("Cannot lock a recording: {error}", { error: String(error) });
    return true;
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
