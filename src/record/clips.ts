/** Clips of recordings, finished or live. */
import { Limiter } from "../disk/limiter.ts";
import { type Clip, type ClipTimes, makeClip } from "../mp4/clip.ts";
import { drive } from "./drive.ts";
import { partsBody } from "./file_body.ts";
import { parseFileName } from "./file_names.ts";
import { identityOf } from "./files.ts";
import { ArchivedFiles } from "./rewind/archived_files.ts";
import type { ByteRange } from "../web/byte_range.ts";

/** A clip to be sent. */
export interface MadeClip extends Pick<Clip, "firstFrame" | "frames"> {
  readonly bytes: number;
  /** Tells the recording from others. */
  readonly recording: string;
  /** Gives the bytes of a range of it. */
  readonly body: (range: ByteRange) => ReadableStream<Uint8Array>;
}

/** Makes clips, without a second copy of the audio. */
export class Clips {
  readonly #path: string;
  readonly #files: ArchivedFiles;
  readonly #limiter = new Limiter(AT_A_TIME, MAX_WAITING);

  /** @param path the archive's folder */
  constructor(path: string) {
    this.#path = path;
    this.#files = new ArchivedFiles(path);
  }

  /**
   * Makes a clip of a recording, which may still grow. Frames before it are read, too.
   * @returns `undefined` where there is no such recording, `"nothing"` where it has no such frames
   * @throws {Mp4Error} where the file is none of Echo's; {RangeError} where the clip is too long;
   *   {LimiterFull}
   */
  async make(file: string, times: ClipTimes): Promise<MadeClip | "nothing" | undefined> {
    const name = parseFileName(file)?.name;
    if (name === undefined) return undefined;
    return await this.#limiter.run(() => this.#make(name, file, times));
  }

  async #make(
    name: string,
    file: string,
    times: ClipTimes,
  ): Promise<MadeClip | "nothing" | undefined> {
    const there = await this.#attributes(file);
    if (there === undefined) return undefined;
    const known = { file, identity: identityOf(there) };
    using handle = await this.#files.open(name, known);
    if (handle === undefined) return undefined;
    const { size } = await handle.stat();
    const clip = await drive(handle, makeClip(size, times));
    if (clip === undefined) return "nothing";
    const { head, start, end, firstFrame, frames } = clip;
    const read = async (range: ByteRange) => {
      const bytes = await this.#files.read(name, known, range);
      // It was removed meanwhile, which the client has to notice.
      if (bytes === undefined) throw new Error("the recording is no longer there");
      return bytes;
    };
    return {
      ...{ firstFrame, frames, bytes: head.length + end - start },
      recording: known.identity,
      body: (range) => partsBody([head, { start, end }], range, read),
    };
  }

  async #attributes(file: string): Promise<Deno.FileInfo | undefined> {
    try {
      const there = await Deno.lstat(`${this.#path}/${file}`);
      // To open a pipe is to wait for somebody who writes to it.
      return there.isFile ? there : undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}

/** How many recordings are read at a time … */
const AT_A_TIME = 2;
/** … and may wait. */
const MAX_WAITING = 50;
