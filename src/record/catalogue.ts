import { parseFileName } from "./file_names.ts";
import type { FileInWork, Recorder } from "./recorder.ts";
import type { RecordFolder, StoredFile } from "./record_folder.ts";

/** How it stands with a recording: `unfinished` ones are finished when the disk allows it. */
export type RecordingState = FileInWork["state"] | "unfinished" | "finished";

/** A recording as operators see it. */
export interface CatalogueEntry {
  /** Its name in the folder. */
  readonly file: string;
  /** The broadcast's. */
  readonly name: string;
  readonly state: RecordingState;
  /** Milliseconds since the epoch; `undefined` where it is not known. */
  readonly startTime: number | undefined;
  /** What a player shows; `undefined` where it is not known. */
  readonly durationMs: number | undefined;
  readonly bytes: number;
}

/** A file to be sent; whoever gets it closes it. */
export interface OpenedRecording {
  readonly handle: Deno.FsFile;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

interface Times {
  readonly startTime: number;
  readonly durationMs: number;
}

/** What is in the archive. */
export class Catalogue {
  readonly #folder: RecordFolder;
  readonly #recorder: Pick<Recorder, "find">;
  /** What finished files tell of themselves, so that each is read once. */
  #times = new Map<string, Times | undefined>();

  constructor(folder: RecordFolder, recorder: Pick<Recorder, "find">) {
    this.#folder = folder;
    this.#recorder = recorder;
  }

  /** All recordings, the latest first. Rejects with what the disk says. */
  async list(): Promise<CatalogueEntry[]> {
    const times = new Map<string, Times | undefined>();
    const entries: CatalogueEntry[] = [];
    for (const stored of await this.#folder.files()) {
      const state = this.#stateOf(stored.file, stored.finished);
      const told = this.#recorder.find(stored.file) ??
        (stored.finished ? await this.#timesOf(stored, times) : undefined);
      const { file, name, bytes } = stored;
      const startTime = told?.startTime ?? stored.startTime;
      entries.push({ file, name, state, startTime, durationMs: told?.durationMs, bytes });
    }
    this.#times = times;
    return entries.sort((a, b) => (b.startTime ?? 0) - (a.startTime ?? 0));
  }

  /** Opens a recording to be read, also one that grows; `undefined` where there is none. */
  async open(file: string): Promise<OpenedRecording | undefined> {
    if (parseFileName(file) === undefined) return undefined;
    try {
      const handle = await Deno.open(this.#folder.pathOf(file));
      const { size, mtime, isFile } = await handle.stat();
      if (isFile) return { handle, bytes: size, changedAt: mtime?.getTime() ?? 0 };
      handle.close();
      return undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Deletes a recording. @returns what it was; one in work is left alone */
  async remove(file: string): Promise<RecordingState | undefined> {
    const parsed = parseFileName(file);
    if (parsed === undefined) return undefined;
    const state = this.#stateOf(file, parsed.finished);
    if (state === "live" || state === "finishing") return state;
    try {
      if (!(await Deno.lstat(this.#folder.pathOf(file))).isFile) return undefined;
      await this.#folder.remove(file);
      return state;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  #stateOf(file: string, finished: boolean): RecordingState {
    if (finished) return "finished";
    return this.#recorder.find(file)?.state ?? "unfinished";
  }

  async #timesOf(
    { file, bytes, changedAt }: StoredFile,
    times: Map<string, Times | undefined>,
  ): Promise<Times | undefined> {
    const key = `${file} ${bytes} ${changedAt}`;
    const read = this.#times.has(key) ? this.#times.get(key) : await this.#read(file);
    times.set(key, read);
    return read;
  }

  async #read(file: string): Promise<Times | undefined> {
    try {
      const recording = await this.#folder.read(file);
      return recording && { startTime: recording.startTime, durationMs: recording.durationMs };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}
