/** A log file that is replaced when it is full. */
import { dirname } from "node:path";

/** How full files are named: by numbers, of which the latest has the lowest. */
export interface FixedWindow {
  /** Path of a full file, with `{}` for its number. */
  readonly pattern: string;
  /** The lowest number. */
  readonly base: number;
  /** How many full files are kept. */
  readonly count: number;
}

export interface RollingFileOptions {
  readonly path: string;
  /** Whether what is in the file is kept at the start. */
  readonly append: boolean;
  /** The most bytes of a file, unless a single line has more. */
  readonly limit: number;
  readonly roller: FixedWindow;
}

/** A file of lines, which gives its place to a new one when it is full. */
export class RollingFile {
  readonly #options: RollingFileOptions;
  #handle: Deno.FsFile;
  /** Bytes in the file. */
  #size: number;

  private constructor(options: RollingFileOptions, handle: Deno.FsFile, size: number) {
    this.#options = options;
    this.#handle = handle;
    this.#size = size;
  }

  /** Opens or makes the file. @throws what the disk says */
  static async open(options: RollingFileOptions): Promise<RollingFile> {
    const { path, append } = options;
    await Deno.mkdir(dirname(path), { recursive: true });
    const handle = await Deno.open(
      path,
      append ? { append, create: true } : { write: true, create: true, truncate: true },
    );
    return new RollingFile(options, handle, (await handle.stat()).size);
  }

  /**
   * Writes the lines that still fit, or else begins a new file with them.
   * @param lines whole lines
   * @returns how many of their bytes are written; rejects with what the disk says
   */
  async write(lines: Uint8Array): Promise<number> {
    const fitting = wholeLines(lines, this.#options.limit - this.#size);
    if (fitting.length === 0 && this.#size > 0) {
      await this.#roll();
      return await this.write(lines);
    }
    const part = fitting.length === 0 ? lines.subarray(0, lines.indexOf(NEWLINE) + 1) : fitting;
    for (let at = 0; at < part.length;) at += await this.#handle.write(part.subarray(at));
    this.#size += part.length;
    return part.length;
  }

  close(): void {
    this.#handle.close();
  }

  async #roll(): Promise<void> {
    const { path, roller } = this.#options;
    try {
      // It is gone where the last attempt renamed it, but could not open the next one.
      if (await isThere(path)) await shift(path, roller);
      const next = await Deno.open(path, { append: true, create: true });
      this.#handle.close();
      this.#handle = next;
    } catch (error) {
      // A file that grows too large is better than lost lines. This is tried again after `limit` more
      // bytes.
      if (!(error instanceof Error)) throw error;
    }
    this.#size = 0;
  }
}

const NEWLINE = 0x0a;

/** The whole lines at the beginning of `lines` for which `room` bytes are enough. */
function wholeLines(lines: Uint8Array, room: number): Uint8Array {
  if (lines.length <= room) return lines;
  return lines.subarray(0, room <= 0 ? 0 : lines.lastIndexOf(NEWLINE, room - 1) + 1);
}

/**
 * Gives every full file the next number, and the file at `path` the first. The last one is
 * replaced. Numbers that a folder has are left out.
 */
async function shift(path: string, { pattern, base, count }: FixedWindow): Promise<void> {
  if (count === 0) return await Deno.remove(path);
  const numbered = Array.from({ length: count }, (_, index) => {
    return pattern.replaceAll("{}", String(base + index));
  });
  const folders = await Promise.all(numbered.map(isFolder));
  const places = numbered.filter((_, index) => !folders[index]);
  const [first] = places;
  if (first === undefined) throw new Error("folders are in the place of all full files");
  await Deno.mkdir(dirname(first), { recursive: true });
  let to = places.pop();
  for (let from = places.pop(); from !== undefined; from = places.pop()) {
    if (to !== undefined) await renameIfThere(from, to);
    to = from;
  }
  await Deno.rename(path, first);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
