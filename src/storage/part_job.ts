/** What is done with a part of a recording: it is read and hashed, and sent where that is wanted. */
import { createHash } from "node:crypto";
import { identityOf } from "../record/files.ts";
import type { BegunUpload, Bucket } from "./bucket.ts";
import { FileChanged } from "./store_transport.ts";

/** A part of a file. */
export interface PartJob {
  readonly path: string;
  /** What the file has to be: see {@link identityOf}. */
  readonly identity: string;
  readonly start: number;
  readonly end: number;
  /** Where it goes, and as which part; `undefined`: nowhere. */
  readonly to?: BegunUpload & { readonly number: number };
}

/** What was found. */
export interface PartDone {
  /** Of the part's bytes, in hexadecimal. */
  readonly sha256: string;
  /** As the store gave it; empty where nothing was sent. */
  readonly etag: string;
}

/** Does part jobs. */
export interface PartWork {
  /**
   * @throws {StorageError} where the store does not take the part; {FileChanged} where the path has
   *   another file, or it is too short; what the disk says
   */
  do(job: PartJob): Promise<PartDone>;
}

/** Does part jobs in this thread. */
export class LocalPartWork implements PartWork {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async do({ path, identity, start, end, to }: PartJob): Promise<PartDone> {
    using handle = await Deno.open(path);
    if (identityOf(await handle.stat()) !== identity) {
      throw new FileChanged("the path has another file");
    }
    const sha256 = await hashOf(handle, start, end);
    const etag = to === undefined
      ? ""
      : await this.#bucket.sendPart(to, to.number, { handle, start, end }, sha256);
    return { sha256, etag };
  }
}

async function hashOf(handle: Deno.FsFile, start: number, end: number): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES);
  handle.seekSync(start, Deno.SeekMode.Start);
  for (let left = end - start; left > 0;) {
    const count = await handle.read(buffer.subarray(0, Math.min(left, buffer.length)));
    if (count === null) throw new FileChanged("the file has become shorter");
    hash.update(buffer.subarray(0, count));
    left -= count;
  }
  return hash.digest("hex");
}

const CHUNK_BYTES = 64 * 1024;
