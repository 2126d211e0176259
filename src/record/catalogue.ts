/** The archive as operators see it: list, read, delete. */
import { getLogger } from "@logtape/logtape";
import { Mp4Error } from "../mp4/boxes.ts";
import type { BucketCopies, BucketCopy } from "./bucket_copies.ts";
import { Clips } from "./clips.ts";
import { type FileState, parseFileName, type RecordingFile } from "./file_names.ts";
import { messageOf } from "./files.ts";
import type { FileInWork, Recorder } from "./recorder.ts";
import type { RecordFolder } from "./record_folder.ts";
import { type StoredFile, storedFile } from "./stored_file.ts";

const logger = getLogger(["echo", "record"]);

/**
 * The state of a recording. An `unfinished` one is finished when the disk allows it; of a `damaged`
 * one no recording can be made.
 */
export type RecordingState = FileInWork["state"] | FileState;

/** Where a recording is. */
export type RecordingPlace = "disk" | "bucket";

/** A recording as operators see it. */
export interface CatalogueEntry {
  /** Its name in the folder. */
  readonly file: string;
  /** The broadcast's name. */
  readonly name: string;
  readonly state: RecordingState;
  /** Milliseconds since the epoch; `undefined` where it is not known. */
  readonly startTime: number | undefined;
  /** What a player shows; `undefined` where it is not known. */
  readonly durationMs: number | undefined;
  readonly bytes: number;
  /** `undefined` where there is no bucket. */
  readonly places: readonly RecordingPlace[] | undefined;
}

/** A file to be sent. Whoever gets it has to close it. */
export interface OpenedRecording {
  readonly handle: Deno.FsFile;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

/** All that is in the archive. */
export class Catalogue {
  readonly #folder: RecordFolder;
  readonly #recorder: Pick<Recorder, "find">;
  readonly #bucket: BucketCopies | undefined;
  readonly clips: Clips;
  /** What finished files tell of themselves, kept so that each file is read once. */
  #times = new Map<string, Times | undefined>();
  /** Files that could not be read the last time, kept so that each is logged once. */
  #unreadable = new Set<string>();

  /** @param bucket where recordings are, too; `undefined`: nowhere */
  constructor(folder: RecordFolder, recorder: Pick<Recorder, "find">, bucket?: BucketCopies) {
    this.#folder = folder;
    this.#recorder = recorder;
    this.#bucket = bucket;
    this.clips = new Clips(folder.path);
  }

  /** All recordings, the latest first. Rejects with what the disk says. */
  async list(): Promise<CatalogueEntry[]> {
    const times = new Map<string, Times | undefined>();
    const unreadable = new Set<string>();
    const entries: CatalogueEntry[] = [];
    const copies = new Map((await this.#bucket?.list())?.map((copy) => [copy.file, copy]));
    for (const stored of await this.#folder.files()) {
      const state = this.#stateOf(stored);
      const told = this.#recorder.find(stored.file) ??
        (state === "finished" ? await this.#timesOf(stored, times, unreadable) : undefined);
      const { file, name, bytes } = stored;
      const startTime = told?.startTime ?? stored.startTime;
      const places = this.#placesOf(stored, copies);
      entries.push({ file, name, state, startTime, durationMs: told?.durationMs, bytes, places });
    }
    for (const copy of copies.values()) entries.push(inBucketAlone(copy));
    this.#times = times;
    this.#unreadable = unreadable;
    return entries.sort((a, b) => (b.startTime ?? 0) - (a.startTime ?? 0));
  }

  /**
   * Where to read a recording that is not on the disk; `undefined` where it is nowhere.
   * @param method `GET` or `HEAD`
   * @throws {BucketUnavailable}
   */
  async urlOf(file: string, method: string): Promise<string | undefined> {
    return await this.#bucket?.urlOf(file, method);
  }

  /** Opens a recording to be read, which may still grow; `undefined` where there is none. */
  async open(file: string): Promise<OpenedRecording | undefined> {
    if (parseFileName(file) === undefined) return undefined;
    const path = this.#folder.pathOf(file);
    try {
      // To open a pipe is to wait for somebody who writes to it.
      if (!(await Deno.lstat(path)).isFile) return undefined;
      const handle = await Deno.open(path);
      const { size, mtime } = await handle.stat();
      return { handle, bytes: size, changedAt: mtime?.getTime() ?? 0 };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /**
   * Deletes a recording wherever it is, unless it is live or being finished.
   * @returns the state that it had; `undefined` where there is none
   * @throws {BucketUnavailable} where it may be in the bucket; then it stays on the disk, too
   */
  async remove(file: string): Promise<RecordingState | undefined> {
    const parsed = parseFileName(file);
    if (parsed === undefined) return undefined;
    const state = this.#stateOf(parsed);
    if (state === "live" || state === "finishing") return state;
    try {
      if (!(await Deno.lstat(this.#folder.pathOf(file))).isFile) return undefined;
      const stored = this.#bucket && await storedFile(this.#folder.path, parsed);
      const copy = stored && this.#bucket?.copyOf(stored);
      if (copy !== undefined) await this.#bucket?.remove(copy);
      await this.#folder.remove(file);
      if (stored !== undefined) await this.#bucket?.forget(stored.identity);
      return state;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return await this.#bucket?.remove(file) ? state : undefined;
    }
  }

  /** Where a file is. Takes its copy out of `copies`. */
  #placesOf(
    stored: StoredFile,
    copies: Map<string, BucketCopy>,
  ): CatalogueEntry["places"] {
    if (this.#bucket === undefined) return undefined;
    const copy = this.#bucket.copyOf(stored);
    if (copy === undefined) return ["disk"];
    copies.delete(copy);
    return ["disk", "bucket"];
  }

  #stateOf({ file, state }: RecordingFile): RecordingState {
    return state === "unfinished" ? this.#recorder.find(file)?.state ?? state : state;
  }

  async #timesOf(
    { file, bytes, changedAt }: StoredFile,
    times: Map<string, Times | undefined>,
    unreadable: Set<string>,
  ): Promise<Times | undefined> {
    const key = `${file} ${bytes} ${changedAt}`;
    try {
      const read = this.#times.has(key) ? this.#times.get(key) : await this.#read(file);
      times.set(key, read);
      return read;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      // What cannot be parsed stays so until the file changes. A disk may answer the next time.
      if (error instanceof Mp4Error) times.set(key, undefined);
      unreadable.add(file);
      if (this.#unreadable.has(file)) return undefined;
      logger.warn("{file} is listed without its times: {why}", { file, why: messageOf(error) });
      return undefined;
    }
  }

  async #read(file: string): Promise<Times> {
    const { startTime, durationMs } = await this.#folder.read(file);
    return { startTime, durationMs };
  }
}

function inBucketAlone({ file, name, startTime, bytes }: BucketCopy): CatalogueEntry {
  const unknown = { durationMs: undefined };
  return { file, name, state: "finished", startTime, ...unknown, bytes, places: ["bucket"] };
}

/** As {@link CatalogueEntry} has them. */
interface Times {
  readonly startTime: number;
  readonly durationMs: number;
}
