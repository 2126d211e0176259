/** Reads files of the archive that get other names while somebody knows them. */
import { Limiter } from "../../disk/limiter.ts";
import type { ByteRange } from "../../web/byte_range.ts";
import { identityOf } from "../files.ts";
import { latestFile, parseFileName, PART } from "../file_names.ts";

/** A file as somebody knew it. */
export interface KnownFile {
  /** What it was called. */
  readonly file: string;
  /** See {@link identityOf}. */
  readonly identity: string;
}

/** The files of a folder, by what they are and not by what they are called. */
export class ArchivedFiles {
  readonly #path: string;
  /** What files are called that have been opened, by what tells them apart. */
  readonly #names = new Map<string, string>();
  /** How often files were looked for in the whole folder and not found, by what tells them apart. */
  readonly #misses = new Map<string, number>();
  readonly #limiter = new Limiter(MAX_OPERATIONS, MAX_WAITING);

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens a file of the broadcast `name` to be read; `undefined` where it is no longer there. Rejects
   * with what the disk says.
   */
  async open(name: string, { file, identity }: KnownFile): Promise<Deno.FsFile | undefined> {
    const likely = new Set([
      this.#names.get(identity) ?? file,
      file,
      finished(file),
      latestFile(name),
    ]);
    for (const candidate of likely) {
      const handle = await this.#openIf(candidate, identity);
      if (handle !== undefined) return handle;
    }
    const misses = this.#misses.get(identity) ?? 0;
    if (misses >= MAX_MISSES) return undefined;
    const found = await this.#search(name, identity);
    if (this.#misses.size >= MAX_NAMES) this.#misses.clear();
    if (found === undefined) this.#misses.set(identity, misses + 1);
    return found;
  }

  /**
   * Reads a range of a file of the broadcast `name`; `undefined` where the file is no longer there,
   * or ends before. Rejects with what the disk says.
   * @throws {LimiterFull}
   */
  async read(
    name: string,
    known: KnownFile,
    { start, end }: ByteRange,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return await this.#limiter.run(async () => {
      using handle = await this.open(name, known);
      if (handle === undefined) return undefined;
      handle.seekSync(start, Deno.SeekMode.Start);
      const bytes = new Uint8Array(end - start);
      for (let at = 0; at < bytes.length;) {
        const count = await handle.read(bytes.subarray(at));
        if (count === null) return undefined;
        at += count;
      }
      return bytes;
    });
  }

  async #search(name: string, identity: string): Promise<Deno.FsFile | undefined> {
    try {
      for await (const entry of Deno.readDir(this.#path)) {
        if (parseFileName(entry.name)?.name !== name) continue;
        const handle = await this.#openIf(entry.name, identity);
        if (handle !== undefined) return handle;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return undefined;
  }

  async #openIf(file: string, identity: string): Promise<Deno.FsFile | undefined> {
    const path = `${this.#path}/${file}`;
    try {
      const there = await Deno.lstat(path);
      // To open a pipe is to wait for somebody who writes to it.
      if (!there.isFile || identityOf(there) !== identity) return undefined;
      const handle = await Deno.open(path);
      if (identityOf(await handle.stat()) === identity) {
        this.#remember(file, identity);
        return handle;
      }
      handle.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return undefined;
  }

  #remember(file: string, identity: string): void {
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(identity, file);
  }
}

/** What it is called once it is finished, until another one is. */
function finished(file: string): string {
  return file.endsWith(PART) ? file.slice(0, -PART.length) : file;
}

const MAX_NAMES = 10_000;
/** More than once, as a file may get another name while the folder is read. */
const MAX_MISSES = 3;
/** How many reads are under way at a time … */
const MAX_OPERATIONS = 8;
/** … and may wait. */
const MAX_WAITING = 2000;
