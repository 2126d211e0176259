/**
 * An origin that has a copy of what is asked for at it: of each name that somebody hears, the newest
 * versions. What is older comes from disk.
 *
 * @module
 */
import { LimiterFull } from "../disk/limiter.ts";
import { BatchedQuestions } from "../session/batched_questions.ts";
import type { Clock, Timer } from "../session/clock.ts";
import { CatchUp } from "./catch_up.ts";
import { mediaTypeOf } from "./formats.ts";
import { feedOf, nameOfLowFeed } from "./low_latency/low_names.ts";
import { NameCopy, servedFile } from "./name_copy.ts";
import {
  type Answer,
  type ClientAddress,
  type Origin,
  SegmentUnavailable,
  type ServedFile,
  type ServedPlaylist,
  TooManyWait,
  type WaitOptions,
} from "./origin.ts";
import type { ReplicaNews, ReplicaRequest, SegmentWanted, VersionOut } from "./replica_messages.ts";
import { SegmentCache } from "./segment_cache.ts";
import { FileUnreadable } from "./stream_files.ts";

export interface ReplicaOptions {
  readonly clock: Pick<Clock, "awake" | "after" | "every">;
  /** Reads a file of the broadcast `name`; `undefined` where there is none. */
  readonly readFile: (name: string, file: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Asks the source. It may answer at once, by {@link Replica.take}. */
  readonly ask: (request: ReplicaRequest) => void;
  /** What segments in memory may have together. */
  readonly cacheBytes?: number;
}

/**
 * Answers from memory what is new, from disk what is older, and asks its source for what is in
 * memory there alone. It subscribes to a name with the first request for it, and ends that when
 * nobody has asked for it for a minute; low latency of it also where nobody hears that.
 */
export class Replica implements Origin {
  readonly #options: ReplicaOptions;
  readonly #names = new Set<string>();
  /** Of what it has subscribed to: names, and low latency of them. */
  readonly #copies = new Map<string, NameCopy>();
  readonly #cache: SegmentCache;
  /** For what is in memory at the source alone. */
  readonly #questions: BatchedQuestions<SegmentWanted, Uint8Array<ArrayBuffer> | undefined>;
  readonly #catchUp: CatchUp;
  readonly #sweeper: Timer;
  #waits = 0;
  #isDismissed = false;
  #takenBytes = 0;

  constructor(options: ReplicaOptions) {
    const { clock, ask, cacheBytes = CACHE_BYTES } = options;
    this.#options = options;
    this.#cache = new SegmentCache(cacheBytes);
    this.#questions = new BatchedQuestions({
      clock,
      ask: (wanted) => ask({ kind: "segments", wanted }),
      maxAsked: MAX_ASKED,
      maxWaiting: MAX_WAITING,
    });
    this.#catchUp = new CatchUp(clock, () => ask({ kind: "catchUp" }));
    this.#sweeper = clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** Takes what the source tells. */
  take(news: ReplicaNews): void {
    if (news.kind === "version") this.#takeVersion(news);
    else if (news.kind === "segments") {
      this.#questions.take(news.segments.map(({ bytes }) => bytes));
    } else if (news.kind === "caughtUp") this.#catchUp.take();
    else if (news.kind === "begun") { for (const name of news.names) this.#names.add(name); }
    else if (news.kind === "refused") this.#copies.get(news.name)?.refuse();
    else this.#forget(news.name);
  }

  /** Bytes of the segments that came with versions so far. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** How many wait for a version, or to be told all, now. */
  get waiting(): number {
    return this.#waits;
  }

  /** Whether something is served under `name`. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  playlist(name: string, file: string, client?: ClientAddress): Answer<ServedPlaylist | undefined> {
    const copy = this.#copyOf(feedOf(name, file), client);
    if (copy?.coming === undefined) return copy?.playlist(file);
    return copy.coming.then(() => copy.playlist(file));
  }

  segment(name: string, file: string, client?: ClientAddress): Answer<ServedFile | undefined> {
    if (mediaTypeOf(file) === undefined) return undefined;
    const copy = this.#copyOf(feedOf(name, file), client);
    if (copy === undefined) return undefined;
    return this.#segmentOf(copy, file) ?? copy.fetches.get(file) ?? this.#fetch(copy, file);
  }

  atHand(name: string, file: string): ServedPlaylist | ServedFile | undefined {
    const copy = this.#copies.get(feedOf(name, file));
    if (copy === undefined) return undefined;
    copy.isAsked = true;
    return copy.playlists.get(file) ?? this.#segmentOf(copy, file);
  }

  async wait(
    name: string,
    file: string,
    { newerThan, maxMs, signal }: WaitOptions,
  ): Promise<ServedPlaylist | undefined> {
    if (this.#isDismissed) return undefined;
    if (this.#waits >= MAX_WAITS) throw new TooManyWait(`${MAX_WAITS} wait already`);
    const until = this.#options.clock.awake() + maxMs;
    this.#waits++;
    try {
      const copy = this.#copyOf(feedOf(name, file));
      await copy?.coming;
      if (copy?.playlists.has(file)) this.#hear(copy);
      while (copy !== undefined && copy.playlists.get(file)?.etag === newerThan) {
        if (!await copy.waiters.wait(until, signal)) return undefined;
      }
      return copy?.playlists.get(file);
    } finally {
      this.#waits--;
    }
  }

  async catchUp(signal?: AbortSignal): Promise<boolean> {
    if (this.#isDismissed || this.#waits >= MAX_WAITS) return false;
    this.#waits++;
    try {
      return await this.#catchUp.wait(this.#options.clock.awake() + CATCH_UP_MS, signal);
    } finally {
      this.#waits--;
    }
  }

  /** Lets go who waits, and has nobody wait from now on: the server is about to stop. */
  dismiss(): void {
    this.#isDismissed = true;
    this.#catchUp.close();
    for (const copy of this.#copies.values()) copy.waiters.dismiss();
  }

  /** Serves nothing any more, and lets go who waits. */
  close(): void {
    this.#sweeper.cancel();
    this.dismiss();
    for (const name of [...this.#copies.keys()]) this.#forget(name);
    this.#questions.close();
  }

  #segmentOf(copy: NameCopy, file: string): ServedFile | undefined {
    const segment = copy.segments.get(file);
    if (segment !== undefined) this.#hear(copy);
    return segment;
  }

  #hear(copy: NameCopy): void {
    if (copy.hear()) this.#options.ask({ kind: "heard", name: copy.name });
  }

  #copyOf(feed: string, client?: ClientAddress): NameCopy | undefined {
    const known = this.#copies.get(feed);
    if (known !== undefined) {
      known.isAsked = true;
      return known;
    }
    if (!this.#names.has(nameOfLowFeed(feed) ?? feed)) return undefined;
    const copy = new NameCopy(feed, this.#cache.addName());
    this.#copies.set(feed, copy);
    try {
      const address = client?.();
      const from = address !== undefined && { client: address };
      this.#options.ask({ kind: "subscribe", name: feed, ...from });
    } catch (error) {
      this.#drop(feed);
      throw error;
    }
    return copy;
  }

  #takeVersion(version: VersionOut): void {
    const { name, segments } = version;
    for (const { bytes } of segments) this.#takenBytes += bytes.length;
    const copy = this.#copies.get(name);
    if (copy !== undefined) copy.take(version);
    // It crossed the end of the subscription on its way.
    else this.#options.ask({ kind: "unsubscribe", name });
  }

  #forget(name: string): void {
    this.#names.delete(name);
    this.#drop(name);
  }

  #drop(name: string): void {
    this.#copies.get(name)?.clear();
    this.#copies.delete(name);
  }

  async #fetch(copy: NameCopy, file: string): Promise<ServedFile | undefined> {
    const fetching = this.#read(copy, file);
    copy.fetches.set(file, fetching);
    try {
      return await fetching;
    } finally {
      copy.fetches.delete(file);
    }
  }

  async #read(copy: NameCopy, file: string): Promise<ServedFile | undefined> {
    await copy.coming;
    const known = this.#segmentOf(copy, file);
    if (known !== undefined) return known;
    const bytes = await this.#ask(copy, file) ?? await this.#readFile(copy, file);
    const newer = copy.segments.get(file);
    // It has come with a version meanwhile.
    if (newer !== undefined) return newer;
    const served = bytes && servedFile(file, bytes);
    if (served !== undefined && this.#copies.get(copy.name) === copy) {
      copy.segments.add(file, served);
      this.#hear(copy);
    }
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

  #sweep(): void {
    const now = this.#options.clock.awake();
    this.#catchUp.sweep(now);
    for (const [name, copy] of this.#copies) {
      if (!copy.sweep(now)) continue;
      this.#drop(name);
      this.#options.ask({ kind: "unsubscribe", name });
    }
  }
}

const SWEEP_MS = 1000;
/** Segments that are asked for at a time … */
const MAX_ASKED = 16;
/** … and that may wait for it. Beyond that, clients are told to come again. */
const MAX_WAITING = 256;
/** Waits at a time. */
const MAX_WAITS = 10_000;
/** A source that does not answer is waited for so long by who wants a segment … */
const SEGMENT_MS = 10_000;
/** … and by who wants to be told all. */
const CATCH_UP_MS = 3000;
/** A second or two of some hundred names: what is older is in the memory of the system. */
const CACHE_BYTES = 16 * 2 ** 20;
