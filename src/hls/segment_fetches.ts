/**
 * Gets segments that a replica has not: from its source what is in memory there alone, from disk all
 * others, and from another box what that one has made.
 *
 * @module
 */
import { LimiterFull } from "../disk/limiter.ts";
import { BatchedQuestions } from "../session/batched_questions.ts";
import type { Clock } from "../session/clock.ts";
import { nameOfLowFeed } from "./low_latency/low_names.ts";
import { type NameCopy, servedFile } from "./name_copy.ts";
import { SegmentUnavailable, type ServedFile } from "./origin.ts";
import type { SegmentSent, SegmentWanted } from "./replica_messages.ts";
import { makerOf } from "./segment_name.ts";
import { FileUnreadable } from "./stream_files.ts";
import { UnlistedReads } from "./unlisted_reads.ts";

export interface SegmentFetchesOptions {
  readonly clock: Pick<Clock, "after" | "awake">;
  /** Reads a file of the broadcast `name`; `undefined` where there is none. */
  readonly readFile: (name: string, file: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Reads what another box has made; `undefined` where it has none. There is no other box by default.
   * @throws {SegmentUnavailable}
   */
  readonly readElsewhere?:
    | ((name: string, file: string) => Promise<Uint8Array<ArrayBuffer> | undefined>)
    | undefined;
  /** Asks the source for several; {@link SegmentFetches.take} brings the answer. */
  readonly ask: (wanted: readonly SegmentWanted[]) => void;
}

/** The segments of all names that are being fetched. */
export class SegmentFetches {
  readonly #options: SegmentFetchesOptions;
  readonly #questions: BatchedQuestions<SegmentWanted, Uint8Array<ArrayBuffer> | undefined>;
  readonly #unlisted: UnlistedReads;

  constructor(options: SegmentFetchesOptions) {
    this.#options = options;
    const { clock, ask } = options;
    const limits = { maxAsked: MAX_ASKED, maxWaiting: MAX_WAITING };
    this.#questions = new BatchedQuestions({ clock, ask, ...limits });
    this.#unlisted = new UnlistedReads(clock);
  }

  /** Takes what the source answers. */
  take(segments: readonly SegmentSent[]): void {
    this.#questions.take(segments.map(({ bytes }) => bytes));
  }

  /** A segment that `copy` has not, once for all who ask at a time. @throws {SegmentUnavailable} */
  fetch(copy: NameCopy, file: string): Promise<ServedFile | undefined> {
    const known = copy.fetches.get(file);
    if (known !== undefined) return known;
    const fetching = this.#fetch(copy, file).finally(() => copy.fetches.delete(file));
    copy.fetches.set(file, fetching);
    return fetching;
  }

  close(): void {
    this.#questions.close();
  }

  async #fetch(copy: NameCopy, file: string): Promise<ServedFile | undefined> {
    const bytes = await this.#ask(copy, file) ?? await this.#readFile(copy, file) ??
      await this.#readElsewhere(copy, file);
    const newer = copy.segments.get(file);
    // It has come with a version meanwhile.
    if (newer !== undefined) return newer;
    const served = bytes && servedFile(file, bytes);
    if (served !== undefined && !copy.isGone) copy.segments.add(file, served);
    return served;
  }

  async #ask(copy: NameCopy, file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!copy.isUnwritten(file)) return undefined;
    const asked = this.#questions.ask({ name: copy.name, file });
    if (asked === undefined) {
      throw new SegmentUnavailable(`Cannot ask for ${file} now: too many segments are wanted`);
    }
    const late = Promise.withResolvers<never>();
    const timer = this.#options.clock.after(SEGMENT_MS, () => {
      late.reject(new SegmentUnavailable(`Cannot have ${file} now: its source does not answer`));
    });
    try {
      return await Promise.race([asked, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** What is not listed is asked for within bounds: it may be a name that somebody made up. */
  async #readElsewhere(
    { name, isElsewhere, listed }: NameCopy,
    file: string,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { readElsewhere } = this.#options;
    const isOthers = isElsewhere || makerOf(file) !== undefined;
    if (readElsewhere === undefined || !isOthers || !listed.mayHaveHad(file)) return undefined;
    const read = () => readElsewhere(nameOfLowFeed(name) ?? name, file);
    return await (listed.has(file) ? read() : this.#unlisted.read(read));
  }

  async #readFile({ name }: NameCopy, file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // Of low latency nothing is on disk.
    if (nameOfLowFeed(name) !== undefined) return undefined;
    try {
      return await this.#options.readFile(name, file);
    } catch (error) {
      if (!(error instanceof LimiterFull || error instanceof FileUnreadable)) throw error;
      throw new SegmentUnavailable(`Cannot read ${file} now: the disk does not keep up`, {
        cause: error,
      });
    }
  }
}

/** Segments that are asked for at a time … */
const MAX_ASKED = 16;
/** … and that may wait for it. Beyond that, clients are told to come again. */
const MAX_WAITING = 256;
/** A source that does not answer is waited for so long. */
const SEGMENT_MS = 10_000;
