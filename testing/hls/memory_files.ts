/** Files of broadcasts that are kept in memory. */
import type { NameStates } from "../../src/hls/name_states.ts";
import type { FolderContents, StreamFiles } from "../../src/hls/stream_files.ts";

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

/** Nothing is kept of any name. */
export const NO_STATES: NameStates = {
  names: () => Promise.resolve([]),
  load: () => Promise.resolve(undefined),
  save: () => Promise.resolve(true),
  forget: () => Promise.resolve(),
};
