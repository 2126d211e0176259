/** The upload of one recording: what is there, and what is to be done next. */
import type { Clock } from "../session/clock.ts";
import type { StoredFile } from "../record/stored_file.ts";
import { BackOff } from "./back_off.ts";
import type { KeptUpload, SentPart } from "./kept_uploads.ts";

/** What is done next for an upload. Parts count from 1. */
export type UploadStep =
  | { readonly kind: "begin" }
  /** The file has more parts than an upload may have: it needs larger ones. */
  | { readonly kind: "begin again"; readonly partBytes: number }
  | { readonly kind: "send" | "compare"; readonly part: number; readonly range: Range }
  /** The store is to forget uploads that were given up. */
  | { readonly kind: "abort" }
  /** Somebody has deleted it. */
  | { readonly kind: "discard" }
  | { readonly kind: "complete"; readonly bytes: number; readonly parts: readonly SentPart[] }
  | { readonly kind: "remove file" };

/** Bytes of a file, the last one excluded. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Parts have so many bytes, unless the recording is larger than 78 GiB. */
export const PART_BYTES = 8 * 2 ** 20;
/** An upload may have so many parts (Amazon S3, "Amazon S3 multipart upload limits"). */
export const MAX_PARTS = 10_000;

/** Whoever gets to the end in vain sends all of it again. */
const BETWEEN_ROUNDS = { firstMs: 10_000, factor: 6, longestMs: 6 * 3_600_000 };

/**
 * The upload of a recording. While it is live, all parts are sent that are whole, but the first: its
 * first bytes change when the recording is finished. Then all parts are compared with the file, and
 * those that are missing or differ are sent, the first one last.
 */
export class Upload {
  /** The file as it was seen last; `undefined` where it is not known what it is called. */
  file: StoredFile | undefined;
  kept: KeptUpload;
  isBusy = false;
  readonly backOff: BackOff;
  /** Waits where all of it was sent in vain, or was lost. */
  readonly rounds: BackOff;
  /** Why something failed, the last time. */
  failedWhy = "";
  /** Parts that were compared since the recording is finished, or sent since then. */
  readonly #compared = new Set<number>();

  constructor(kept: KeptUpload, file: StoredFile | undefined, clock: Pick<Clock, "monotonic">) {
    this.kept = kept;
    this.file = file;
    this.backOff = new BackOff(clock);
    this.rounds = new BackOff(clock, BETWEEN_ROUNDS);
  }

  /** Whether the recording does not change any more. */
  get isFinished(): boolean {
    return this.file?.state === "finished";
  }

  /** Bytes of the file that the store does not have. */
  get waitingBytes(): number {
    const { partBytes, parts, storedBytes } = this.kept;
    if (this.file === undefined || storedBytes !== null) return 0;
    const sent = parts.filter((part) => part !== null).length * partBytes;
    return Math.max(0, this.file.bytes - sent);
  }

  /** The part is in the store as it is in the file. */
  partCompared(part: number): void {
    if (this.isFinished) this.#compared.add(part);
  }

  /** Nothing is in the store. */
  begunAgain(): void {
    this.#compared.clear();
  }

  /** Whether something may be done for it now. */
  get isDue(): boolean {
    return !this.isBusy && this.backOff.isOver && this.rounds.isOver;
  }

  /** @param keepsFile whether the file stays once it is in the bucket */
  next(keepsFile: boolean): UploadStep | undefined {
    const { file, kept } = this;
    if (kept.isUnwanted) return { kind: "discard" };
    if (kept.storedBytes !== null && kept.dead.length > 0) return { kind: "abort" };
    if (file === undefined) return undefined;
    if (kept.storedBytes !== null) return keepsFile ? undefined : { kind: "remove file" };
    return file.state === "finished" ? this.#nextOfFinished(file.bytes) : this.#nextOfLive(file);
  }

  #nextOfLive({ bytes, state }: StoredFile): UploadStep | undefined {
    const { partBytes, uploadId } = this.kept;
    const whole = Math.min(Math.floor(bytes / partBytes), MAX_PARTS);
    const part = this.#missing(2, whole);
    if (state !== "unfinished" || part === undefined) return undefined;
    return uploadId === null ? { kind: "begin" } : this.#partStep("send", part, bytes);
  }

  #nextOfFinished(bytes: number): UploadStep {
    const { partBytes, uploadId, parts } = this.kept;
    const count = Math.max(1, Math.ceil(bytes / partBytes));
    if (count > MAX_PARTS) {
      const least = Math.ceil(bytes / MAX_PARTS / PART_BYTES) * PART_BYTES;
      return { kind: "begin again", partBytes: least };
    }
    if (uploadId === null) return { kind: "begin" };
    for (let part = 1; part <= count; part++) {
      const isSent = (parts[part - 1] ?? null) !== null;
      if (isSent && !this.#compared.has(part)) return this.#partStep("compare", part, bytes);
    }
    const missing = this.#missing(2, count) ?? this.#missing(1, 1);
    if (missing !== undefined) return this.#partStep("send", missing, bytes);
    return { kind: "complete", bytes, parts: parts.flatMap((part) => part ?? []).slice(0, count) };
  }

  /** The first of these parts that the store does not have. */
  #missing(first: number, last: number): number | undefined {
    const { parts } = this.kept;
    for (let part = first; part <= last; part++) {
      if ((parts[part - 1] ?? null) === null) return part;
    }
    return undefined;
  }

  #partStep(kind: "send" | "compare", part: number, bytes: number): UploadStep {
    const { partBytes } = this.kept;
    const start = (part - 1) * partBytes;
    return { kind, part, range: { start, end: Math.min(start + partBytes, bytes) } };
  }
}
