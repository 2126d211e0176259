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
  #waits = 0;

  constructor(options: LocalOriginOptions) {
    this.#options = options;
  }

  playlist(name: string, file: string): ServedPlaylist | undefined {
    const stream = this.#options.find(name);
    if (file !== MASTER_FILE) return stream?.playlist(file);
    const text = stream?.masterPlaylist;
    return text === undefined ? undefined : { text: encoder.encode(text), etag: undefined };
  }

  segment(name: string, file: string): Answer<ServedFile | undefined> {
    const type = formatOf(file)?.mediaType;
    if (type === undefined) return undefined;
    const bytes = this.#options.find(name)?.segment(file);
    if (bytes === undefined) return this.#readOlder(name, file, type);
    // A copy: this memory may hold another segment by the time that a slow client has read it.
    return { bytes: bytes.slice(), type, etag: tagOf(file) };
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

const encoder = new TextEncoder();

/** No two segments of a name have the same file's name. */
function tagOf(file: string): string {
  return `"${file}"`;
}

/** The master playlist, for players that want one. */
const MASTER_FILE = "index.m3u8";
/** Waits at a time. */
const MAX_WAITS = 10_000;
