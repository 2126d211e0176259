/**
 * The fallback files of a server: one for all broadcasts, and a folder of those for one name each.
 *
 * @module
 */
import { FRAME_FORMATS } from "../audio/frame_formats.ts";
import { isValidName } from "../session/name.ts";
import type { FallbackAudio, FallbackSource } from "../session/fallback_audio.ts";
import { readFallbackAudio } from "./read_audio.ts";

/** Where the files are. */
export interface FallbackPlaces {
  /** Of all broadcasts that have none of their own. */
  readonly file?: string | undefined;
  /** The folder of those that have the name of a broadcast. */
  readonly dir?: string | undefined;
}

/** All files that were read. */
export interface ReadFallbacks {
  /** By path. */
  readonly byPath: ReadonlyMap<string, FallbackAudio>;
  /** By the name of the broadcast. */
  readonly byName: ReadonlyMap<string, readonly FallbackAudio[]>;
  readonly forAll: readonly FallbackAudio[];
  /** What cannot be played, and why, as sentences. */
  readonly problems: readonly string[];
}

/** Keeps them in memory, for all sessions. What a session plays it plays on, whatever is read again. */
export class FallbackFiles implements FallbackSource {
  #read: ReadFallbacks = NONE;

  of(name: string): readonly FallbackAudio[] {
    const { byName, forAll } = this.#read;
    return [...byName.get(name) ?? [], ...forAll];
  }

  /** What cannot be played, and why. */
  get problems(): readonly string[] {
    return this.#read.problems;
  }

  /** Reads the files of `places` for {@link use}. What cannot be read any more stays as it was. */
  async read(places: FallbackPlaces): Promise<ReadFallbacks> {
    return await readFallbacks(places, this.#read.byPath);
  }

  /** From now on what is played is of `read`. */
  use(read: ReadFallbacks): void {
    this.#read = read;
  }
}

/**
 * Reads all files. The bounds are {@link MAX_FILE_BYTES} for one, {@link MAX_FOLDER_BYTES} for all of
 * the folder.
 * @param before what is taken instead of a file that cannot be read, by path
 */
export async function readFallbacks(
  { file, dir }: FallbackPlaces,
  before: ReadFallbacks["byPath"] = new Map(),
): Promise<ReadFallbacks> {
  const reader = new Reader(before);
  const general = file === undefined ? undefined : await reader.read(file, MAX_FILE_BYTES);
  const byName = new Map<string, readonly FallbackAudio[]>();
  let leftBytes = MAX_FOLDER_BYTES;
  for (const { path, name, size } of dir === undefined ? [] : await reader.list(dir)) {
    leftBytes -= size;
    const audio = leftBytes < 0 ? reader.refuse(path) : await reader.read(path, MAX_FILE_BYTES);
    if (audio !== undefined) byName.set(name, [...byName.get(name) ?? [], audio]);
  }
  const { byPath, problems } = reader;
  return { byPath, byName, forAll: general === undefined ? [] : [general], problems };
}

/** A file of the folder. */
interface Listed {
  readonly path: string;
  readonly name: string;
  readonly size: number;
}

/** Reads files, and takes note of those that cannot be played. */
class Reader {
  readonly byPath = new Map<string, FallbackAudio>();
  readonly problems: string[] = [];
  readonly #before: ReadFallbacks["byPath"];

  constructor(before: ReadFallbacks["byPath"]) {
    this.#before = before;
  }

  async read(path: string, maxBytes: number): Promise<FallbackAudio | undefined> {
    const makeParser = PARSERS.get(extensionOf(path));
    if (makeParser === undefined) {
      this.#note(path, `its name does not end in ${EXTENSIONS}`);
      return undefined;
    }
    try {
      const audio = await readFallbackAudio(path, makeParser, maxBytes);
      this.byPath.set(path, audio);
      return audio;
    } catch (error) {
      const audio = this.#before.get(path);
      this.#note(path, messageOf(error), audio !== undefined);
      if (audio !== undefined) this.byPath.set(path, audio);
      return audio;
    }
  }

  /** There is no room for it. */
  refuse(path: string): undefined {
    const megabytes = MAX_FOLDER_BYTES / 2 ** 20;
    this.#note(path, `the files of its folder up to this one have more than ${megabytes} MiB`);
  }

  /** The files of a folder that have the name of a broadcast, in the order of their names. */
  async list(dir: string): Promise<readonly Listed[]> {
    const listed: Listed[] = [];
    try {
      for await (const { name: file } of Deno.readDir(dir)) {
        const extension = extensionOf(file);
        const name = file.slice(0, -extension.length - 1);
        if (!PARSERS.has(extension) || !isValidName(name)) continue;
        const path = `${dir.replace(/\/$/, "")}/${file}`;
        listed.push({ path, name, size: await sizeOf(path) });
      }
    } catch (error) {
      this.#note(dir, messageOf(error));
    }
    return listed.sort((a, b) => a.path < b.path ? -1 : 1);
  }

  #note(path: string, why: string, staysAsBefore = false): void {
    const rest = staysAsBefore ? ": what was read of it before is played" : "";
    this.problems.push(`Cannot use the fallback ${path}: ${why}${rest}`);
  }
}

/** In bytes; 0 where nobody knows, as of a link that leads nowhere: who reads the file is told why. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return 0;
  }
}

/** In small letters; some systems write it in capitals. */
function extensionOf(path: string): string {
  return /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** More than an hour at 128 kb/s. */
export const MAX_FILE_BYTES = 64 * 2 ** 20;
export const MAX_FOLDER_BYTES = 256 * 2 ** 20;

/** Makers of what reads a file, by the extension of its name. */
const PARSERS = new Map(
  Object.values(FRAME_FORMATS).map(({ extension, makeParser }) => [extension, makeParser]),
);

const EXTENSIONS = [...PARSERS.keys()].map((extension) => `.${extension}`).join(" or ");

const NONE: ReadFallbacks = { byPath: new Map(), byName: new Map(), forAll: [], problems: [] };
