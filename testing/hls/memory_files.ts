/** Files of broadcasts that are kept in memory. */
import type { NamedState, NameState, NameStates } from "../../src/hls/name_states.ts";
import type { FolderContents, StreamFiles } from "../../src/hls/stream_files.ts";
import type { Clock } from "../../src/session/clock.ts";

/** A broadcast's files, written as fast, as slowly or as badly as the test says. */
export class MemoryFiles implements StreamFiles {
  readonly files = new Map<string, Uint8Array>();
  /** Resolves to whether a write succeeds. */
  delay: (() => Promise<boolean>) | undefined;

  async writeSegment(file: string, bytes: Uint8Array): Promise<boolean> {
    if (this.delay !== undefined && !await this.delay()) return false;
    this.files.set(file, bytes.slice());
    return true;
  }

  readSegment(file: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.files.get(file));
  }

  replacePlaylist(file: string, text: Uint8Array): Promise<boolean> {
    return this.writeSegment(file, text);
  }

  remove(files: readonly string[]): Promise<void> {
    for (const file of files) this.files.delete(file);
    return Promise.resolve();
  }
}

/** A folder for broadcasts that is empty at the start. */
export class MemoryFolder {
  readonly broadcasts = new Map<string, MemoryFiles>();

  stream(name: string): MemoryFiles {
    const files = this.broadcasts.get(name) ?? new MemoryFiles();
    this.broadcasts.set(name, files);
    return files;
  }

  list(): Promise<FolderContents> {
    return Promise.resolve({ segments: [], playlist: undefined, ageMs: Infinity });
  }

  pathOf(name: string, file: string): string {
    return `${name}/${file}`;
  }
}

/** What a disk has at a moment: files of the broadcast `demo`, and what is kept of it. */
export interface DiskContents {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly state: NameState | undefined;
}

/** A disk in memory for the broadcast `demo`, whose writes take their time, each another one. */
export class SlowDisk extends MemoryFolder implements NameStates {
  /** Counts what has been written. */
  writes = 0;
  #state: NameState | undefined;
  #started = 0;
  readonly #delay: () => Promise<void>;

  /** @param delaysMs how long writes take, in turn */
  constructor(
    clock: Pick<Clock, "after">,
    delaysMs: readonly number[],
    contents: DiskContents = { files: new Map(), state: undefined },
  ) {
    super();
    this.#state = contents.state;
    const demo = this.stream("demo");
    for (const [file, bytes] of contents.files) demo.files.set(file, bytes);
    this.#delay = async () => {
      const ms = delaysMs[this.#started++ % delaysMs.length] ?? 0;
      await new Promise<void>((resolve) => clock.after(ms, resolve));
      this.writes++;
    };
    demo.delay = async () => {
      await this.#delay();
      return true;
    };
  }

  get contents(): DiskContents {
    return { files: new Map(this.stream("demo").files), state: this.#state };
  }

  override list(): Promise<FolderContents> {
    const { files } = this.stream("demo");
    const bytes = files.get("playlist.m3u8");
    return Promise.resolve({
      segments: [...files.keys()].filter((file) => file.endsWith(".ts")),
      playlist: bytes && new TextDecoder().decode(bytes),
      ageMs: 0,
    });
  }

  names(): Promise<readonly NamedState[]> {
    return Promise.resolve(this.#state === undefined ? [] : [{ name: "demo", changedAt: 0 }]);
  }

  load(): Promise<NameState | undefined> {
    return Promise.resolve(this.#state);
  }

  async save(_: string, state: NameState): Promise<boolean> {
    await this.#delay();
    this.#state = state;
    return true;
  }

  forget(): Promise<void> {
    return Promise.resolve();
  }
}

/** Nothing is kept of any name. */
export const NO_STATES: NameStates = {
  names: () => Promise.resolve([]),
  load: () => Promise.resolve(undefined),
  save: () => Promise.resolve(true),
  forget: () => Promise.resolve(),
};
