/** Clips of recordings, finished or live. */
import { Limiter } from "../disk/limiter.ts";
import { type Clip, type ClipTimes, makeClip } from "../mp4/clip.ts";
import { Shares } from "../session/shares.ts";
import { drive } from "./drive.ts";
import { partsBody } from "./file_body.ts";
import { parseFileName } from "./file_names.ts";
import { identityOf } from "./files.ts";
import { ArchivedFiles } from "./rewind/archived_files.ts";
import type { ByteRange } from "../web/byte_range.ts";

/** Who asks for a clip. */
export interface ClipAsker {
  /** The client's address. */
  readonly address: string;
  /** Is aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** A clip to be sent. Who gets it has to read its body to the end, or {@link close} it. */
export interface MadeClip extends Pick<Clip, "firstFrame" | "frames"> {
  readonly bytes: number;
  /** Tells the recording from others. */
  readonly recording: string;
  /** Gives the bytes of a range of it, once. */
  readonly body: (range: ByteRange) => ReadableStream<Uint8Array>;
  /** No body is read, or no more of it. */
  readonly close: () => void;
}

/** Thrown where there are so many clips that no other may be made for now. */
export class TooManyClips extends Error {
  override readonly name = "TooManyClips";
}

/** Makes clips, without a second copy of the audio. */
export class Clips {
  readonly #path: string;
  readonly #files: ArchivedFiles;
  /** Of those that are made or sent: each has its tables in memory. */
  readonly #places = new Shares({ total: MAX_CLIPS, perAddress: MAX_PER_ADDRESS });
  readonly #limiter = new Limiter(AT_A_TIME);

  /** @param path the archive's folder */
  constructor(path: string) {
    this.#path = path;
    this.#files = new ArchivedFiles(path);
  }

  /**
   * Makes a clip of a recording, which may still grow. Frames before it are read, too.
   * @returns `undefined` where there is no such recording, `"nothing"` where it has no such frames
   * @throws {Mp4Error} where the file is none of Echo's; {RangeError} where the clip is too long;
   *   {TooManyClips}; {GivenUp} where the client has left
   */
  async make(
    file: string,
    times: ClipTimes,
    { address, signal }: ClipAsker,
  ): Promise<MadeClip | "nothing" | undefined> {
    const name = parseFileName(file)?.name;
    if (name === undefined) return undefined;
    const place = this.#places.take({ address, keeps: true, giveWay: () => {} });
    if (place === undefined) throw new TooManyClips("Cannot make a clip: there are too many");
    using taken = new DisposableStack();
    taken.defer(place.release);
    const asked = { name, file, times, giveUp: () => signal.aborted, close: place.release };
    const clip = await this.#limiter.run(() => this.#make(asked));
    if (clip !== undefined && clip !== "nothing") taken.move();
    return clip;
  }

  async #make(
    { name, file, times, giveUp, close }: AskedClip,
  ): Promise<MadeClip | "nothing" | undefined> {
    const there = await this.#attributes(file);
    if (there === undefined) return undefined;
    const known = { file, identity: identityOf(there) };
    using handle = await this.#files.open(name, known);
    if (handle === undefined) return undefined;
    const { size } = await handle.stat();
    const clip = await drive(handle, makeClip(size, times), giveUp);
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
      body: (range) => partsBody([head, { start, end }], range, read, close),
      close,
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

/** What {@link Clips.make} is asked for. */
interface AskedClip extends Pick<MadeClip, "close"> {
  readonly name: string;
  readonly file: string;
  readonly times: ClipTimes;
  readonly giveUp: () => boolean;
}

/** How many recordings are read at a time. */
const AT_A_TIME = 2;
/** The tables of one take 4 MB. */
const MAX_CLIPS = 16;
/** Two slow clients keep nobody out. */
const MAX_PER_ADDRESS = 4;
