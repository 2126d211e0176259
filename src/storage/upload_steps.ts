/** Does the steps of an upload. */
import { getLogger } from "@logtape/logtape";
import { identityOf } from "../record/files.ts";
import type { BegunUpload, Bucket } from "./bucket.ts";
import type { KeptUpload, KeptUploads, SentPart } from "./kept_uploads.ts";
import { keyOf } from "./object_keys.ts";
import type { PartJob, PartWork } from "./part_job.ts";
import { StorageError } from "./storage_error.ts";
import type { Upload, UploadStep } from "./upload.ts";

const logger = getLogger(["echo", "storage"]);

export interface UploadStepsOptions {
  readonly bucket: Bucket;
  readonly work: PartWork;
  readonly keeper: KeptUploads;
  /** The archive's folder. */
  readonly folder: string;
  /** What keys begin with. */
  readonly prefix: string;
}

type PartStep = Extract<UploadStep, { readonly part: number }>;

/**
 * Does the steps of uploads, and keeps what each came to. Each may fail at any moment, also in that it
 * was done and nobody heard of it: then it is done again.
 */
export class UploadSteps {
  readonly #options: UploadStepsOptions;

  constructor(options: UploadStepsOptions) {
    this.#options = options;
  }

  /**
   * @returns bytes that were sent
   * @throws {StorageError}; {FileChanged} and `NotFound` where the file is not what it was; what the
   *   disk says
   */
  async do(upload: Upload, step: UploadStep): Promise<number> {
    try {
      return await this.#do(upload, step);
    } catch (error) {
      if (error instanceof StorageError && error.isUploadLost) {
        logger.warn("The upload of {object} is lost, and begins again: {why}", {
          ...{ object: this.keyOf(upload.kept), why: error.message },
        });
        upload.rounds.failed();
        await this.#beginAgain(upload);
      }
      throw error;
    }
  }

  /** The key of a recording. */
  keyOf(kept: KeptUpload): string {
    return keyOf(this.#options.prefix, kept);
  }

  /** Has the store forget what it has of an upload that will not be completed, and forgets it. */
  async abandon({ kept }: Upload): Promise<void> {
    for (const begun of [...kept.dead, this.#begun(kept) ?? []].flat()) await this.#abort(begun);
    await this.#options.keeper.forget(kept.identity);
  }

  /** Somebody has deleted the recording. */
  async unwant(upload: Upload): Promise<void> {
    await this.#change(upload, { isUnwanted: true });
  }

  async #do(upload: Upload, step: UploadStep): Promise<number> {
    switch (step.kind) {
      case "begin":
        await this.#begin(upload);
        return 0;
      case "begin again":
        await this.#beginAgain(upload, { partBytes: step.partBytes });
        return 0;
      case "send":
        await this.#send(upload, step);
        return step.range.end - step.range.start;
      case "abort": {
        const why = await this.#abortDead(upload);
        if (why !== undefined) throw why;
        return 0;
      }
      case "discard":
        await this.#discard(upload);
        return 0;
      case "compare":
        await this.#compare(upload, step);
        return 0;
      case "complete":
        await this.#complete(upload, step.bytes, step.parts);
        return 0;
      case "remove file":
        await this.#removeFile(upload);
        return 0;
    }
  }

  async #begin(upload: Upload): Promise<void> {
    const { bucket } = this.#options;
    for (;;) {
      const { kept, file } = upload;
      const found = await bucket.find(this.keyOf(kept));
      if (found === undefined) break;
      const isOwn = found.mark === kept.mark && found.bytes === file?.bytes;
      if (isOwn && upload.isFinished) return await this.#stored(upload, found.bytes);
      if (found.mark === kept.mark) {
        // It did not become what it is to be.
        await bucket.remove(this.keyOf(kept));
        break;
      }
      if (kept.count >= MAX_COUNT) {
        throw new Error(`${MAX_COUNT} recordings of ${kept.name} began in the same second`);
      }
      await this.#change(upload, { count: kept.count + 1 });
    }
    // Where every upload is lost, they would fill the store. If this fails, it is done again with the
    // next one, and once the recording is stored.
    await this.#abortDead(upload);
    const uploadId = await bucket.begin(this.keyOf(upload.kept), upload.kept.mark);
    await this.#change(upload, { uploadId, parts: [] });
  }

  /** Gives up what the store has of it, which is to forget it before another upload begins. */
  async #beginAgain(upload: Upload, changes: Partial<KeptUpload> = {}): Promise<void> {
    const { kept } = upload;
    const dead = [...kept.dead, this.#begun(kept) ?? []].flat();
    await this.#change(upload, { ...changes, dead, uploadId: null, parts: [] });
    upload.begunAgain();
  }

  /** Has the store forget all uploads that were given up. @returns why it did not do so */
  async #abortDead(upload: Upload): Promise<StorageError | undefined> {
    for (const begun of upload.kept.dead) {
      try {
        await this.#abort(begun);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        return error;
      }
      await this.#change(upload, { dead: upload.kept.dead.filter((other) => other !== begun) });
    }
    return undefined;
  }

  /** A key that may not do that must not keep recordings from what else is done with them. */
  async #abort(begun: BegunUpload): Promise<void> {
    try {
      await this.#options.bucket.abort(begun);
    } catch (error) {
      if (!(error instanceof StorageError && FORBIDDEN.has(error.code))) throw error;
      const details = { object: begun.key, why: error.message };
      logger.warn("Cannot have the store forget an upload of {object}: {why}", details);
    }
  }

  async #discard(upload: Upload): Promise<void> {
    const { bucket } = this.#options;
    const key = this.keyOf(upload.kept);
    // It may have been completed, and nobody heard the answer.
    const made = await bucket.find(key);
    if (made?.mark === upload.kept.mark) await bucket.remove(key);
    await this.abandon(upload);
  }

  async #send(upload: Upload, { part, range }: PartStep): Promise<void> {
    const begun = this.#begun(upload.kept);
    if (begun === undefined) return;
    const job = this.#jobOf(upload, range);
    const sent = await this.#options.work.do({ ...job, to: { ...begun, number: part } });
    await this.#setPart(upload, part, sent);
    upload.partCompared(part);
  }

  async #compare(upload: Upload, { part, range }: PartStep): Promise<void> {
    const { sha256 } = await this.#options.work.do(this.#jobOf(upload, range));
    if (upload.kept.parts[part - 1]?.sha256 === sha256) return upload.partCompared(part);
    const object = this.keyOf(upload.kept);
    logger.info("Part {part} of {object} has changed on the disk: it is sent again", {
      ...{ part, object },
    });
    await this.#setPart(upload, part, null);
  }

  async #complete(upload: Upload, bytes: number, parts: readonly SentPart[]): Promise<void> {
    const { bucket } = this.#options;
    const { kept } = upload;
    const begun = this.#begun(kept);
    if (begun === undefined) return;
    // It may have been completed before, and nobody heard the answer.
    const earlier = await bucket.find(begun.key);
    if (earlier !== undefined) {
      if (earlier.mark === kept.mark && earlier.bytes === bytes) {
        return await this.#stored(upload, bytes);
      }
      return await this.#beginAgain(upload, { count: kept.count + 1 });
    }
    await bucket.complete(begun, parts.map(({ etag }) => etag));
    const made = await bucket.find(begun.key);
    // A store that keeps no marks tells none.
    if (made?.mark !== undefined && made.mark !== kept.mark) {
      return await this.#beginAgain(upload, { count: kept.count + 1 });
    }
    if (made?.bytes !== bytes) {
      if (made !== undefined) await bucket.remove(begun.key);
      throw new StorageError(
        "WrongSize",
        `expected ${bytes} bytes of ${begun.key} in the bucket, got ${made?.bytes ?? "none"}`,
      );
    }
    await this.#stored(upload, bytes);
  }

  async #stored(upload: Upload, bytes: number): Promise<void> {
    await this.#change(upload, { storedBytes: bytes, uploadId: null, parts: [] });
    const object = this.keyOf(upload.kept);
    const { file } = upload.file ?? {};
    logger.info("{file} is in the bucket as {object}, {bytes} bytes", { file, object, bytes });
  }

  async #removeFile({ file, kept }: Upload): Promise<void> {
    if (file === undefined) return;
    const path = `${this.#options.folder}/${file.file}`;
    // Another recording may have got its name.
    const isSame = identityOf(await Deno.stat(path)) === kept.identity;
    if (!isSame) throw new Deno.errors.NotFound(`${file.file} is another file now`);
    await Deno.remove(path);
    await this.#options.keeper.forget(kept.identity);
    logger.info("{file} is deleted from the disk: it is in the bucket", { file: file.file });
  }

  #jobOf({ file, kept }: Upload, { start, end }: PartStep["range"]): PartJob {
    const path = `${this.#options.folder}/${file?.file ?? ""}`;
    return { path, identity: kept.identity, start, end };
  }

  #begun(kept: KeptUpload): BegunUpload | undefined {
    return kept.uploadId === null ? undefined : { key: this.keyOf(kept), uploadId: kept.uploadId };
  }

  async #setPart(upload: Upload, part: number, sent: SentPart | null): Promise<void> {
    const parts = [...upload.kept.parts];
    while (parts.length < part) parts.push(null);
    parts[part - 1] = sent === null ? null : { etag: sent.etag, sha256: sent.sha256 };
    await this.#change(upload, { parts });
  }

  async #change(upload: Upload, changes: Partial<KeptUpload>): Promise<void> {
    // At once, as somebody may delete it meanwhile.
    upload.kept = { ...upload.kept, ...changes };
    await this.#options.keeper.save(upload.kept);
  }
}

const FORBIDDEN: ReadonlySet<string> = new Set(["AccessDenied", "403"]);
/** How many recordings of one name may begin in the same second. */
const MAX_COUNT = 1000;
