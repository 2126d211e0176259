/**
 * The endless streams of all boxes, for the threads of this one: those of other boxes come by their
 * feeds, once for all threads.
 *
 * @module
 */
import type {
  StreamSource,
  StreamSubscription,
  TellStreams,
} from "../../hls/progressive/progressive_streams.ts";
import { behind } from "../../hls/progressive/chunks_behind.ts";
import { RecentChunks } from "../../hls/progressive/recent_chunks.ts";
import type {
  NamedStream,
  StreamNews,
  StreamRequest,
} from "../../hls/progressive/stream_messages.ts";
import type { StreamChunk } from "../../hls/progressive/stream_writer.ts";
import type { Clock } from "../../session/clock.ts";
import type { FleetView } from "../fleet_view.ts";
import type { FeedRequest } from "./feed_messages.ts";
import type { FeedsIn } from "./feeds_in.ts";
import { StreamThread } from "./stream_thread.ts";

export interface RemoteStreamsOptions {
  readonly clock: Pick<Clock, "awake" | "waited">;
  readonly view: Pick<FleetView, "box" | "find">;
  readonly feeds: Pick<FeedsIn, "ask">;
  /** Those of this box. */
  readonly own: StreamSource;
}

/** Tells threads of the streams of this box and of others. */
export class RemoteStreams implements StreamSource {
  readonly #options: RemoteStreamsOptions;
  /** What the streams of other boxes are called, by name. */
  readonly #files = new Map<string, string>();
  readonly #heard = new Map<string, Heard>();
  readonly #threads = new Set<StreamThread>();
  #nextId = 1;

  constructor(options: RemoteStreamsOptions) {
    this.#options = options;
  }

  /** Also those of other boxes; what is this box's own goes before. */
  fileOf(name: string): string | undefined {
    return this.#options.own.fileOf(name) ?? this.#files.get(name);
  }

  connect(tell: TellStreams): StreamSubscription {
    const thread: StreamThread = new StreamThread(tell, this.#options.own, {
      take: (request) => this.#takeRequest(thread, request),
      onOver: (name) => this.#tellFile(thread, name),
      onBehind: () => this.#leave(thread),
      onClose: () => {
        this.#threads.delete(thread);
        this.#leave(thread);
      },
    });
    this.#threads.add(thread);
    for (const name of this.#files.keys()) this.#tellFile(thread, name);
    return thread;
  }

  /** The streams of other boxes are these, among others. */
  learn(streams: readonly NamedStream[]): void {
    for (const { name, file } of streams) {
      if (this.#files.get(name) === file) continue;
      this.#files.set(name, file);
      for (const thread of this.#threads) this.#tellFile(thread, name);
    }
  }

  /** Names of other boxes of which it is not known what their stream is called. */
  isUnknown(name: string): boolean {
    return this.#boxWith(name) !== undefined && !this.#files.has(name);
  }

  /** What is wanted of the box with this id, for a feed that begins. */
  wantedOf(id: string): readonly FeedRequest[] {
    return [...this.#heard].filter(([, { box }]) => box === id)
      .map(([name, { id }]) => ({ kind: "streams", request: { kind: "subscribe", name, id } }));
  }

  #leave(thread: StreamThread): void {
    for (const { threads } of this.#heard.values()) threads.delete(thread);
  }

  /** Takes what the box with this id tells. */
  take(id: string, news: StreamNews): void {
    if (news.kind === "streams") {
      this.learn(news.streams.filter(({ name }) => this.#boxWith(name) === id));
    } else if (news.kind === "chunks") {
      for (const { name, chunks } of news.chunks) this.#takeChunks(id, name, chunks);
      for (const thread of this.#threads) thread.flush();
    } else if (news.kind === "over") {
      const heard = this.#heard.get(news.name);
      // It may have gone to a third box, of which is not known here yet.
      if (heard?.box === id) heard.overAt = this.#options.clock.awake();
      else if (heard === undefined && this.#boxWith(news.name) === id) this.#forget(news.name);
    } else for (const request of this.wantedOf(id)) this.#options.feeds.ask(id, request);
  }

  /** The feed of the box with this id is broken: the next one begins with the last seconds. */
  becomeStale(id: string): void {
    for (const heard of this.#heard.values()) if (heard.box === id) heard.resumes = true;
  }

  /** Names that changed hands. */
  change(names: readonly string[]): void {
    for (const name of names) {
      const box = this.#boxWith(name);
      const heard = this.#heard.get(name);
      if (heard?.box === box) continue;
      if (heard !== undefined) this.#move(name, heard, box);
      else if (box === undefined) this.#forget(name);
    }
  }

  /** To be called every second or so. */
  sweep(): void {
    for (const [name, heard] of this.#heard) {
      const { clock, own } = this.#options;
      if (heard.threads.size === 0) this.#end(name, heard);
      else if (heard.box === undefined && own.fileOf(name) !== undefined) {
        this.#takeOwn(name, heard);
      } else if (clock.waited(heard.overAt ?? Infinity) >= OVER_MS) this.#forget(name);
    }
  }

  #takeRequest(thread: StreamThread, { kind, name, id }: StreamRequest): boolean {
    const box = this.#options.own.fileOf(name) === undefined ? this.#boxWith(name) : undefined;
    const heard = this.#heard.get(name);
    if (kind === "unsubscribe") return heard?.threads.delete(thread) ?? false;
    if (box === undefined) return false;
    const known = heard ?? this.#begin(name, box);
    known.threads.set(thread, id);
    thread.tellChunks(name, id, known.recent.all);
    thread.flush();
    return true;
  }

  #begin(name: string, box: string): Heard {
    const id = this.#nextId++;
    const heard: Heard = {
      ...{ id, box, threads: new Map(), recent: new RecentChunks(), overAt: undefined },
      resumes: false,
    };
    this.#heard.set(name, heard);
    this.#ask(name, { kind: "subscribe", name, id });
    return heard;
  }

  #move(name: string, heard: Heard, box: string | undefined): void {
    this.#ask(name, { kind: "unsubscribe", name, id: heard.id });
    heard.box = box;
    heard.resumes = true;
    heard.overAt = box === undefined ? this.#options.clock.awake() : undefined;
    this.#ask(name, { kind: "subscribe", name, id: heard.id });
  }

  /** It goes on as this box's own, where it has the same form. */
  #takeOwn(name: string, heard: Heard): void {
    if (this.#options.own.fileOf(name) !== this.#files.get(name)) return this.#forget(name);
    this.#files.delete(name);
    this.#heard.delete(name);
    for (const [thread, id] of heard.threads) thread.takeOwn(name, id);
  }

  #takeChunks(id: string, name: string, chunks: readonly StreamChunk[]): void {
    const heard = this.#heard.get(name);
    if (heard?.box !== id) return;
    heard.overAt = undefined;
    const newer = heard.resumes ? behind(heard.recent.last, chunks) : chunks;
    heard.resumes = false;
    for (const chunk of newer) heard.recent.push(chunk);
    for (const [thread, id] of heard.threads) thread.tellChunks(name, id, newer);
  }

  /** There is no such stream any more. */
  #forget(name: string): void {
    const heard = this.#heard.get(name);
    if (heard !== undefined) this.#end(name, heard);
    if (!this.#files.delete(name) && heard === undefined) return;
    for (const thread of this.#threads) thread.tellOver(name);
    const file = this.#options.own.fileOf(name);
    if (file === undefined) return;
    for (const thread of this.#threads) thread.tellStream({ name, file });
  }

  #end(name: string, { id }: Heard): void {
    this.#ask(name, { kind: "unsubscribe", name, id });
    this.#heard.delete(name);
  }

  #ask(name: string, request: StreamRequest): void {
    const box = this.#heard.get(name)?.box;
    if (box !== undefined) this.#options.feeds.ask(box, { kind: "streams", request });
  }

  #tellFile(thread: StreamThread, name: string): void {
    const file = this.#files.get(name);
    const isElsewhere = this.#options.own.fileOf(name) === undefined;
    if (file !== undefined && isElsewhere) thread.tellStream({ name, file });
  }

  #boxWith(name: string): string | undefined {
    const { view } = this.#options;
    const record = view.find(name);
    return record === undefined || record.box === view.box ? undefined : record.box;
  }
}

/** A stream of another box that somebody hears. */
interface Heard {
  /** That of the subscription at its box. */
  readonly id: number;
  /** `undefined` where it is about to be this box's own. */
  box: string | undefined;
  /** Threads that hear it, each with the id of its subscription. */
  readonly threads: Map<StreamThread, number>;
  readonly recent: RecentChunks;
  /** When its box said that it is over, on `Clock.awake`; `undefined` where it did not. */
  overAt: number | undefined;
  /** Whether what comes next begins with what was heard already. */
  resumes: boolean;
}

/** So long a stream is waited for at another box that is over at its own. */
const OVER_MS = 3000;
