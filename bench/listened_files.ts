/** The files that listeners of live broadcasts ask for, for load generators. */
import { parsePlaylist } from "../src/hls/playlist.ts";
import { PLAYLIST_FILE } from "../src/hls/stream_files.ts";

const REWRITE_MS = 1000;

/** A file that a listener asks for. */
export interface ListenedFile {
  /** In the server's URL. */
  readonly path: string;
  readonly bytes: number;
}

/** A broadcast's playlist and the newest segment that it lists; `undefined` where there is none. */
export async function filesOf(
  folder: string,
  name: string,
): Promise<{ readonly playlist: ListenedFile; readonly segment: ListenedFile } | undefined> {
  const describe = async (file: string): Promise<ListenedFile> => {
    const { size } = await Deno.stat(`${folder}/${name}/${file}`);
    return { path: `/cast/${name}/${file}`, bytes: size };
  };
  try {
    const text = await Deno.readTextFile(`${folder}/${name}/${PLAYLIST_FILE}`);
    const newest = parsePlaylist(text)?.segments.at(-1);
    if (newest === undefined) return undefined;
    return { playlist: await describe(PLAYLIST_FILE), segment: await describe(newest.uri) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Replaces a load generator's file of paths in one step. */
export async function writePaths(file: string, paths: readonly string[]): Promise<void> {
  await Deno.writeTextFile(`${file}.new`, paths.map((path) => `${path}\n`).join(""));
  await Deno.rename(`${file}.new`, file);
}

/** Keeps a file of paths up to date: the playlist and the newest segment of each broadcast. */
export class LivePaths {
  readonly file: string;
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #stopped = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(folder: string, names: readonly string[], file: string) {
    this.#folder = folder;
    this.#names = names;
    this.file = file;
  }

  /** Resolves once the file is there. */
  async start(): Promise<void> {
    await this.#write();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let stopped = false; !stopped;) {
      const { promise: passed, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), REWRITE_MS);
      stopped = await Promise.race([passed, this.#stopped.promise.then(() => true)]);
      clearTimeout(timer);
      await this.#write();
    }
  }

  async #write(): Promise<void> {
    const paths: string[] = [];
    for (const name of this.#names) {
      const files = await filesOf(this.#folder, name);
      if (files !== undefined) paths.push(files.playlist.path, files.segment.path);
    }
    await writePaths(this.file, paths);
  }
}
