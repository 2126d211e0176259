/** All recordings on the disk, and how far each of them is in the bucket. */
import { randomUUID } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../session/clock.ts";
import { Mp4Error } from "../mp4/boxes.ts";
import { parseFileName } from "../record/file_names.ts";
import { messageOf } from "../record/files.ts";
import type { RecordFolder } from "../record/record_folder.ts";
import { type StoredFile, storedFile } from "../record/stored_file.ts";
import type { BegunUpload } from "./bucket.ts";
import type { KeptUpload, KeptUploads } from "./kept_uploads.ts";
import { keyOf, type RecordingId } from "./object_keys.ts";
import { Upload } from "./upload.ts";

const logger = getLogger(["echo", "storage"]);

export interface UploadListOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly folder: RecordFolder;
  readonly keeper: KeptUploads;
  /** Whether files stay once they are in the bucket. */
  readonly keepsFiles: boolean;
  readonly partBytes: number;
  /** What keys begin with. */
  readonly prefix: string;
}

/** The recordings, by what tells their files from all others. */
export class UploadList {
  /** Those with which something is still to be done. */
  readonly open = new Map<string, Upload>();
  /** Those that are in the bucket, and on the disk. */
  readonly stored = new Map<string, KeptUpload>();
  readonly #options: UploadListOptions;
  /** Those whose files were not found the last time. */
  #missing = new Set<string>();
  /** Finished files that are none of Echo's. */
  #foreign = new Set<string>();

  constructor(options: UploadListOptions) {
    this.#options = options;
  }

  /** Goes on with what an earlier run has kept. */
  async load(): Promise<void> {
    for (const kept of await this.#options.keeper.load()) this.#put(kept, undefined);
  }

  /**
   * Looks at all files.
   * @returns uploads whose files are gone, two looks in a row: while files are renamed, one may be
   *   missed
   */
  async scan(): Promise<readonly Upload[]> {
    const found = await this.#options.folder.files();
    const there = new Set(found.map(({ identity }) => identity));
    const lost = [...this.stored.values()].filter(({ identity }) => !there.has(identity));
    const copies = new Map(lost.map((kept) => [factsOf(kept, kept.storedBytes), kept]));
    for (const file of found) await this.#add(file, copies);
    const known = [...this.open.keys(), ...this.stored.keys()];
    const missing = known.filter((identity) => !there.has(identity));
    const gone = missing.filter((identity) => this.#missing.has(identity));
    this.#missing = new Set(missing);
    for (const identity of gone) {
      if (this.stored.delete(identity)) await this.#options.keeper.forget(identity);
    }
    return gone.flatMap((identity) => this.open.get(identity) ?? []);
  }

  /** Looks at one file, which may be new. */
  async look(path: string): Promise<void> {
    const folder = this.#options.folder.path;
    const parsed = parseFileName(path.slice(folder.length + 1));
    const file = parsed && await storedFile(folder, parsed);
    if (file !== undefined) await this.#add(file);
  }

  /** Looks how large live recordings are. @returns whether all are where they were */
  async lookAtLive(): Promise<boolean> {
    let areThere = true;
    for (const upload of [...this.open.values()]) {
      const { file } = upload;
      if (file?.state !== "unfinished") continue;
      const now = await storedFile(this.#options.folder.path, file);
      // It may have been finished meanwhile.
      if (upload.file !== file) continue;
      upload.file = now?.identity === file.identity ? now : undefined;
      areThere &&= upload.file !== undefined;
    }
    return areThere;
  }

  /** What is kept of a file; `undefined` where that is not known. */
  find(file: StoredFile): KeptUpload | undefined {
    const { identity } = file;
    const kept = this.stored.get(identity) ?? this.open.get(identity)?.kept;
    return kept !== undefined && isOf(kept, file) ? kept : undefined;
  }

  /** The upload of a file, with which something is to be done again. */
  reopen(identity: string): Upload | undefined {
    const kept = this.stored.get(identity);
    if (kept === undefined) return this.open.get(identity);
    this.stored.delete(identity);
    const upload = new Upload(kept, undefined, this.#options.clock);
    this.open.set(identity, upload);
    return upload;
  }

  /** The object of a recording was deleted in the bucket. */
  async removed(recording: RecordingId): Promise<void> {
    for (const upload of this.open.values()) {
      if (!isObjectOf(recording, upload.kept)) continue;
      upload.kept = { ...upload.kept, isRemoved: true };
      await this.#options.keeper.save(upload.kept);
    }
    for (const kept of this.stored.values()) {
      if (!isObjectOf(recording, kept)) continue;
      const removed = { ...kept, isRemoved: true };
      this.stored.set(kept.identity, removed);
      await this.#options.keeper.save(removed);
    }
  }

  /** Whether a finished file is none of Echo's, so that it does not go to the bucket. */
  isForeign(file: StoredFile): boolean {
    return this.#foreign.has(versionOf(file));
  }

  /** In the order in which something is done for them: those that failed after the others. */
  *inTurn(): Generator<Upload> {
    for (const upload of this.open.values()) if (upload.backOff.failures === 0) yield upload;
    for (const upload of this.open.values()) if (upload.backOff.failures > 0) yield upload;
  }

  /** Something was done for an upload, or failed: it waits behind the others, or is done. */
  settle(upload: Upload): void {
    const { identity } = upload.kept;
    if (this.open.get(identity) !== upload) return;
    this.open.delete(identity);
    this.#put(upload.kept, upload);
  }

  /**
   * A file is there: it is a recording that is known, or another one.
   * @param copies recordings in the bucket whose files are gone, as after a copy to another disk
   */
  async #add(file: StoredFile, copies?: ReadonlyMap<string, KeptUpload>): Promise<void> {
    const { identity } = file;
    if (file.state === "damaged") return;
    const dead = this.#replaced(file);
    if (this.stored.has(identity)) return;
    const known = this.open.get(identity);
    if (known !== undefined) {
      known.file = file;
      return;
    }
    const adopted = await this.#adopt(file, copies);
    const kept = adopted && { ...adopted, dead: [...adopted.dead, ...dead] };
    // It may have come by another way meanwhile.
    if (kept !== undefined && !this.open.has(identity)) this.#put(kept, file);
  }

  /**
   * Forgets an earlier recording that has the identity of this one: see {@link isOf}.
   * @returns uploads of it that the store is to forget
   */
  #replaced(file: StoredFile): readonly BegunUpload[] {
    const { identity } = file;
    const kept = this.stored.get(identity) ?? this.open.get(identity)?.kept;
    if (kept === undefined || isOf(kept, file)) return [];
    this.stored.delete(identity);
    this.open.delete(identity);
    const { dead, uploadId } = kept;
    return uploadId === null
      ? dead
      : [...dead, { key: keyOf(this.#options.prefix, kept), uploadId }];
  }

  #put(kept: KeptUpload, from: Upload | StoredFile | undefined): void {
    const isDone = kept.storedBytes !== null && kept.dead.length === 0 && !kept.isUnwanted;
    if (isDone && this.#options.keepsFiles) {
      this.stored.set(kept.identity, kept);
    } else {
      const upload = from instanceof Upload ? from : new Upload(kept, from, this.#options.clock);
      this.open.set(kept.identity, upload);
    }
  }

  /** What is kept of a file that is not known. @returns `undefined` where it is no recording */
  async #adopt(
    file: StoredFile,
    copies?: ReadonlyMap<string, KeptUpload>,
  ): Promise<KeptUpload | undefined> {
    const { name, count, identity, bytes } = file;
    const { partBytes } = this.#options;
    const startTime = file.startTime ?? await this.#startOf(file);
    if (startTime === undefined) return undefined;
    const copy = copies?.get(factsOf({ name, startTime }, bytes));
    if (copy !== undefined) {
      const kept = { ...copy, identity };
      await this.#options.keeper.save(kept);
      return kept;
    }
    return {
      ...{ identity, name, startTime, count },
      ...{ mark: randomUUID(), uploadId: null, partBytes, parts: [], dead: [], isUnwanted: false },
      ...{ storedBytes: null, isRemoved: false },
    };
  }

  async #startOf(file: StoredFile): Promise<number | undefined> {
    const key = versionOf(file);
    if (this.#foreign.has(key)) return undefined;
    try {
      return (await this.#options.folder.read(file.file)).startTime;
    } catch (error) {
      const why = messageOf(error);
      if (error instanceof Deno.errors.NotFound) return undefined;
      if (error instanceof Mp4Error) this.#foreign.add(key);
      logger.warn("{file} does not go to the bucket: {why}", { file: file.file, why });
      return undefined;
    }
  }
}

/**
 * Whether a file is the recording of which that is kept. Where the file system does not tell when a
 * file was made, one may get the identity of another that is gone.
 */
function isOf(
  kept: KeptUpload,
  { identity, name, startTime, state, bytes }: StoredFile,
): boolean {
  if (!identity.endsWith("-")) return true;
  const isSame = kept.name === name && (startTime === undefined || startTime === kept.startTime);
  if (kept.storedBytes === null) return isSame;
  return isSame && state === "finished" && bytes === kept.storedBytes;
}

/** Whether the object of a recording in the bucket is the one that was made of a file. */
function isObjectOf({ name, startTime, count }: RecordingId, kept: KeptUpload): boolean {
  const isThere = kept.storedBytes !== null && !kept.isRemoved;
  return isThere && kept.name === name && kept.startTime === startTime && kept.count === count;
}

function versionOf({ identity, bytes, changedAt }: StoredFile): string {
  return `${identity} ${bytes} ${changedAt}`;
}

/** What a recording and its copy have in common. */
function factsOf(
  { name, startTime }: Pick<KeptUpload, "name" | "startTime">,
  bytes: number | null,
): string {
  return `${name} ${startTime} ${bytes}`;
}
