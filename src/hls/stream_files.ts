/**
 * What broadcasts keep on disk: a folder for each, with its playlist and its segments.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { type FileCalls, fileCallsBelow, fileCallsFor, WAITING_CALLS } from "../disk/file_calls.ts";
import { tryFolder } from "../disk/folder_watch.ts";
import { Limiter, LimiterFull } from "../disk/limiter.ts";
import { FileError, readSmallFile, readSmallTextFile } from "../disk/small_file.ts";
import { type Clock, systemClock } from "../session/clock.ts";
import { formatOf, FORMATS } from "./formats.ts";

/** The playlist that is taken up after a restart. */
export const PLAYLIST_FILE: string = FORMATS[0].playlistFile;

/** Thrown where a file is there for all that is known, and the system does not give it out. */
export class FileUnreadable extends Error {
  override readonly name = "FileUnreadable";
  constructor(file: string, cause: unknown) {
    super(`Cannot read ${file}: ${String(cause)}`, { cause });
  }
}

/** What is found of a broadcast on disk. */
export interface FolderContents {
  /** Names of its segments' files. */
  readonly segments: readonly string[];
  /** The text of its playlist; `undefined` where there is none that can be read. */
  readonly playlist: string | undefined;
  /** How old the playlist is, in milliseconds: `Infinity` where there is none. */
  readonly ageMs: number;
}

/**
 * What a broadcast keeps on disk. No call throws; each tells whether it was done. Whoever opens a
 * file by its name finds the whole of it, or none.
 */
export interface StreamFiles {
  /** Writes a segment. `bytes` must not change until the promise resolves. */
  writeSegment(file: string, bytes: Uint8Array): Promise<boolean>;
  /** Reads a segment; `undefined` where that cannot be done, or another read is still under way. */
  readSegment(file: string): Promise<Uint8Array | undefined>;
  /** Replaces the playlist. */
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
  readonly clock: Pick<Clock, "awake" | "waited">;
  /** Removals under way, by broadcast: what is written meanwhile may be of the next one. */
  readonly removing = new Map<string, Promise<void>>();
  readonly #limiter = new Limiter(MAX_OPERATIONS, MAX_WAITING);
  #calls: FileCalls = WAITING_CALLS;
  /** When an operation failed last, on {@link Clock.awake}; `undefined` while the disk is well. */
  #failedAt: number | undefined;

  constructor(path: string, clock: Pick<Clock, "awake" | "waited"> = systemClock) {
    this.path = path;
    this.clock = clock;
  }

  /** Makes the folder where it is missing, and learns how files are written to it. */
  async open(): Promise<void> {
    await this.attempt(undefined, () => tryFolder(this.path));
    this.#calls = await fileCallsFor(this.path);
  }

  /** How the files of the broadcast `name` are written. */
  callsFor(name: string): Promise<FileCalls> {
    return fileCallsBelow(this.path, `${this.path}/${name}`, this.#calls);
  }

  /** The files of the broadcast `name`, a valid name. */
  stream(name: string): StreamFiles {
    return new FolderFiles(this, name);
  }

  /** Where a file of the broadcast `name` is. */
  pathOf(name: string, file: string): string {
    return `${this.path}/${name}/${file}`;
  }

  /**
   * Reads a file of the broadcast `name`; `undefined` where there is none.
   * @throws {LimiterFull}
   * @throws {FileUnreadable}
   */
  async read(name: string, file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.pathOf(name, file);
    try {
      return await this.#limiter.run(() => readSmallFile(path, MAX_SEGMENT_BYTES));
    } catch (error) {
      if (error instanceof LimiterFull) throw error;
      if (error instanceof Deno.errors.NotFound) return undefined;
      logger.error("Cannot read {file}: {error}", { file, name, error: String(error) });
      // Something else stands in its place.
      if (error instanceof FileError) return undefined;
      throw new FileUnreadable(file, error);
    }
  }

  /** The playlist of the broadcast `name`, how old it is, and its segments' files. */
  async list(name: string, nowMs: number): Promise<FolderContents> {
    const segments: string[] = [];
    try {
      for await (const entry of Deno.readDir(`${this.path}/${name}`)) {
        if (formatOf(entry.name) !== undefined) segments.push(entry.name);
      }
      const path = this.pathOf(name, PLAYLIST_FILE);
      const { mtime } = await Deno.lstat(path);
      const ageMs = Math.max(0, nowMs - (mtime?.getTime() ?? 0));
      return { segments, playlist: await this.#readPlaylist(path, name), ageMs };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return { segments, playlist: undefined, ageMs: Infinity };
    }
  }

  async #readPlaylist(path: string, name: string): Promise<string | undefined> {
    try {
      return await readSmallTextFile(path, MAX_PLAYLIST_BYTES);
    } catch (error) {
      logger.warn("{path} cannot be read: {error}", { path, name, error: String(error) });
      return undefined;
    }
  }

  /** One disk operation; takes note of whether it worked. */
  async attempt(name: string | undefined, operation: () => Promise<void> | void): Promise<boolean> {
    const { path } = this;
    try {
      await this.#limiter.run(operation);
    } catch (error) {
      if (this.#failedAt === undefined) {
        const cause = error instanceof Error ? error.message : String(error);
        const failed = { path, name, cause };
        logger.error("Cannot use {path}; broadcasts go on from memory: {cause}", failed);
      }
      this.#failedAt = this.clock.awake();
      return false;
    }
    if (this.#failedAt !== undefined && this.clock.waited(this.#failedAt) > WELL_AGAIN_MS) {
      this.#failedAt = undefined;
      logger.info("{path} can be used again", { path });
    }
    return true;
  }

  /** Removes what is there of `paths`. */
  async remove(paths: readonly string[], calls: FileCalls): Promise<void> {
    for (const path of paths) {
      try {
        await this.#limiter.run(() => calls.remove(path));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) continue;
        logger.debug("Cannot remove {path}: {error}", { path, error: String(error) });
      }
    }
  }

  /** Removes the folder of `name`, unless somebody else keeps something in it. */
  async removeFolder(name: string, calls: FileCalls): Promise<void> {
    const path = `${this.path}/${name}`;
    try {
      // An earlier run may have left files that it had not written to their end.
      const left: string[] = [];
      for await (const { name: file } of Deno.readDir(path)) {
        if (!isTemporary(file)) return;
        left.push(`${path}/${file}`);
      }
      await this.remove([...left, path], calls);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      logger.debug("Cannot remove {path}: {error}", { path, error: String(error) });
    }
  }
}

class FolderFiles implements StreamFiles {
  readonly #folder: HlsFolder;
  readonly #name: string;
  /** So that a broadcast whose files hang leaves room for the others. */
  readonly #limiter = new Limiter(OPERATIONS_OF_ONE);
  /** So that no more reads come where one hangs. */
  readonly #reads = new Limiter(1, 0);
  /** When each write under way began, the oldest first, on {@link Clock.awake}. */
  readonly #writes: { readonly since: number }[] = [];
  /** `undefined` until the first file is written or removed. */
  #calls: Promise<FileCalls> | undefined;

  constructor(folder: HlsFolder, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  writeSegment(file: string, bytes: Uint8Array): Promise<boolean> {
    return this.#write(file, bytes);
  }

  async readSegment(file: string): Promise<Uint8Array | undefined> {
    const read = () => this.#folder.read(this.#name, file);
    try {
      return await this.#reads.run(() => this.#limiter.run(read));
    } catch (error) {
      if (error instanceof LimiterFull || error instanceof FileUnreadable) return undefined;
      throw error;
    }
  }

  replacePlaylist(file: string, text: Uint8Array): Promise<boolean> {
    return this.#write(file, text);
  }

  async remove(files: readonly string[]): Promise<void> {
    const { removing } = this.#folder;
    const before = removing.get(this.#name);
    const removal = Promise.resolve(before).then(() => this.#removeAll(files));
    removing.set(this.#name, removal);
    await removal;
    if (removing.get(this.#name) === removal) removing.delete(this.#name);
  }

  async #write(file: string, bytes: Uint8Array): Promise<boolean> {
    const { clock } = this.#folder;
    const oldest = this.#writes[0];
    const hangs = oldest !== undefined && clock.waited(oldest.since) >= HANG_MS;
    if (hangs || this.#writes.length >= MAX_WRITES) return false;
    const write = { since: clock.awake() };
    this.#writes.push(write);
    await this.#folder.removing.get(this.#name);
    const create = () => this.#folder.attempt(this.#name, () => this.#create(file, bytes));
    const done = await this.#limiter.run(create);
    if (!done) await this.#folder.remove([this.#pathOf(temporary(file))], await this.#learnCalls());
    this.#writes.splice(this.#writes.indexOf(write), 1);
    return done;
  }

  async #removeAll(files: readonly string[]): Promise<void> {
    const calls = await this.#learnCalls();
    await this.#folder.remove(files.map((file) => this.#pathOf(file)), calls);
    if (!files.includes(PLAYLIST_FILE)) return;
    await this.#folder.removeFolder(this.#name, calls);
  }

  #pathOf(file: string): string {
    return this.#folder.pathOf(this.#name, file);
  }

  /** Looked up once: no other disk is mounted there while the broadcast goes on. */
  #learnCalls(): Promise<FileCalls> {
    return this.#calls ??= this.#folder.callsFor(this.#name);
  }

  /** Who may read it is up to the umask: to set a mode costs a system call more for each file. */
  async #create(file: string, bytes: Uint8Array): Promise<void> {
    const calls = await this.#learnCalls();
    const path = this.#pathOf(temporary(file));
    try {
      await calls.write(path, bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await calls.makeFolder(`${this.#folder.path}/${this.#name}`);
      await calls.write(path, bytes);
    }
    await calls.rename(path, this.#pathOf(file));
  }
}

/** What a file is called until it is whole. */
function temporary(file: string): string {
  return `.${file}.new`;
}

function isTemporary(file: string): boolean {
  return file.startsWith(".") && file.endsWith(".new");
}

/** Where a write takes longer, the disk hangs, and what comes goes on from memory. */
const HANG_MS = 4000;
/** Writes of one broadcast: many where much audio arrives at once. */
const MAX_WRITES = 60;
/** How many operations are under way at a time, of one broadcast … */
const OPERATIONS_OF_ONE = 2;
/** … and of all. */
const MAX_OPERATIONS = 8;
const MAX_WAITING = 8000;
/** Far above what either takes. */
const MAX_SEGMENT_BYTES = 16 * 2 ** 20;
const MAX_PLAYLIST_BYTES = 2 ** 20;
/** A disk is well again when nothing has failed for this long. */
const WELL_AGAIN_MS = 10_000;

const logger = getLogger(["echo", "hls"]);
