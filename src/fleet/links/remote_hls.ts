/**
 * The broadcasts of other boxes, for the listeners of this one: as far as somebody listens, what is
 * new of them is handed on to this box's own replicas.
 *
 * @module
 */
import type { Distributor, ServedStream } from "../../hls/distributor.ts";
import { lowFeed, nameOfLowFeed } from "../../hls/low_latency/low_names.ts";
import type { ReplicaNews, ReplicaRequest, VersionOut } from "../../hls/replica_messages.ts";
import { makerOf } from "../../hls/segment_name.ts";
import type { Clock } from "../../session/clock.ts";
import type { FleetChange, FleetView } from "../fleet_view.ts";
import { CatchUps } from "./catch_ups.ts";
import type { FarSegments } from "./far_segments.ts";
import type { FeedRequest } from "./feed_messages.ts";
import type { FeedsIn } from "./feeds_in.ts";
import { RemoteStream } from "./remote_stream.ts";

export interface RemoteHlsOptions {
  readonly clock: Pick<Clock, "awake" | "waited" | "after">;
  readonly view: Pick<FleetView, "box" | "find" | "boxOf" | "placeOf">;
  readonly feeds: Pick<FeedsIn, "ask" | "isOpen">;
  readonly segments: FarSegments;
  /** A segment of the broadcast `name` is listed. */
  readonly onListed?: ((name: string, file: string) => void) | undefined;
}

/** What this box's replicas are told by. */
export type ServingDistributor = Pick<
  Distributor,
  "begin" | "end" | "refuse" | "version" | "isWanted" | "caughtUp"
>;

/** What others have, as it is served here. */
export class RemoteHls {
  readonly #options: RemoteHlsOptions;
  #distributor: ServingDistributor | undefined;
  /** By feed: a name, or low latency of it. */
  readonly #streams = new Map<string, RemoteStream>();
  /** Names that other boxes have, as far as is known. */
  readonly #elsewhere = new Set<string>();
  /** Of those, the ones of which nothing is to be had. */
  readonly #lost = new Set<string>();
  /** Of those, the ones that are over, and since when that is known, on `Clock.awake`. */
  readonly #overAt = new Map<string, number>();
  readonly #catchUps: CatchUps;

  constructor(options: RemoteHlsOptions) {
    this.#options = options;
    this.#catchUps = new CatchUps(options);
  }

  /** Hands on what is new to the replicas of `distributor`, from now on. */
  serve(distributor: ServingDistributor): void {
    this.#distributor = distributor;
    distributor.caughtUp = () => this.#catchUps.ask(this.#boxesOfLow);
    for (const name of this.#elsewhere) distributor.begin(name);
  }

  /** What is served under `feed` of another box, or was a moment ago; `undefined` where nothing is. */
  find(feed: string): ServedStream | undefined {
    const known = this.#streams.get(feed);
    if (known !== undefined) return known;
    const name = nameOfLowFeed(feed) ?? feed;
    if (this.#lost.has(name) || this.#boxWith(name) === undefined) return undefined;
    const { segments, clock } = this.#options;
    const stream = new RemoteStream({
      onWanted: (client) => this.#subscribe(feed, client),
      onHeard: (clients) => this.#ask(feed, { kind: "heard", heard: [{ name: feed, clients }] }),
      segment: (file) => segments.get(name, file),
    }, clock.awake());
    this.#streams.set(feed, stream);
    return stream;
  }

  /**
   * A segment of the broadcast `name` that another box has made, or has on its disk; `undefined` where
   * there is none. Also `show.m3u8`, and what that names.
   * @throws {SegmentUnavailable} where it cannot be had now
   */
  async readElsewhere(name: string, file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { view, segments } = this.#options;
    const kept = segments.get(name, file);
    if (kept !== undefined) return kept;
    const id = makerOf(file)?.box ?? this.#boxWith(name);
    if (id === undefined || id === view.box) return undefined;
    const box = view.placeOf(id);
    return box === undefined ? undefined : await segments.read(box, name, file);
  }

  /** What is wanted of the box with this id, for a feed that begins. */
  wantedOf(id: string): readonly FeedRequest[] {
    return [...this.#streams]
      .filter(([, { box }]) => box === id)
      .map(([feed]) => ({ kind: "origin", request: { kind: "subscribe", name: feed } }));
  }

  /** Takes what the box with this id tells. */
  take(id: string, news: ReplicaNews): void {
    if (news.kind === "version") return this.#takeVersion(id, news);
    if (news.kind === "caughtUp") return this.#catchUps.take(id);
    if (news.kind !== "gone" && news.kind !== "refused") return;
    const stream = this.#streams.get(news.name);
    if (stream?.box !== id) return;
    if (news.kind === "refused") return this.#putOff(news.name);
    stream.becomeGone(this.#options.clock.awake());
  }

  /** The feed of the box with this id is broken. */
  becomeStale(id: string): void {
    this.#catchUps.giveUp(id);
    const now = this.#options.clock.awake();
    for (const stream of this.#streams.values()) if (stream.box === id) stream.becomeStale(now);
  }

  /** Takes what has changed in the fleet. */
  change({ names, boxes }: FleetChange): void {
    for (const name of names) this.#place(name);
    // A box that is there again may have them still.
    if (boxes) { for (const name of [...this.#lost]) if (this.#isAlive(name)) this.#place(name); }
  }

  /** Names that other boxes have, as far as is known. */
  get names(): ReadonlySet<string> {
    return this.#elsewhere;
  }

  /** Names that are wanted of other boxes, each with the id of its box. */
  get heard(): ReadonlyMap<string, string> {
    const heard = new Map<string, string>();
    for (const [feed, { box }] of this.#streams) {
      if (box !== undefined) heard.set(nameOfLowFeed(feed) ?? feed, box);
    }
    return heard;
  }

  /** To be called every second or so. */
  sweep(): void {
    this.#options.segments.sweep();
    for (const name of this.#elsewhere) {
      for (const feed of [name, lowFeed(name)]) if (this.#isWanted(feed)) this.#subscribe(feed);
    }
    for (const [feed, stream] of this.#streams) this.#sweepStream(feed, stream);
    for (const [name, overAt] of this.#overAt) this.#sweepOver(name, overAt);
  }

  /** Boxes of which something is heard in low latency: nobody else waits for what is told now. */
  get #boxesOfLow(): ReadonlySet<string> {
    const low = [...this.#streams].filter(([feed]) => nameOfLowFeed(feed) !== undefined);
    return new Set(low.flatMap(([, { box }]) => box ?? []));
  }

  #sweepStream(feed: string, stream: RemoteStream): void {
    const { clock } = this.#options;
    const name = nameOfLowFeed(feed) ?? feed;
    const isGone = clock.waited(stream.goneAt ?? Infinity) >= GONE_MS;
    const isOld = clock.waited(stream.staleSince ?? Infinity) >= this.#staleMs(name, stream);
    // Where its box is gone, its DJ may come to another one.
    const isOn = this.#elsewhere.has(name) && !this.#overAt.has(name);
    if (!this.#isWanted(feed)) this.#drop(feed);
    else if (isOld && stream.goneAt === undefined && !stream.isThere && isOn) this.#putOff(feed);
    else if (isGone || isOld) this.#lose(name);
  }

  /** The registry keeps names long behind their end, when their boxes have nothing of them any more. */
  #sweepOver(name: string, overAt: number): void {
    const isHeard = [name, lowFeed(name)].some((feed) => this.#streams.has(feed));
    if (isHeard || this.#options.clock.waited(overAt) < OVER_MS) return;
    for (const feed of [name, lowFeed(name)]) this.#distributor?.end(feed);
    this.#forget(name);
  }

  /** @returns whether it was known to be elsewhere */
  #forget(name: string): boolean {
    this.#overAt.delete(name);
    this.#lost.delete(name);
    return this.#elsewhere.delete(name);
  }

  /** A name is at another box, or not any more. */
  #place(name: string): void {
    const wasElsewhere = this.#forget(name);
    if (this.#boxWith(name) !== undefined) {
      this.#elsewhere.add(name);
      const isOver = this.#options.view.find(name)?.state === "over";
      if (isOver) this.#overAt.set(name, this.#options.clock.awake());
      this.#distributor?.begin(name);
      for (const feed of [name, lowFeed(name)]) this.#askAnew(feed);
    } else if (wasElsewhere && this.#options.view.find(name) === undefined) this.#lose(name);
    else for (const feed of [name, lowFeed(name)]) this.#unsubscribe(feed);
  }

  /** A box that had nothing of it may have something by now. */
  #askAnew(feed: string): void {
    if (this.#streams.get(feed)?.goneAt !== undefined) this.#unsubscribe(feed);
    if (this.#isWanted(feed)) this.#subscribe(feed);
  }

  /** Has the box that has it tell what is new. */
  #subscribe(feed: string, client?: string): void {
    const id = this.#boxWith(nameOfLowFeed(feed) ?? feed);
    if (id === undefined || this.find(feed) === undefined) return;
    const stream = this.#streams.get(feed);
    if (stream === undefined || stream.box === id) return;
    this.#unsubscribe(feed);
    stream.follow(id, this.#options.clock.awake());
    this.#ask(feed, { kind: "subscribe", name: feed, ...client !== undefined && { client } });
  }

  /** Its box tells nothing more of it. What it has told stays, for a while. */
  #unsubscribe(feed: string): void {
    this.#ask(feed, { kind: "unsubscribe", name: feed });
    this.#streams.get(feed)?.leave(this.#options.clock.awake());
  }

  #takeVersion(id: string, version: VersionOut): void {
    const { name: feed, segments } = version;
    const stream = this.#streams.get(feed);
    // It crossed the end of the subscription on its way.
    if (stream?.box !== id) return;
    const name = nameOfLowFeed(feed) ?? feed;
    for (const { file, bytes } of segments) this.#options.segments.add(name, file, bytes);
    const listed = segments.map(({ file: uri, bytes }) => ({ uri, bytes }));
    const [first, ...others] = stream.take(version);
    if (first === undefined) return;
    if (feed === name) { for (const { uri } of listed) this.#options.onListed?.(name, uri); }
    this.#distributor?.version(feed, first, listed);
    for (const file of others) this.#distributor?.version(feed, file, []);
  }

  /** Nothing of it is to be had of others any more. */
  #lose(name: string): void {
    // What is this box's own goes on.
    const isElsewhere = this.#options.view.find(name)?.box !== this.#options.view.box;
    if (isElsewhere) this.#lost.add(name);
    for (const feed of [name, lowFeed(name)]) {
      this.#drop(feed);
      if (isElsewhere) this.#distributor?.end(feed);
    }
  }

  /** Nothing of it is to be had now; who asks later may have it. */
  #putOff(feed: string): void {
    this.#drop(feed);
    this.#distributor?.refuse(feed);
  }

  #drop(feed: string): void {
    this.#unsubscribe(feed);
    this.#streams.get(feed)?.giveUp();
    this.#streams.delete(feed);
    const name = nameOfLowFeed(feed) ?? feed;
    const isHeard = [name, lowFeed(name)].some((other) => this.#streams.has(other));
    if (!isHeard) this.#options.segments.forget(name);
  }

  /** Asks the box of which the feed is wanted. */
  #ask(feed: string, request: ReplicaRequest): void {
    const box = this.#streams.get(feed)?.box;
    if (box !== undefined) this.#options.feeds.ask(box, { kind: "origin", request });
  }

  #isWanted(feed: string): boolean {
    return this.#distributor?.isWanted(feed) ?? false;
  }

  /** The id of the other box that has a name, alive or not. */
  #boxWith(name: string): string | undefined {
    const { view } = this.#options;
    const box = view.find(name)?.box;
    return box === view.box ? undefined : box;
  }

  #isAlive(name: string): boolean {
    const id = this.#boxWith(name);
    return id !== undefined && this.#options.view.boxOf(id) !== undefined;
  }

  /** For how long what was told last is repeated. */
  #staleMs(name: string, { isThere }: RemoteStream): number {
    if (!isThere) return NOTHING_MS;
    return Math.max(this.#options.view.find(name)?.holdMs ?? 0, LEAST_STALE_MS);
  }
}

/** A box may know earlier than this one that another one has a name. */
const GONE_MS = 3000;
/** How long who comes first waits for a box that tells nothing. */
const NOTHING_MS = 3000;
const LEAST_STALE_MS = 10_000;
/** Longer than boxes serve what is over. */
const OVER_MS = 300_000;
