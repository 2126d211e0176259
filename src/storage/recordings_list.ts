/** What is in the bucket: as the store listed it last, and as this box has changed it since. */
import { getLogger } from "@logtape/logtape";
import type { BucketCopy } from "../record/bucket_copies.ts";
import { messageOf } from "../record/files.ts";
import type { Clock } from "../session/clock.ts";

const logger = getLogger(["echo", "storage"]);

/** Asks the store for all of it, part by part. */
export type AskForCopies = (take: (copies: readonly BucketCopy[]) => void) => Promise<void>;

/** The newest recordings in the bucket. The longer it takes to list them, the more seldom it is done. */
export class RecordingsList {
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  readonly #ask: AskForCopies;
  #copies: readonly BucketCopy[] = [];
  /** Until when the store is not asked again, on the monotonic clock. */
  #freshUntil = -Infinity;
  #asking: Promise<void> | undefined;
  /** What this box has changed since the store was asked: its answer may not have that yet. */
  #changes: Change[] = [];

  constructor(clock: Pick<Clock, "monotonic" | "after">, ask: AskForCopies) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Never rejects: where the store fails, or is slow, gives what was known before. */
  async read(): Promise<readonly BucketCopy[]> {
    if (this.#clock.monotonic() >= this.#freshUntil) {
      this.#asking ??= this.#renew().finally(() => this.#asking = undefined);
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = this.#clock.after(ANSWER_MS, resolve);
      await Promise.race([this.#asking, late]);
      timer.cancel();
    }
    return this.#copies;
  }

  /** This box has put a recording there; or deleted it, where `copy` is `undefined`. */
  change(file: string, copy: BucketCopy | undefined): void {
    const change = { file, copy };
    this.#copies = changed(this.#copies, change);
    if (this.#asking !== undefined) this.#changes.push(change);
  }

  async #renew(): Promise<void> {
    const startedAt = this.#clock.monotonic();
    this.#changes = [];
    let found: BucketCopy[] = [];
    let freshMs = LEAST_FRESH_MS;
    try {
      await this.#ask((copies) => {
        found.push(...copies);
        if (found.length > 2 * MAX_LISTED) found = newest(found);
      });
      this.#copies = this.#changes.reduce(changed, newest(found));
      const tookMs = this.#clock.monotonic() - startedAt;
      freshMs = Math.min(Math.max(freshMs, FRESH_FACTOR * tookMs), MOST_FRESH_MS);
    } catch (error) {
      // The uploader tells of it, and those are known that were there before.
      logger.debug("Cannot list the bucket: {why}", { why: messageOf(error) });
    }
    this.#freshUntil = this.#clock.monotonic() + freshMs;
  }
}

interface Change {
  readonly file: string;
  /** `undefined` where it was deleted. */
  readonly copy: BucketCopy | undefined;
}

function changed(copies: readonly BucketCopy[], { file, copy }: Change): readonly BucketCopy[] {
  const others = copies.filter((other) => other.file !== file);
  return copy === undefined ? others : newest([...others, copy]);
}

function newest(copies: readonly BucketCopy[]): BucketCopy[] {
  return copies.toSorted((a, b) => b.startTime - a.startTime).slice(0, MAX_LISTED);
}

/** So many recordings are listed, the newest. */
const MAX_LISTED = 10_000;
/** Whoever wants a list does not wait for a slow store for longer. */
const ANSWER_MS = 5000;
/** A list counts as fresh for so many times as long as it took. */
const FRESH_FACTOR = 20;
const LEAST_FRESH_MS = 10_000;
const MOST_FRESH_MS = 600_000;
