/**
 * Endless streams of the broadcasts, for those who listen in this thread.
 *
 * @module
 */
import type { Clock, Timer } from "../../session/clock.ts";
import type { NamedChunks, StreamNews, StreamRequest } from "./stream_messages.ts";
import { type StreamCursor, StreamRing } from "./stream_ring.ts";

export interface StreamCopiesOptions {
  readonly clock: Pick<Clock, "after" | "every">;
  /** Asks the source. It may answer at once, by {@link StreamCopies.take}. */
  readonly ask: (request: StreamRequest) => void;
}

/** A listener's place, and what is known of the stream. */
export interface Joined {
  readonly cursor: StreamCursor;
  readonly bytesPerSecond: number;
}

/**
 * Has a ring for each broadcast that somebody listens to. It subscribes with the first who comes, and
 * ends that when nobody has listened for a minute.
 */
export class StreamCopies {
  readonly #options: StreamCopiesOptions;
  /** What the streams of broadcasts are called, by name. */
  readonly #files = new Map<string, string>();
  readonly #copies = new Map<string, Copy>();
  /** Those that are over, and have listeners who were not sent all of it yet. */
  readonly #ending = new Map<StreamRing, { sweeps: number }>();
  readonly #sweeper: Timer;
  #maxBehindMs = MAX_BEHIND_MS;
  #takenBytes = 0;
  #nextId = 1;
  #isDismissed = false;

  constructor(options: StreamCopiesOptions) {
    this.#options = options;
    this.#sweeper = options.clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** Takes what the source tells. */
  take(news: StreamNews): void {
    if (news.kind === "chunks") {
      for (const chunks of news.chunks) this.#takeChunks(chunks);
    } else if (news.kind === "streams") {
      for (const { name, file } of news.streams) this.#files.set(name, file);
    } else if (news.kind === "behind") {
      for (const name of [...this.#copies.keys()]) this.#drop(name);
    } else {
      this.#files.delete(news.name);
      this.#drop(news.name);
    }
  }

  /** Bytes of chunks that came so far. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** What the stream of a broadcast is called; `undefined` where there is none. */
  fileOf(name: string): string | undefined {
    return this.#files.get(name);
  }

  /** How many listen, by broadcast: each that somebody listens to. */
  get listeners(): ReadonlyMap<string, number> {
    const all = [...this.#copies].map(([name, { ring }]) => [name, ring.listeners] as const);
    return new Map(all.filter(([, listeners]) => listeners > 0));
  }

  /**
   * Somebody wants to listen.
   * @returns `undefined` where there is no such stream; "late" where nothing of it came in time
   */
  async join(name: string): Promise<Joined | "late" | undefined> {
    if (!this.#files.has(name) || this.#isDismissed) return undefined;
    const copy = this.#copies.get(name) ?? this.#subscribe(name);
    copy.sweepsUnheard = 0;
    if (!copy.ring.isFilled) await copy.filled.promise;
    if (this.#copies.get(name) !== copy) return undefined;
    if (!copy.ring.isFilled) return "late";
    return { cursor: copy.ring.join(), bytesPerSecond: copy.ring.bytesPerSecond };
  }

  /** Ends all: the server is about to stop. */
  dismiss(): void {
    this.#isDismissed = true;
    for (const name of [...this.#copies.keys()]) this.#drop(name);
  }

  close(): void {
    this.#sweeper.cancel();
    this.dismiss();
  }

  #subscribe(name: string): Copy {
    const id = this.#nextId++;
    const copy: Copy = {
      id,
      ring: new StreamRing(),
      filled: Promise.withResolvers<void>(),
      sweepsUnheard: 0,
    };
    this.#copies.set(name, copy);
    const timer = this.#options.clock.after(FIRST_MS, () => copy.filled.resolve());
    copy.filled.promise.then(() => timer.cancel());
    this.#options.ask({ kind: "subscribe", name, id });
    return copy;
  }

  #takeChunks({ name, id, chunks }: NamedChunks): void {
    for (const { bytes } of chunks) this.#takenBytes += bytes.length;
    const copy = this.#copies.get(name);
    // It crossed the end of the subscription on its way.
    if (copy?.id !== id) return this.#options.ask({ kind: "unsubscribe", name, id });
    for (const chunk of chunks) copy.ring.add(chunk, this.#maxBehindMs);
    if (copy.ring.isFilled) copy.filled.resolve();
  }

  #drop(name: string): void {
    const copy = this.#copies.get(name);
    this.#copies.delete(name);
    copy?.filled.resolve();
    if (copy === undefined) return;
    copy.ring.end();
    if (copy.ring.listeners > 0) this.#ending.set(copy.ring, { sweeps: 0 });
  }

  #sweep(): void {
    let size = 0;
    for (const [name, copy] of this.#copies) {
      const { ring } = copy;
      size += ring.size;
      copy.sweepsUnheard = ring.listeners > 0 ? 0 : copy.sweepsUnheard + 1;
      if (copy.sweepsUnheard < KEPT_SWEEPS) continue;
      this.#drop(name);
      this.#options.ask({ kind: "unsubscribe", name, id: copy.id });
    }
    this.#maxBehindMs = size > MAX_BYTES ? SHORT_BEHIND_MS : MAX_BEHIND_MS;
    this.#sweepEnding();
  }

  /** No chunk comes any more with which the rest would be offered. */
  #sweepEnding(): void {
    for (const [ring, ending] of this.#ending) {
      ring.offerRest(++ending.sweeps < ENDING_SWEEPS);
      if (ring.listeners === 0) this.#ending.delete(ring);
    }
  }
}

/** A broadcast to which the thread has subscribed. */
interface Copy {
  /** That of the subscription. */
  readonly id: number;
  readonly ring: StreamRing;
  /** Resolves once there is something to begin with, or that is not waited for any more. */
  readonly filled: PromiseWithResolvers<void>;
  /** How often in a row nobody was seen to listen. */
  sweepsUnheard: number;
}

const SWEEP_MS = 1000;
/** A subscription that nobody has used in so many sweeps is ended. */
const KEPT_SWEEPS = 60;
/** Who has not taken the rest of a stream that is over by then is let go. */
const ENDING_SWEEPS = 20;
/** How long who comes first waits for the source. */
const FIRST_MS = 5000;
/** Who is so far behind is let go … */
const MAX_BEHIND_MS = 20_000;
/** … and where all rings together keep more than {@link MAX_BYTES}, who is so far behind. */
const SHORT_BEHIND_MS = 6000;
/** What four hundred broadcasts keep where each has a listener that reads nothing. */
const MAX_BYTES = 128 * 2 ** 20;
