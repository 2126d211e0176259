/** Why the store did not do what it was asked. */

/** What the codes are that no store gives, but stand for what happened on the way to it. */
export type OwnCode = "Unreachable" | "NoProgress" | "BadAnswer" | "WrongSize" | "Closed";

/** Thrown where the store refuses, fails, or does not answer. Its message may be shown. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** As the store gives it, `NoSuchBucket`, or an {@link OwnCode}. */
  readonly code: string;

  constructor(code: OwnCode | (string & Record<never, never>), message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }

  /** Whether the upload it is about can never be completed, while another one of the same may. */
  get isUploadLost(): boolean {
    return LOST.has(this.code);
  }
}

/** The object is not the upload; and codes of `CompleteMultipartUpload` and `UploadPart` (Amazon S3 API reference, "Errors"). */
const LOST: ReadonlySet<string> = new Set([
  ...["WrongSize", "NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"],
]);
