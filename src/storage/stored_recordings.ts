/** The recordings in the bucket, as operators see them, and how long they stay there. */
import { getLogger } from "@logtape/logtape";
import { datedFile } from "../record/file_names.ts";
import { messageOf } from "../record/files.ts";
import { type BucketCopies, type BucketCopy, BucketUnavailable } from "../record/bucket_copies.ts";
import type { StoredFile } from "../record/stored_file.ts";
import type { Clock, Timer } from "../session/clock.ts";
import type { Bucket, ListedObject } from "./bucket.ts";
import { fileOfKey, folderOf, keyOf, type RecordingId, recordingOf } from "./object_keys.ts";
import { RecordingsList } from "./recordings_list.ts";
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
  readonly uploads: Pick<Uploader, "stored" | "forget" | "removed">;
}

/** What is in the bucket: of this box, and of others that use the same prefix. */
export class StoredRecordings implements BucketCopies {
  readonly #options: StoredRecordingsOptions;
  readonly #timer: Timer | undefined;
  readonly #list: RecordingsList;
  #isCleaning = false;
  #closed = false;

  constructor(options: StoredRecordingsOptions) {
    this.#options = options;
    const { clock, maxAgeMs } = options;
    this.#list = new RecordingsList(clock, async (take) => {
      await this.#eachPage((objects) =>
        take(objects.flatMap((object) => this.#copyAt(object) ?? []))
      );
    });
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
    return await this.#list.read();
  }

  /** This box has stored a recording, or deleted it: `bytes` is `undefined` then. */
  changed({ name, startTime, count }: RecordingId, bytes: number | undefined): void {
    const file = datedFile(name, startTime, count);
    this.#list.change(file, bytes === undefined ? undefined : { file, name, startTime, bytes });
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
    await this.#removed(id);
    return wasThere;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #removed(id: RecordingId): Promise<void> {
    this.changed(id, undefined);
    await this.#options.uploads.removed(id);
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
    const { bucket, prefix, maxAgeMs } = this.#options;
    try {
      await this.#eachPage(async (objects) => {
        for (const object of objects) {
          const file = object.ageMs > maxAgeMs ? fileOfKey(prefix, object.key) : undefined;
          const id = file === undefined ? undefined : recordingOf(file);
          if (id === undefined || this.#closed) continue;
          await bucket.remove(object.key);
          await this.#removed(id);
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

/** A show may be listened to for so long, or for as long as a download takes. */
const URL_SECONDS = 12 * 3600;
const CLEAN_MS = 3_600_000;
