/** What goes between the server and the thread that sends parts. */
import type { BucketSettings } from "./bucket.ts";
import type { PartDone, PartJob } from "./part_job.ts";

/** To the thread. */
export type ToPartThread =
  /** From now on it is this bucket. */
  | { readonly kind: "bucket"; readonly settings: BucketSettings }
  | { readonly kind: "job"; readonly id: number; readonly job: PartJob };

/** From the thread, of each job. */
export type FromPartThread =
  | { readonly kind: "done"; readonly id: number; readonly done: PartDone }
  | { readonly kind: "failed"; readonly id: number; readonly failure: PartFailure };

/** What was thrown, as it can be sent to another thread. */
export interface PartFailure {
  readonly type: "store" | "changed" | "gone" | "other";
  /** Of the store's errors. */
  readonly code: string;
  readonly message: string;
}
