/**
 * The origin of the broadcasts of this process: what is live from memory, what is older from disk.
 *
 * @module
 */
import { LimiterFull } from "../disk/limiter.ts";
import { formatOf } from "./formats.ts";
import {
  type Answer,
  type Origin,
  SegmentUnavailable,
  type ServedFile,
  type ServedPlaylist,
  TooManyWait,
  type WaitOptions,
} from "./origin.ts";
import type { HlsStream } from "./stream.ts";
import { FileUnreadable } from "./stream_files.ts";

/** What is asked of a stream. */
export type ServedStream = Pick<HlsStream, "playlist" | "masterPlaylist" | "segment" | "newer">;

export interface LocalOriginOptions {
  /** What is served of the broadcast `name`. */
  readonly find: (name: string) => ServedStream | undefined;
  /** Reads a file of the broadcast `name`; `undefined` where there is none. */
  readonly readFile: (name: string, file: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Answers at once what is in memory. */
export class LocalOrigin implements Origin {
  readonly #options: LocalOriginOptions;
  /** By what a stream gives. */
  readonly #masters = new WeakMap<ServedStream, MasterPlaylist>();
  readonly #segments = new WeakMap<Uint8Array, ServedFile>();
  #waits = 0;

  constructor(options: LocalOriginOptions) {
    this.#options = options;
  }

  playlist(name: string, file: string): ServedPlaylist | undefined {
    const stream = this.#options.find(name);
    return file === MASTER_FILE ? this.#master(stream) : stream?.playlist(file);
  }

  segment(name: string, file: string): Answer<ServedFile | undefined> {
    const type = formatOf(file)?.mediaType;
    if (type === undefined) return undefined;
    return this.#inMemory(name, file, type) ?? this.#readOlder(name, file, type);
  }

  atHand(name: string, file: string): ServedPlaylist | ServedFile | undefined {
    const playlist = this.playlist(name, file);
    if (playlist !== undefined) return playlist;
    const type = formatOf(file)?.mediaType;
    return type === undefined ? undefined : this.#inMemory(name, file, type);
  }

  async wait(
    name: string,
    file: string,
    options: WaitOptions,
  ): Promise<ServedPlaylist | undefined> {
    if (this.#waits >= MAX_WAITS) throw new TooManyWait(`${MAX_WAITS} wait already`);
    this.#waits++;
    try {
      return await this.#options.find(name)?.newer(file, options);
    } finally {
      this.#waits--;
    }
  }

  #master(stream: ServedStream | undefined): ServedPlaylist | undefined {
    const source = stream?.masterPlaylist;
    if (stream === undefined || source === undefined) return undefined;
    const newest = this.#masters.get(stream);
    if (newest?.source === source) return newest.served;
    const served = { text: encoder.encode(source), etag: undefined };
    this.#masters.set(stream, { source, served });
    return served;
  }

  #inMemory(name: string, file: string, type: string): ServedFile | undefined {
    const bytes = this.#options.find(name)?.segment(file);
    if (bytes === undefined) return undefined;
    const known = this.#segments.get(bytes);
    if (known !== undefined) return known;
    // A copy: this memory may hold another segment by the time that a slow client has read it.
    const served = { bytes: bytes.slice(), type, etag: tagOf(file) };
    this.#segments.set(bytes, served);
    return served;
  }

  async #readOlder(name: string, file: string, type: string): Promise<ServedFile | undefined> {
    try {
      const bytes = await this.#options.readFile(name, file);
      return bytes === undefined ? undefined : { bytes, type, etag: tagOf(file) };
    } catch (error) {
      if (!(error instanceof LimiterFull || error instanceof FileUnreadable)) throw error;
      throw new SegmentUnavailable(`Cannot read ${file} now: the disk does not keep up`, {
        cause: error,
      });
    }
  }
}

interface MasterPlaylist {
  readonly source: string;
  readonly served: ServedPlaylist;
}

const encoder = new TextEncoder();

/** No two segments of a name have the same file's name. */
function tagOf(file: string): string {
  return `"${file}"`;
}

/** The master playlist, for players that want one. */
const MASTER_FILE = "index.m3u8";
/** Waits at a time. */
const MAX_WAITS = 10_000;
