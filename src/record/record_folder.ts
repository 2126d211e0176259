/** The files of the archive: how they are made, moved, finished and found. */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../audio/audio_config.ts";
import { type FinishedRecording, finishRecording } from "../mp4/finish.ts";
import { continueRecording, continuesRecording, type Recording } from "../mp4/recording.ts";
import { drive } from "./drive.ts";
import {
  byStart,
  DAMAGED,
  datedFile,
  latestFile,
  parseFileName,
  PART,
  type RecordingFile,
} from "./file_names.ts";
import { FolderSync } from "./folder_sync.ts";
import { closeLocked, exists, identityOf, isFile, lock, openLocked } from "./files.ts";
import { inspect, type Inspected, readFrom } from "./inspect.ts";
import { type StoredFile, storedFile } from "./stored_file.ts";

const logger = getLogger(["echo", "record"]);

/** A part that is open to be written to. */
export interface OpenPart {
  /** Its name in the folder. */
  readonly file: string;
  readonly handle: Deno.FsFile;
  /** See {@link identityOf}. */
  readonly identity: string;
  /** The finished recording that it continues, if it does. */
  readonly continues: Recording | undefined;
}

/** A recording that has its final name. */
export interface FinishedFile {
  readonly file: string;
  readonly recording: FinishedRecording;
}

/**
 * The folder of all recordings. Files that are open for writing are locked, so that two servers may
 * share it. Methods reject with what the disk says, and leave what plays as it was. Files that
 * others put there, or damaged, are not changed: at most they get names of their own.
 */
export class RecordFolder {
  readonly path: string;
  readonly #sync: FolderSync;
  /** Parts that are being written or finished. */
  readonly #busy = new Set<string>();

  constructor(path: string) {
    this.path = path;
    this.#sync = new FolderSync(path);
  }

  pathOf(file: string): string {
    return `${this.path}/${file}`;
  }

  /** Whether a part is being written or finished. */
  isBusy(file: string): boolean {
    return this.#busy.has(file);
  }

  /** Begins a part. It is busy until {@link release}. */
  async create(name: string, startTime: number): Promise<OpenPart> {
    for (let count = 1; count <= MAX_COUNT; count++) {
      const finished = datedFile(name, startTime, count);
      const file = finished + PART;
      if (this.#busy.has(file) || await exists(this.pathOf(finished))) continue;
      this.#busy.add(file);
      try {
        const handle = await this.#createFile(file);
        return { file, handle, identity: identityOf(await handle.stat()), continues: undefined };
      } catch (error) {
        this.#busy.delete(file);
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
    throw new Error(`Cannot record ${name}: ${MAX_COUNT} recordings began in the same second`);
  }

  /**
   * Makes the last finished recording of `name` a part that goes on at its end. It is busy until
   * {@link release}.
   * @returns `undefined` where there is none, or where it cannot be continued by such a stream
   */
  async reopen(name: string, config: AudioConfig): Promise<OpenPart | undefined> {
    const file = latestFile(name);
    try {
      if (!await isFile(this.pathOf(file))) return undefined;
      return await this.#reopen(file, name, config);
    } catch (error) {
      const details = { file, error: String(error) };
      logger.warn("Cannot continue {file}, so a new recording begins: {error}", details);
      return undefined;
    }
  }

  /** To be called when nobody writes to the part any more. */
  release(file: string): void {
    this.#busy.delete(file);
  }

  /** Whether `part` is still in its place. */
  async holds(part: OpenPart): Promise<boolean> {
    try {
      const [there, open] = await Promise.all([
        Deno.stat(this.pathOf(part.file)),
        part.handle.stat(),
      ]);
      return there.ino === open.ino && there.dev === open.dev;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /** Has the names in it survive a power cut. @returns whether that was done; if not, it is logged */
  async sync(): Promise<boolean> {
    return await this.#sync.run();
  }

  /**
   * Finishes a part and gives it its final name. That is the name of the last recording, and what
   * had it until now is renamed by the time it began; a part that is left over from before that
   * recording is named by its own time.
   * @param giveUp is asked between the steps of finishing
   * @returns `undefined` where another server writes to it
   * @throws {Mp4Error} where no recording can be made of the part; {FileError} where it cannot be
   *   opened; {GivenUp}
   */
  async finish(
    part: Pick<RecordingFile, "file" | "name">,
    leftOver: boolean,
    giveUp: () => boolean,
  ): Promise<FinishedFile | undefined> {
    const handle = await openLocked(this.pathOf(part.file));
    if (handle === undefined) return undefined;
    try {
      const { size } = await handle.stat();
      const recording = await drive(handle, finishRecording(size), giveUp);
      const file = await this.#publish(part, recording, leftOver);
      await this.sync();
      return { file, recording };
    } finally {
      await closeLocked(handle);
    }
  }

  /** All recordings in the folder, in whatever state, by the time they began. */
  async files(): Promise<StoredFile[]> {
    const found: StoredFile[] = [];
    try {
      for await (const entry of Deno.readDir(this.path)) {
        const parsed = entry.isFile ? parseFileName(entry.name) : undefined;
        const stored = parsed === undefined ? undefined : await storedFile(this.path, parsed);
        if (stored !== undefined) found.push(stored);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found.sort(byStart);
  }

  /** Describes a finished recording. @throws {Mp4Error} where it is none of Echo's, or damaged */
  async read(file: string): Promise<Recording> {
    using handle = await Deno.open(this.pathOf(file));
    return await readFrom(handle);
  }

  /** Renames a part of which no recording can be made. @returns its name, which says so */
  async setAside({ file, name }: Pick<RecordingFile, "file" | "name">): Promise<string> {
    const aside = await this.#freeName(name, parseFileName(file)?.startTime ?? 0, DAMAGED);
    await this.move(file, aside);
    return aside;
  }

  async remove(file: string): Promise<void> {
    await Deno.remove(this.pathOf(file));
  }

  protected async move(from: string, to: string): Promise<void> {
    await Deno.rename(this.pathOf(from), this.pathOf(to));
  }

  async #createFile(file: string): Promise<Deno.FsFile> {
    await Deno.mkdir(this.path, { recursive: true });
    const handle = await Deno.open(this.pathOf(file), { createNew: true, write: true });
    await lock(handle);
    return handle;
  }

  async #reopen(
    latest: string,
    name: string,
    config: AudioConfig,
  ): Promise<OpenPart | undefined> {
    const handle = await openLocked(this.pathOf(latest));
    if (handle === undefined) return undefined;
    let part: OpenPart | undefined;
    try {
      const recording = await readFrom(handle);
      if (continuesRecording(recording, config)) {
        part = await this.#continue(latest, name, handle, recording);
      }
    } finally {
      if (part === undefined) await closeLocked(handle);
    }
    return part;
  }

  async #continue(
    latest: string,
    name: string,
    handle: Deno.FsFile,
    continues: Recording,
  ): Promise<OpenPart> {
    const file = await this.#freeName(name, continues.startTime, PART);
    this.#busy.add(file);
    try {
      await this.move(latest, file);
      await drive(handle, continueRecording(continues));
      await handle.seek(0, Deno.SeekMode.End);
      return { file, handle, identity: identityOf(await handle.stat()), continues };
    } catch (error) {
      this.#busy.delete(file);
      throw error;
    }
  }

  async #publish(
    { file: part, name }: Pick<RecordingFile, "file" | "name">,
    recording: Recording,
    leftOver: boolean,
  ): Promise<string> {
    const latest = latestFile(name);
    const earlier = await inspect(this.pathOf(latest));
    const isNewer = earlier === undefined || !leftOver || earlier.startTime <= recording.startTime;
    const file = isNewer && (earlier === undefined || await this.#moveAside(latest, name, earlier))
      ? latest
      : await this.#freeName(name, recording.startTime);
    await this.move(part, file);
    return file;
  }

  /** Renames what has the name of the last recording. @returns whether that name is free now */
  async #moveAside(
    file: string,
    name: string,
    { startTime, problem }: Inspected,
  ): Promise<boolean> {
    try {
      const kept = await this.#freeName(name, startTime);
      await this.move(file, kept);
      if (problem !== undefined) {
        logger.warn("{file} cannot be read, and is kept as {kept}: {problem}", {
          ...{ file, kept, problem },
        });
      }
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      logger.warn("Cannot rename {file}, so the next recording gets another name: {error}", {
        file,
        error: String(error),
      });
      return false;
    }
  }

  async #freeName(name: string, startTime: number, ending = ""): Promise<string> {
    for (let count = 1; count <= MAX_COUNT; count++) {
      const file = datedFile(name, startTime, count) + ending;
      if (!this.#busy.has(file) && !await exists(this.pathOf(file))) return file;
    }
    throw new Error(`Cannot keep ${name}: ${MAX_COUNT} recordings began in the same second`);
  }
}

/** How many recordings of one name may begin in the same second. */
const MAX_COUNT = 1000;
