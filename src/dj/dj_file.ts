/**
 * The file of DJs on disk: read by the server, changed by the command. It is replaced as a whole, and
 * nobody but its owner may read it.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { readSmallTextFile } from "../disk/small_file.ts";
import { DjError, type DjList, parseDjs } from "./dj_list.ts";

/** Enough for ten thousand DJs. */
const MAX_BYTES = 4 * 1024 * 1024;
const OWNER_ONLY = 0o600;

/**
 * Reads the DJs.
 * @throws {DjError} where there is no such file, or it cannot be used
 */
export async function readDjs(path: string): Promise<DjList> {
  try {
    return parseDjs(await readSmallTextFile(path, MAX_BYTES), path);
  } catch (error) {
    throw asDjError("read", path, error);
  }
}

/**
 * Changes the file, which is made where there is none: what was read is handed to `edit`, and what that
 * returns is written. Who changes it at the same time waits. It belongs to whom it belonged to before; a
 * new one to whom its folder belongs.
 * @throws {DjError} where that is not possible; or what `edit` throws
 */
export async function editDjs(path: string, edit: (text: string) => string): Promise<void> {
  try {
    const file = await Deno.realPath(path).catch(() => path);
    using locked = await lock(file);
    await replace(file, edit(await readSmallTextFile(file, MAX_BYTES)), await locked.stat());
  } catch (error) {
    throw asDjError("change", path, error);
  }
}

/** Whether others than its owner may read or change the file. @throws {DjError} where it is gone */
export async function isOpenToOthers(path: string): Promise<boolean> {
  try {
    const { mode } = await Deno.stat(path);
    return mode !== null && (mode & 0o077) !== 0;
  } catch (error) {
    throw asDjError("read", path, error);
  }
}

/** Waits until nobody else changes the file. */
async function lock(path: string): Promise<Deno.FsFile> {
  const [before] = await Promise.allSettled([Deno.stat(path)]);
  for (;;) {
    const file = await Deno.open(path, { read: true, write: true, create: true, mode: OWNER_ONLY });
    if (before.status === "rejected") await give(path, await Deno.stat(dirname(path)));
    await file.lock(true);
    // Who held the lock has put another file there.
    const [own, there] = [await file.stat(), await Deno.stat(path)];
    if (own.ino === there.ino && own.dev === there.dev) return file;
    file.close();
  }
}

async function replace(path: string, text: string, owner: Deno.FileInfo): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.new`);
  await Deno.writeTextFile(fresh, text, { mode: OWNER_ONLY });
  // One that was left there may have another mode.
  await Deno.chmod(fresh, OWNER_ONLY);
  await give(fresh, owner);
  await Deno.rename(fresh, path);
}

async function give(path: string, { uid, gid }: Deno.FileInfo): Promise<void> {
  const is = await Deno.stat(path);
  if (is.uid !== uid || is.gid !== gid) await Deno.chown(path, uid, gid);
}

function asDjError(verb: string, path: string, error: unknown): DjError {
  if (error instanceof DjError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Deno.errors.NotFound ? ": echo dj add USER NAMES makes it" : "";
  return new DjError(`Cannot ${verb} ${path}: ${why}${hint}`, { cause: error });
}
