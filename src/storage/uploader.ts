/** Has all recordings go to the bucket, while they are live and after that. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../session/clock.ts";
import type { EventBus } from "../session/events.ts";
import { closeLocked, lock, messageOf } from "../record/files.ts";
import type { RecordFolder } from "../record/record_folder.ts";
import type { StoredFile } from "../record/stored_file.ts";
import type { Bucket } from "./bucket.ts";
import { type KeptUpload, KeptUploads } from "./kept_uploads.ts";
import { DiskLooks } from "./disk_looks.ts";
import type { RecordingId } from "./object_keys.ts";
import type { PartWork } from "./part_job.ts";
import { StorageError } from "./storage_error.ts";
import { StoreWatch, TOLD_FAILURES } from "./store_watch.ts";
import { FileChanged } from "./store_transport.ts";
import { PART_BYTES, type Upload, type UploadStep } from "./upload.ts";
import { UploadList } from "./upload_list.ts";
import { UploadSteps } from "./upload_steps.ts";

const logger = getLogger(["echo", "storage"]);

export interface UploaderOptions {
  readonly clock: Clock;
  readonly events: Pick<EventBus, "subscribe">;
  readonly folder: RecordFolder;
  readonly bucket: Bucket;
  readonly work: PartWork;
  /** What keys begin with. */
  readonly prefix: string;
  /** Whether files stay on the disk once they are in the bucket. */
  readonly keepsFiles: boolean;
  /** Whether somebody still reads a file, known by its identity, that is in the bucket. */
  readonly isNeeded?: ((identity: string) => boolean) | undefined;
  /** A recording has become whole in the bucket, or was deleted there: `bytes` is `undefined` then. */
  readonly onChanged?: ((recording: RecordingId, bytes: number | undefined) => void) | undefined;
  /** Of new uploads; 8 MiB by default. */
  readonly partBytes?: number;
}

/** What was done, and what waits. */
export interface UploadFigures {
  /** Bytes of parts that the store took. */
  readonly sentBytes: number;
  /** Recordings that became whole in the bucket. */
  readonly storedRecordings: number;
  /** Requests that failed. */
  readonly failures: number;
  /** Bytes on the disk that the store does not have, of live recordings too. */
  readonly waitingBytes: number;
  /** Finished recordings that are not whole in the bucket. */
  readonly waitingRecordings: number;
  /** How long ago the oldest of these was finished; 0 where there is none. */
  readonly waitingMs: number;
}

/**
 * Sends recordings to the bucket, 16 parts at a time, each by one step after another. A store that
 * fails is asked by one request at a time, after 1 to 60 s, until it works again. Nothing of this is
 * in the way of a broadcast.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #steps: UploadSteps;
  readonly #list: UploadList;
  readonly #keeper: KeptUploads;
  readonly #timers: readonly Timer[];
  readonly #unsubscribe: () => void;
  readonly #store: StoreWatch;
  readonly #underWay = new Set<Promise<void>>();
  readonly #done = { sentBytes: 0, storedRecordings: 0, failures: 0 };
  readonly #looking = new DiskLooks();
  #lock: Deno.FsFile | undefined;
  #closed = false;

  constructor(options: UploaderOptions) {
    const { clock, events, folder, bucket, work, prefix, keepsFiles } = options;
    const { partBytes = PART_BYTES } = options;
    this.#options = options;
    this.#keeper = new KeptUploads(folder.path);
    const keeper = this.#keeper;
    this.#steps = new UploadSteps({ bucket, work, keeper, folder: folder.path, prefix });
    this.#list = new UploadList({ clock, folder, keeper, keepsFiles, partBytes, prefix });
    this.#store = new StoreWatch(clock, bucket);
    this.#timers = [
      clock.every(TICK_MS, () => this.#startSteps()),
      clock.every(LOOK_MS, () => this.#lookAtLive()),
      clock.every(SCAN_MS, () => this.#scan()),
    ];
    this.#unsubscribe = events.subscribe((event) => {
      if (event.kind === "record-start" || event.kind === "record-complete") {
        this.#look(() => this.#list.look(event.path));
      }
    });
    this.#scan();
  }

  /** Why recordings do not get to the bucket, as sentences; none where they do. */
  get problems(): string[] {
    const { problem } = this.#store;
    const problems = [...this.#list.open.values()]
      .filter(({ backOff, rounds }) => {
        const fails = problem === undefined && backOff.failures >= TOLD_FAILURES;
        return fails || rounds.failures >= TOLD_ROUNDS;
      })
      .map(({ kept, failedWhy }) => `${this.#steps.keyOf(kept)} cannot be stored: ${failedWhy}`)
      .slice(0, MAX_PROBLEMS);
    if (problem === undefined) return problems;
    const { waitingRecordings } = this.figures;
    return [`${problem}; finished ones that wait on the disk: ${waitingRecordings}`, ...problems];
  }

  get figures(): UploadFigures {
    let [waitingBytes, waitingRecordings, waitingMs] = [0, 0, 0];
    for (const upload of this.#list.open.values()) {
      waitingBytes += upload.waitingBytes;
      if (!upload.isFinished || upload.kept.storedBytes !== null) continue;
      waitingRecordings++;
      const changedAt = upload.file?.changedAt ?? Infinity;
      waitingMs = Math.max(waitingMs, this.#options.clock.now() - changedAt);
    }
    return { ...this.#done, waitingBytes, waitingRecordings, waitingMs };
  }

  /** The recording in a file, once that is whole in the bucket. */
  stored(file: StoredFile): RecordingId | undefined {
    const kept = this.#list.find(file);
    return kept === undefined || kept.storedBytes === null || kept.isRemoved ? undefined : kept;
  }

  /** Somebody has deleted a recording in the bucket alone: it does not go there again. */
  async removed(recording: RecordingId): Promise<void> {
    await this.#list.removed(recording);
  }

  /** Somebody has deleted a file, known by its identity: nothing of it is to be in the bucket. */
  async forget(identity: string): Promise<void> {
    const upload = this.#list.reopen(identity);
    if (upload !== undefined) await this.#steps.unwant(upload);
    this.#startSteps();
  }

  /**
   * Whether limits of the disk may have a file deleted: it has got to the bucket, whatever became of
   * it there, or does not go there.
   */
  mayRemove(file: StoredFile): boolean {
    if (file.state === "damaged" || this.#list.isForeign(file)) return true;
    return (this.#list.find(file)?.storedBytes ?? null) !== null;
  }

  /** Gives up what is under way. The next run of the server goes on with it. */
  async stop(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#unsubscribe();
    await this.#looking.over();
    await Promise.all(this.#underWay);
    if (this.#lock !== undefined) await closeLocked(this.#lock);
    this.#lock = undefined;
  }

  #scan(): void {
    this.#look(async () => {
      if (!await this.#open()) return;
      for (const upload of await this.#list.scan()) await this.#abandon(upload);
    });
  }

  #lookAtLive(): void {
    this.#look(async () => {
      if (!await this.#list.lookAtLive()) await this.#list.scan();
    });
  }

  /** Looks at files, and does then what is to be done. */
  #look(look: () => Promise<void>): void {
    if (this.#closed) return;
    this.#looking.run(async () => {
      if (this.#closed) return;
      await look();
      this.#startSteps();
    });
  }

  /** Two servers may share the folder: one of them sends what is in it. */
  async #open(): Promise<boolean> {
    if (this.#lock !== undefined) return true;
    await Deno.mkdir(this.#keeper.path, { recursive: true });
    const path = `${this.#keeper.path}/lock`;
    const handle = await Deno.open(path, { create: true, write: true });
    if (!await lock(handle)) {
      handle.close();
      return false;
    }
    await this.#list.load();
    this.#lock = handle;
    return true;
  }

  /** Gives up what has no file any more, unless a step of it is under way, or is to delete it. */
  async #abandon(upload: Upload): Promise<void> {
    if (upload.isBusy || upload.kept.isUnwanted) return;
    upload.isBusy = true;
    // What is named like a secret is masked in the log.
    const object = this.#steps.keyOf(upload.kept);
    try {
      await this.#steps.abandon(upload);
      this.#list.open.delete(upload.kept.identity);
      logger.info("{object} is not stored any further: its file is gone", { object });
    } catch (error) {
      // It is tried again with the next look.
      logger.debug("Cannot give up {object}: {why}", { object, why: messageOf(error) });
    }
    upload.isBusy = false;
  }

  #startSteps(): void {
    if (this.#closed || this.#lock === undefined || !this.#store.backOff.isOver) return;
    const { keepsFiles, isNeeded = () => false } = this.#options;
    const places = this.#store.backOff.failures > 0 ? 1 : AT_A_TIME;
    for (const upload of this.#list.inTurn()) {
      if (this.#underWay.size >= places) return;
      if (!upload.isDue) continue;
      const step = upload.next(keepsFiles || isNeeded(upload.kept.identity));
      if (step === undefined) continue;
      upload.isBusy = true;
      const doing: Promise<void> = this.#do(upload, step).finally(() => {
        this.#underWay.delete(doing);
        upload.isBusy = false;
        this.#startSteps();
      });
      this.#underWay.add(doing);
    }
  }

  /** Never rejects. */
  async #do(upload: Upload, step: UploadStep): Promise<void> {
    const wasStored = upload.kept.storedBytes !== null;
    try {
      this.#done.sentBytes += await this.#steps.do(upload, step);
      upload.backOff.succeeded();
      if (ASKS_STORE.has(step.kind)) this.#store.works();
      if (!wasStored) this.#tellStored(upload.kept);
      else if (step.kind === "discard") this.#options.onChanged?.(upload.kept, undefined);
      if (ENDS.has(step.kind)) this.#list.open.delete(upload.kept.identity);
      else this.#list.settle(upload);
    } catch (error) {
      this.#failed(upload, error);
    }
  }

  #tellStored(kept: KeptUpload): void {
    if (kept.storedBytes === null) return;
    this.#done.storedRecordings++;
    // It may have been deleted in the bucket before its upload was over.
    if (!kept.isRemoved) this.#options.onChanged?.(kept, kept.storedBytes);
  }

  #failed(upload: Upload, error: unknown): void {
    if (this.#closed) return;
    upload.failedWhy = messageOf(error);
    upload.backOff.failed();
    this.#list.settle(upload);
    if (error instanceof StorageError) {
      this.#done.failures++;
      if (!error.isUploadLost) this.#store.failed(error.message);
    } else if (error instanceof FileChanged || error instanceof Deno.errors.NotFound) {
      // It was renamed, most likely: the next look tells what it is called.
      upload.file = undefined;
      this.#scan();
    } else {
      const object = this.#steps.keyOf(upload.kept);
      const details = { object, why: upload.failedWhy };
      if (upload.backOff.failures > 1) return;
      logger.error("Cannot store {object}, which is tried again: {why}", details);
    }
  }
}

const ASKS_STORE: ReadonlySet<UploadStep["kind"]> = new Set([
  ...["begin", "send", "complete", "discard", "abort"] as const,
]);
const ENDS: ReadonlySet<UploadStep["kind"]> = new Set(["remove file", "discard"]);
/** How many requests are under way at a time. */
const AT_A_TIME = 16;
/** A store that lost an upload once is no news. */
const TOLD_ROUNDS = 2;
/** Further recordings would have the same. */
const MAX_PROBLEMS = 3;
const TICK_MS = 1000;
const LOOK_MS = 5000;
const SCAN_MS = 60_000;
