/** What the archive has to know of recordings that are in a bucket, too, or there alone. */

import type { StoredFile } from "./stored_file.ts";

/** A recording in the bucket. */
export interface BucketCopy {
  /** What it is called as a file: `NAME.20261123T141200Z.mp4`. */
  readonly file: string;
  /** The broadcast's name. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly bytes: number;
}

/** Recordings that are whole in the bucket. Methods reject with {@link BucketUnavailable}. */
export interface BucketCopies {
  /** The copy of a file on the disk, as it is called in the bucket. */
  copyOf(file: StoredFile): string | undefined;
  /** A file was deleted, known by its identity: it may be on its way, and is not to get there. */
  forget(identity: string): Promise<void>;
  /** All of them. Never rejects: where the bucket cannot be asked, those that it had before. */
  list(): Promise<readonly BucketCopy[]>;
  /**
   * A URL by which anybody may read a recording for some hours.
   * @param method how: `GET` or `HEAD`
   * @returns `undefined` where it is not there
   */
  urlOf(file: string, method: string): Promise<string | undefined>;
  /** Deletes one. @returns whether it was there */
  remove(file: string): Promise<boolean>;
}

/** Thrown where the bucket cannot be asked. */
export class BucketUnavailable extends Error {
  override readonly name = "BucketUnavailable";
}
