/**
 * The file of DJs on disk: read by the server, changed by the command. It is replaced as a whole, and
 * nobody but its owner may read it.
 *
 * @module
 */
import { lchown } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { readSmallTextFile } from "../disk/small_file.ts";
import { DjError, type DjList, parseDjs } from "./dj_list.ts";

/** Enough for ten thousand DJs. */
const MAX_BYTES = 4 * 1024 * 1024;
/** For its owner alone; what is there already, be it a link, is not opened. */
const NEW_FILE = { createNew: true, mode: 0o600 } as const;

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
 * new one to whom its folder belongs. Its folder may belong to somebody who has fewer rights than the
 * caller: a link is followed only where the caller or root made it, and only to what is no link itself.
 * @throws {DjError} where that is not possible; or what `edit` throws
 */
export async function editDjs(path: string, edit: (text: string) => string): Promise<void> {
  try {
    const file = await targetOf(path);
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

/** Where the file is: `path`, or what it links to. */
async function targetOf(path: string): Promise<string> {
  const there = await unlessMissing(Deno.lstat(path));
  if (!there?.isSymlink) return path;
  if (there.uid !== 0 && there.uid !== Deno.uid()) throw new Error("it is a link of another user");
  return resolve(dirname(path), await Deno.readLink(path));
}

/** Waits until nobody else changes the file. */
async function lock(path: string): Promise<Deno.FsFile> {
  for (;;) {
    const file = await makeMissing(path) ?? await Deno.open(path, { read: true, write: true });
    await file.lock(true);
    const [own, there] = [await file.stat(), await Deno.lstat(path)];
    if (own.ino === there.ino && own.dev === there.dev) return file;
    // Who held the lock has put another file there.
    file.close();
  }
}

/** @returns the new file; `undefined` where there is one already */
async function makeMissing(path: string): Promise<Deno.FsFile | undefined> {
  const there = await unlessMissing(Deno.lstat(path));
  if (there?.isSymlink) throw new Error("it is a link to a link");
  if (there !== undefined) return undefined;
  try {
    const made = await Deno.open(path, { read: true, write: true, ...NEW_FILE });
    await give(path, await Deno.stat(dirname(path)));
    return made;
  } catch (error) {
    // Somebody else was first.
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
}

async function replace(path: string, text: string, owner: Deno.FileInfo): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.new`);
  await unlessMissing(Deno.remove(fresh));
  await Deno.writeTextFile(fresh, text, NEW_FILE);
  using file = await Deno.open(fresh);
  // After a power cut there is the old file or the whole new one.
  await file.syncData();
  await give(fresh, owner);
  await Deno.rename(fresh, path);
}

/** Has what is there belong to somebody; of a link, the link itself. */
async function give(path: string, { uid, gid }: Deno.FileInfo): Promise<void> {
  const is = await Deno.lstat(path);
  if (is.uid !== uid || is.gid !== gid) await lchown(path, uid ?? -1, gid ?? -1);
}

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function asDjError(verb: string, path: string, error: unknown): DjError {
  if (error instanceof DjError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Deno.errors.NotFound ? ": echo dj add USER NAMES makes it" : "";
  return new DjError(`Cannot ${verb} ${path}: ${why}${hint}`, { cause: error });
}
