/**
 * Reads files that users put somewhere, whatever they are.
 *
 * @module
 */

/** Thrown where a file cannot be used, although the disk may allow it for others. */
export class FileError extends Error {
  override readonly name = "FileError";
}

/**
 * Reads a whole file that ought to be small. It refuses others: a pipe might never end, and a large
 * file would take all memory.
 * @throws {FileError} where it is no file or larger than `maxBytes`; rejects with what the disk
 *   says
 */
export async function readSmallFile(
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { isFile, size } = await stat(path);
  if (!isFile) throw new FileError("it is no file");
  if (size > maxBytes) throw new FileError(`it is larger than ${maxBytes / 1024} KiB`);
  return await Deno.readFile(path);
}

/** As {@link readSmallFile}, of text in UTF-8. */
export async function readSmallTextFile(path: string, maxBytes: number): Promise<string> {
  return new TextDecoder().decode(await readSmallFile(path, maxBytes));
}

async function stat(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.FilesystemLoop) throw new FileError("it is a link to itself");
    throw error;
  }
}
