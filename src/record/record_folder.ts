import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../audio/audio_config.ts";
import { Mp4Error } from "../mp4/boxes.ts";
import { finishRecording } from "../mp4/finish.ts";
import {
  continueRecording,
  continuesRecording,
  readRecording,
  type Recording,
} from "../mp4/recording.ts";
import { drive } from "./drive.ts";
import {
  byStart,
  datedFile,
  latestFile,
  parseFileName,
  PART,
  type RecordingFile,
} from "./file_names.ts";

const logger = getLogger(["echo", "record"]);

/** Recordings of one name that begin in the same second. */
const MAX_COUNT = 1000;

/** A part that is open to be written to. */
export interface OpenPart {
  /** Its name in the folder. */
  readonly file: string;
  readonly handle: Deno.FsFile;
  /** What it holds already, where it continues a finished recording. */
  readonly continues: Recording | undefined;
}

/** A recording that has its final name. */
export interface FinishedFile {
  readonly file: string;
  readonly recording: Recording;
}

/** A file with what the folder knows of it. */
export interface StoredFile extends RecordingFile {
  readonly bytes: number;
  /** When it was last written to, in milliseconds since the epoch. */
  readonly changedAt: number;
}

/**
 * The folder of all recordings. What is open there for writing is locked, so that two servers may
 * share it. Every method rejects with what the disk says, and leaves what plays as it was.
 */
export class RecordFolder {
  readonly path: string;
  /** Parts that are written or finished at present. */
  readonly #busy = new Set<string>();

  constructor(path: string) {
    this.path = path;
  }

  pathOf(file: string): string {
    return `${this.path}/${file}`;
  }

  /** Whether a part is written or finished at present. */
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
        return { file, handle: await this.#createFile(file), continues: undefined };
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
   * @returns `undefined` where there is none, or it is not of such a stream
   */
  async reopen(name: string, config: AudioConfig): Promise<OpenPart | undefined> {
    const latest = latestFile(name);
    if (!await exists(this.pathOf(latest))) return undefined;
    const handle = await openLocked(this.pathOf(latest));
    if (handle === undefined) return undefined;
    let part: OpenPart | undefined;
    try {
      const recording = await readFrom(handle);
      if (recording !== undefined && continuesRecording(recording, config)) {
        part = await this.#continue(latest, name, handle, recording);
      }
    } finally {
      if (part === undefined) handle.close();
    }
    return part;
  }

  /** Nobody writes to the part any more. */
  release(file: string): void {
    this.#busy.delete(file);
  }

  /** Whether `part` still is where it was put. */
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

  /** Has the names in the folder survive a power cut. */
  async sync(): Promise<void> {
    using folder = await Deno.open(this.path);
    await folder.syncData();
  }

  /**
   * Finishes a part and gives it its final name: that of the last recording, which takes the name of
   * the time it began, unless the part was left over from before it.
   * @param giveUp is asked between the steps of finishing
   * @returns `undefined` where another server writes to it
   * @throws {Mp4Error} where nothing can be made of the part; {GivenUp}
   */
  async finish(
    part: Pick<RecordingFile, "file" | "name">,
    leftOver: boolean,
    giveUp: () => boolean,
  ): Promise<FinishedFile | undefined> {
    using handle = await openLocked(this.pathOf(part.file));
    if (handle === undefined) return undefined;
    const { size } = await handle.stat();
    const recording = await drive(handle, finishRecording(size), giveUp);
    const file = await this.#publish(part, recording, leftOver);
    await this.sync();
    return { file, recording };
  }

  /** Everything in the folder that is or becomes a recording, the oldest first. */
  async files(): Promise<StoredFile[]> {
    const found: StoredFile[] = [];
    try {
      for await (const entry of Deno.readDir(this.path)) {
        const parsed = entry.isFile ? parseFileName(entry.name) : undefined;
        const stored = parsed === undefined ? undefined : await this.#store(parsed);
        if (stored !== undefined) found.push(stored);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found.sort(byStart);
  }

  /** Reads what a finished recording is; `undefined` where it is none of Echo's. */
  async read(file: string): Promise<Recording | undefined> {
    using handle = await Deno.open(this.pathOf(file));
    return await readFrom(handle);
  }

  async remove(file: string): Promise<void> {
    await Deno.remove(this.pathOf(file));
  }

  async #createFile(file: string): Promise<Deno.FsFile> {
    await Deno.mkdir(this.path, { recursive: true });
    const handle = await Deno.open(this.pathOf(file), { createNew: true, write: true });
    await lock(handle);
    return handle;
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
      await this.#move(latest, file);
      await drive(handle, continueRecording(continues));
      await handle.seek(0, Deno.SeekMode.End);
      return { file, handle, continues };
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
    const earlier = await this.#startOf(latest);
    let file = latest;
    if (earlier !== undefined && leftOver && earlier > recording.startTime) {
      file = await this.#freeName(name, recording.startTime);
    } else if (earlier !== undefined) {
      await this.#move(latest, await this.#freeName(name, earlier));
    }
    await this.#move(part, file);
    return file;
  }

  /** When the recording in a file began, in milliseconds since the epoch; `undefined` without one. */
  async #startOf(file: string): Promise<number | undefined> {
    try {
      const recording = await this.read(file);
      return recording?.startTime ?? (await Deno.stat(this.pathOf(file))).mtime?.getTime() ?? 0;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  async #freeName(name: string, startTime: number, ending = ""): Promise<string> {
    for (let count = 1; count <= MAX_COUNT; count++) {
      const file = datedFile(name, startTime, count) + ending;
      if (!this.#busy.has(file) && !await exists(this.pathOf(file))) return file;
    }
    throw new Error(`Cannot keep ${name}: ${MAX_COUNT} recordings began in the same second`);
  }

  async #move(from: string, to: string): Promise<void> {
    await Deno.rename(this.pathOf(from), this.pathOf(to));
  }

  async #store(file: RecordingFile): Promise<StoredFile | undefined> {
    try {
      const { size, mtime } = await Deno.stat(this.pathOf(file.file));
      return { ...file, bytes: size, changedAt: mtime?.getTime() ?? 0 };
    } catch (error) {
      // Renamed or removed since the folder was read.
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Opens a file for changes; `undefined` where somebody else has it so. */
async function openLocked(path: string): Promise<Deno.FsFile | undefined> {
  const handle = await Deno.open(path, { read: true, write: true });
  if (await lock(handle)) return handle;
  handle.close();
  return undefined;
}

/** @returns whether nobody else has it, as far as the file system can tell */
async function lock(handle: Deno.FsFile): Promise<boolean> {
  try {
    return await handle.tryLock(true);
  } catch (error) {
    logger.debug("Cannot lock a recording: {error}", { error: String(error) });
    return true;
  }
}

async function readFrom(handle: Deno.FsFile): Promise<Recording | undefined> {
  const { size } = await handle.stat();
  try {
    return await drive(handle, readRecording(size));
  } catch (error) {
    if (error instanceof Mp4Error) return undefined;
    throw error;
  }
}
