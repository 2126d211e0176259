import { getLogger } from "@logtape/logtape";

const logger = getLogger(["echo", "hls"]);

export const PLAYLIST_FILE = "playlist.m3u8";

/** What segments are called: media sequence number and Unix time. */
export const SEGMENT_FILE = /^\d{1,16}-\d{1,12}\.ts$/;

const MAX_WRITES = 16;

/** What is found of a broadcast on disk. */
export interface FolderContents {
  readonly segments: readonly string[];
  readonly playlist: string | undefined;
  readonly ageMs: number;
}

/** What a broadcast keeps on disk. No call throws; each tells whether it was done. */
export interface StreamFiles {
  /** Writes a whole segment. `bytes` must not change until the promise resolves. */
  writeSegment(file: string, bytes: Uint8Array): Promise<boolean>;
  /** Replaces the playlist in one step. */
  replacePlaylist(file: string, text: Uint8Array): Promise<boolean>;
  /** Removes files, and the folder with them if nothing else is in it. Later writes wait for it. */
  remove(files: readonly string[]): Promise<void>;
}

/**
 * The folder under which all broadcasts have theirs. A disk that is full, read-only or gone is
 * logged when it begins and when it ends, not for every file.
 */
export class HlsFolder {
  readonly path: string;
  /** Removals under way, by broadcast: what is written meanwhile may be of the next one. */
  readonly removing = new Map<string, Promise<void>>();
  #failing = false;

  constructor(path: string) {
    this.path = path;
  }

  /** The files of the broadcast `name`, a valid name. */
  stream(name: string): StreamFiles {
    return new FolderFiles(this, name, `${this.path}/${name}`);
  }

  /** Where a file of the broadcast `name` is. */
  pathOf(name: string, file: string): string {
    return `${this.path}/${name}/${file}`;
  }

  /** Reads a file of the broadcast `name`; `undefined` where there is none. */
  async read(name: string, file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await Deno.readFile(this.pathOf(name, file));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        logger.error("Cannot read {file}: {error}", { file, name, error: String(error) });
      }
      return undefined;
    }
  }

  /** The playlist of the broadcast `name`, how old it is, and its segments' files. */
  async list(name: string, nowMs: number): Promise<FolderContents> {
    const segments: string[] = [];
    try {
      for await (const entry of Deno.readDir(`${this.path}/${name}`)) {
        if (SEGMENT_FILE.test(entry.name)) segments.push(entry.name);
      }
      const path = this.pathOf(name, PLAYLIST_FILE);
      const { mtime } = await Deno.stat(path);
      const ageMs = Math.max(0, nowMs - (mtime?.getTime() ?? 0));
      return { segments, playlist: await Deno.readTextFile(path), ageMs };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return { segments, playlist: undefined, ageMs: Infinity };
    }
  }

  /** One disk operation; takes note of whether it worked. */
  async attempt(name: string | undefined, operation: () => Promise<void>): Promise<boolean> {
    try {
      await operation();
    } catch (error) {
      if (!this.#failing) {
        logger.error("Cannot use {path}; broadcasts go on from memory: {error}", {
          path: this.path,
          name,
          error: error instanceof Error ? error.message : String(error),
        });
      }
      this.#failing = true;
      return false;
    }
    if (this.#failing) logger.info("{path} can be used again", { path: this.path });
    this.#failing = false;
    return true;
  }
}

class FolderFiles implements StreamFiles {
  readonly #folder: HlsFolder;
  readonly #name: string;
  readonly #path: string;
  #writes = 0;

  constructor(folder: HlsFolder, name: string, path: string) {
    this.#folder = folder;
    this.#name = name;
    this.#path = path;
  }

  writeSegment(file: string, bytes: Uint8Array): Promise<boolean> {
    return this.#write(file, bytes);
  }

  async replacePlaylist(file: string, text: Uint8Array): Promise<boolean> {
    return await this.#write(fresh(file), text) &&
      await this.#folder.attempt(
        this.#name,
        () => Deno.rename(`${this.#path}/${fresh(file)}`, `${this.#path}/${file}`),
      );
  }

  async remove(files: readonly string[]): Promise<void> {
    const { removing } = this.#folder;
    const removal = this.#removeAll(files);
    removing.set(this.#name, removal);
    await removal;
    if (removing.get(this.#name) === removal) removing.delete(this.#name);
  }

  async #write(file: string, bytes: Uint8Array): Promise<boolean> {
    if (this.#writes >= MAX_WRITES) return false;
    this.#writes++;
    await this.#folder.removing.get(this.#name);
    const done = await this.#folder.attempt(this.#name, () => this.#create(file, bytes));
    if (!done) await remove(`${this.#path}/${file}`);
    this.#writes--;
    return done;
  }

  async #removeAll(files: readonly string[]): Promise<void> {
    for (const file of files) await remove(`${this.#path}/${file}`);
    if (!files.includes(PLAYLIST_FILE)) return;
    await remove(`${this.#path}/${fresh(PLAYLIST_FILE)}`);
    await removeEmptyFolder(this.#path);
  }

  async #create(file: string, bytes: Uint8Array): Promise<void> {
    const path = `${this.#path}/${file}`;
    try {
      await Deno.writeFile(path, bytes, { mode: 0o644 });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await Deno.mkdir(this.#path, { recursive: true, mode: 0o755 });
      await Deno.writeFile(path, bytes, { mode: 0o644 });
    }
  }
}

/** What a file is called until it is whole. */
function fresh(file: string): string {
  return `.${file}.new`;
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    logger.debug("Cannot remove {path}: {error}", { path, error: String(error) });
  }
}

/** Leaves a folder alone in which somebody else keeps something. */
async function removeEmptyFolder(path: string): Promise<void> {
  try {
    for await (const _ of Deno.readDir(path)) return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  await remove(path);
}
