/** The recordings in the bucket, as operators see them, and how long they stay there. */
import { getLogger } from "@logtape/logtape";
import { datedFile } from "../record/file_names.ts";
import { messageOf } from "../record/files.ts";
import { type BucketCopies, type BucketCopy, BucketUnavailable } from "../record/bucket_copies.ts";
import type { StoredFile } from "../record/stored_file.ts";
import type { Clock, Timer } from "../session/clock.ts";
import type { Bucket, ListedObject } from "./bucket.ts";
import { fileOfKey, folderOf, keyOf, recordingOf } from "./object_keys.ts";
import { StorageError } from "./storage_error.ts";
import type { Uploader } from "./uploader.ts";

const logger = getLogger(["echo", "storage"]);

export interface StoredRecordingsOptions {
  readonly clock: Clock;
  readonly bucket: Bucket;
  /** What keys begin with. */
  readonly prefix: string;
  /** Recordings that have been there for longer are deleted; 0: none. */
  readonly maxAgeMs: number;
  readonly uploads: Pick<Uploader, "stored" | "forget">;
}

/** What is in the bucket: of this box, and of others that use the same prefix. */
export class StoredRecordings implements BucketCopies {
  readonly #options: StoredRecordingsOptions;
  readonly #timer: Timer | undefined;
  #known: readonly BucketCopy[] = [];
  /** When that was asked for, on the monotonic clock. */
  #knownAt = -Infinity;
  #asking: Promise<void> | undefined;
  #isCleaning = false;
  #closed = false;

  constructor(options: StoredRecordingsOptions) {
    this.#options = options;
    const { clock, maxAgeMs } = options;
    if (maxAgeMs > 0) this.#timer = clock.every(CLEAN_MS, () => this.#clean());
  }

  copyOf(file: StoredFile): string | undefined {
    const id = this.#options.uploads.stored(file);
    return id && datedFile(id.name, id.startTime, id.count);
  }

  async forget(identity: string): Promise<void> {
    await this.#options.uploads.forget(identity);
  }

  async list(): Promise<readonly BucketCopy[]> {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#knownAt >= FRESH_MS) {
      this.#asking ??= this.#ask().finally(() => this.#asking = undefined);
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = clock.after(ANSWER_MS, resolve);
      await Promise.race([this.#asking, late]);
      timer.cancel();
    }
    return this.#known;
  }

  async urlOf(file: string, method: string): Promise<string | undefined> {
    const id = recordingOf(file);
    if (id === undefined) return undefined;
    const { bucket, prefix } = this.#options;
    const key = keyOf(prefix, id);
    return await available(async () => {
      if (await bucket.find(key) === undefined) return undefined;
      return await bucket.signedUrl(key, file, { method, seconds: URL_SECONDS });
    });
  }

  async remove(file: string): Promise<boolean> {
    const id = recordingOf(file);
    if (id === undefined) return false;
    const { bucket, prefix } = this.#options;
    const key = keyOf(prefix, id);
    const wasThere = await available(async () => {
      if (await bucket.find(key) === undefined) return false;
      await bucket.remove(key);
      return true;
    });
    this.#knownAt = -Infinity;
    return wasThere;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Asks for all that there is, and keeps the newest of it. Never rejects. */
  async #ask(): Promise<void> {
    let found: BucketCopy[] = [];
    try {
      await this.#eachPage((objects) => {
        found.push(...objects.flatMap((object) => this.#copyAt(object) ?? []));
        if (found.length > 2 * MAX_LISTED) found = newest(found);
      });
      this.#known = newest(found);
    } catch (error) {
      // Whoever sends to the bucket tells it, and those are known that were there before.
      logger.debug("Cannot list the bucket: {why}", { why: messageOf(error) });
    }
    this.#knownAt = this.#options.clock.monotonic();
  }

  #copyAt({ key, bytes }: ListedObject): BucketCopy | undefined {
    const file = fileOfKey(this.#options.prefix, key);
    const { name, startTime } = (file && recordingOf(file)) || {};
    if (file === undefined || name === undefined || startTime === undefined) return undefined;
    return { file, name, startTime, bytes };
  }

  /** Deletes what has been there for too long. Never rejects. */
  async #clean(): Promise<void> {
    if (this.#isCleaning) return;
    this.#isCleaning = true;
    const { bucket, maxAgeMs } = this.#options;
    try {
      await this.#eachPage(async (objects) => {
        for (const object of objects) {
          const isOld = object.ageMs > maxAgeMs && this.#copyAt(object) !== undefined;
          if (!isOld || this.#closed) continue;
          await bucket.remove(object.key);
          logger.info("{deleted} is deleted from the bucket: too old", { deleted: object.key });
        }
      });
    } catch (error) {
      logger.warn("Cannot delete from the bucket what is too old: {why}", {
        why: messageOf(error),
      });
    }
    this.#isCleaning = false;
  }

  async #eachPage(take: (objects: readonly ListedObject[]) => void | Promise<void>): Promise<void> {
    const { bucket, prefix } = this.#options;
    let next: string | undefined;
    do {
      const page = await bucket.list(folderOf(prefix), next);
      await take(page.objects);
      next = page.next;
    } while (next !== undefined && !this.#closed);
  }
}

/** @throws {BucketUnavailable} where the store fails */
async function available<T>(asking: () => Promise<T>): Promise<T> {
  try {
    return await asking();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new BucketUnavailable(`the bucket cannot be asked: ${error.message}`);
  }
}

function newest(copies: readonly BucketCopy[]): BucketCopy[] {
  return copies.toSorted((a, b) => b.startTime - a.startTime).slice(0, MAX_LISTED);
}

/** So many recordings are listed, the newest. */
const MAX_LISTED = 10_000;
/** For so long it is not asked again what is there. */
const FRESH_MS = 10_000;
/** Whoever wants a list does not wait for a slow store for longer. */
const ANSWER_MS = 5000;
/** A show may be listened to for so long, or for as long as a download takes. */
const URL_SECONDS = 12 * 3600;
const CLEAN_MS = 3_600_000;
