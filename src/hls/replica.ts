/**
 * An origin that has a copy of what is asked for at it: of each name that somebody hears, the newest
 * versions. What is older comes from disk.
 *
 * @module
 */
import type { Clock, Timer } from "../session/clock.ts";
import { Shares } from "../session/shares.ts";
import { CatchUp } from "./catch_up.ts";
import { mediaTypeOf } from "./formats.ts";
import { feedOf, lowFeed, nameOfLowFeed } from "./low_latency/low_names.ts";
import { NameCopy } from "./name_copy.ts";
import {
  type Answer,
  type ClientAddress,
  NoPlace,
  type Origin,
  type ServedFile,
  type ServedPlaylist,
  type WaitOptions,
} from "./origin.ts";
import type { ReplicaNews, ReplicaRequest, VersionOut } from "./replica_messages.ts";
import { Refusals } from "./refusals.ts";
import { SegmentCache } from "./segment_cache.ts";
import { SegmentFetches, type SegmentFetchesOptions } from "./segment_fetches.ts";

export interface ReplicaOptions extends Pick<SegmentFetchesOptions, "readFile" | "readElsewhere"> {
  readonly clock: Pick<Clock, "awake" | "after" | "every">;
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
  readonly #refusals = new Refusals();
  readonly #cache: SegmentCache;
  readonly #fetches: SegmentFetches;
  readonly #catchUp: CatchUp;
  readonly #sweeper: Timer;
  /** Of those who wait for a version. */
  readonly #waits = new Shares({ total: MAX_WAITS });
  #catchingUp = 0;
  #isDismissed = false;
  #takenBytes = 0;

  constructor(options: ReplicaOptions) {
    const { clock, readFile, readElsewhere, ask, cacheBytes = CACHE_BYTES } = options;
    this.#options = options;
    this.#cache = new SegmentCache(cacheBytes);
    this.#fetches = new SegmentFetches({
      ...{ clock, readFile, readElsewhere },
      ask: (wanted) => ask({ kind: "segments", wanted }),
    });
    this.#catchUp = new CatchUp(clock, () => ask({ kind: "catchUp" }));
    this.#sweeper = clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** Takes what the source tells. */
  take(news: ReplicaNews): void {
    if (news.kind === "version") this.#takeVersion(news);
    else if (news.kind === "segments") this.#fetches.take(news.segments);
    else if (news.kind === "caughtUp") this.#catchUp.take();
    else if (news.kind === "begun") { for (const name of news.names) this.#begin(name); }
    else if (news.kind === "refused") this.#takeRefusal(news.name);
    else this.#forget(news.name);
  }

  /** Bytes of the segments that came with versions so far. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** How many wait for a version, or to be told all, now. */
  get waiting(): number {
    return this.#waits.taken + this.#catchingUp;
  }

  /** Whether something is served under `name`. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  playlist(name: string, file: string, client?: ClientAddress): Answer<ServedPlaylist | undefined> {
    return this.#find(feedOf(name, file), client, (copy) => copy.playlists.get(file));
  }

  segment(name: string, file: string, client?: ClientAddress): Answer<ServedFile | undefined> {
    if (mediaTypeOf(file) === undefined) return undefined;
    const found = (copy: NameCopy) => copy.segments.get(file) ?? this.#fetches.fetch(copy, file);
    return this.#find(feedOf(name, file), client, found);
  }

  hear(name: string, client: ClientAddress): void {
    this.#copies.get(lowFeed(name))?.hear(client);
  }

  atHand(name: string, file: string): ServedPlaylist | ServedFile | undefined {
    const copy = this.#copies.get(feedOf(name, file));
    if (copy === undefined) return undefined;
    copy.isAsked = true;
    return copy.playlists.get(file) ?? copy.segments.get(file);
  }

  async wait(
    name: string,
    file: string,
    { newerThan, maxMs, signal, client = "" }: WaitOptions,
  ): Promise<ServedPlaylist | undefined> {
    if (this.#isDismissed || signal?.aborted) return undefined;
    const until = this.#options.clock.awake() + maxMs;
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    const place = this.#waits.take({ address: client, giveWay: leave });
    signal?.addEventListener("abort", leave);
    try {
      const copy = this.#copies.get(feedOf(name, file));
      while (copy !== undefined && copy.playlists.get(file)?.etag === newerThan) {
        if (!await copy.waiters.wait(until, leaving.signal)) return undefined;
      }
      return copy?.playlists.get(file);
    } finally {
      place?.release();
    }
  }

  async catchUp(signal?: AbortSignal): Promise<boolean> {
    if (this.#isDismissed || this.#catchingUp >= MAX_WAITS) return false;
    this.#catchingUp++;
    try {
      return await this.#catchUp.wait(this.#options.clock.awake() + CATCH_UP_MS, signal);
    } finally {
      this.#catchingUp--;
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
    this.#fetches.close();
  }

  /** What `found` finds in the copy of a feed, once there is one. @throws {NoPlace} */
  #find<T>(
    feed: string,
    client: ClientAddress | undefined,
    found: (copy: NameCopy) => Answer<T | undefined>,
  ): Answer<T | undefined> {
    const copy = this.#copyOf(feed, client);
    if (copy === undefined) return undefined;
    const find = () => {
      // It has gone, or who came first was refused, which says nothing of this client.
      if (copy.isGone) return this.#find(feed, client, found);
      if (!copy.isThere) throw new NoPlace(`Cannot serve ${feed}: it takes too long`);
      return found(copy);
    };
    return copy.coming === undefined ? find() : copy.coming.then(find);
  }

  /** @throws {NoPlace} */
  #copyOf(feed: string, client?: ClientAddress): NameCopy | undefined {
    const known = this.#copies.get(feed);
    if (known !== undefined) {
      known.isAsked = true;
      return known;
    }
    if (!this.#names.has(nameOfLowFeed(feed) ?? feed)) return undefined;
    const address = client?.();
    if (this.#refusals.has(feed, address)) {
      throw new NoPlace(`Cannot serve ${feed}: there is no place for it`);
    }
    const copy = new NameCopy(feed, this.#cache.addName(), address);
    this.#copies.set(feed, copy);
    try {
      const from = address !== undefined && { client: address };
      this.#options.ask({ kind: "subscribe", name: feed, ...from });
    } catch (error) {
      this.#drop(feed);
      throw error;
    }
    return copy;
  }

  #begin(name: string): void {
    this.#names.add(name);
    for (const feed of [name, lowFeed(name)]) this.#refusals.forget(feed);
  }

  #takeVersion(version: VersionOut): void {
    const { name, segments } = version;
    for (const { bytes } of segments) this.#takenBytes += bytes.length;
    const copy = this.#copies.get(name);
    if (copy !== undefined) copy.take(version);
    // It crossed the end of the subscription on its way.
    else this.#options.ask({ kind: "unsubscribe", name });
  }

  #takeRefusal(feed: string): void {
    const copy = this.#copies.get(feed);
    // What was there has given way: those who heard it may ask anew.
    if (copy !== undefined && !copy.isThere) this.#refusals.add(feed, copy.client);
    this.#drop(feed);
  }

  #forget(name: string): void {
    this.#names.delete(name);
    this.#drop(name);
  }

  #drop(name: string): void {
    this.#copies.get(name)?.letGo();
    this.#copies.delete(name);
  }

  #tellHearers(): void {
    const heard = [...this.#copies.values()]
      .map((copy) => ({ name: copy.name, clients: copy.takeHearers() }))
      .filter(({ clients }) => clients.length > 0);
    if (heard.length > 0) this.#options.ask({ kind: "heard", heard });
  }

  #sweep(): void {
    const now = this.#options.clock.awake();
    this.#catchUp.sweep(now);
    this.#refusals.sweep();
    this.#tellHearers();
    for (const [name, copy] of this.#copies) {
      if (!copy.sweep(now)) continue;
      this.#drop(name);
      this.#options.ask({ kind: "unsubscribe", name });
    }
  }
}

const SWEEP_MS = 1000;
/** Waits for a version at a time, and as many for all to be told. */
const MAX_WAITS = 10_000;
/** A source that does not answer is waited for so long by who wants to be told all. */
const CATCH_UP_MS = 3000;
/** A second or two of some hundred names: what is older is in the memory of the system. */
const CACHE_BYTES = 16 * 2 ** 20;
