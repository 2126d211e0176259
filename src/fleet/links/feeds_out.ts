/**
 * What this box tells others of its broadcasts, each in one answer that goes on.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Subscriber, TellReplica } from "../../hls/distributor.ts";
import type { StreamAudience } from "../../hls/listeners.ts";
import type { StreamSubscription, TellStreams } from "../../hls/progressive/progressive_streams.ts";
import { LiveBody } from "../../http/live_body.ts";
import type { Clock, Timer } from "../../session/clock.ts";
import type { FeedNews, FeedRequest } from "./feed_messages.ts";
import { FeedSource } from "./feed_source.ts";
import { askedBy } from "./fleet_routes.ts";

export interface FeedsOutOptions {
  readonly clock: Pick<Clock, "every" | "awake" | "waited">;
  /** Tells a box what is new of the broadcasts of this one, and of no others. */
  readonly connect: (tell: TellReplica) => Subscriber;
  /** The same of endless streams; there are none by default. */
  readonly connectStreams?: ((tell: TellStreams) => StreamSubscription) | undefined;
}

/** The feeds to other boxes: one to each that has listeners. */
export class FeedsOut {
  readonly #options: FeedsOutOptions;
  readonly #feeds = new Map<string, FeedOut>();

  constructor(options: FeedsOutOptions) {
    this.#options = options;
  }

  /**
   * To be mounted at `/feed`. `POST /` answers with a feed, and takes what the box wants at once;
   * `POST /ID` takes what it wants later.
   */
  get routes(): Hono {
    const app = new Hono();
    app.post("/", async (c) => this.#open(c, await requestsOf(c)));
    app.post("/:id", async (c) => {
      const feed = this.#feeds.get(c.req.param("id"));
      if (feed === undefined) return c.json({ code: 404, message: "there is no such feed" }, 404);
      for (const request of await requestsOf(c)) feed.take(request);
      return c.body(null, 204);
    });
    return app;
  }

  /** How many listen at other boxes, by name: for each box. */
  get audiences(): readonly StreamAudience[] {
    return [...this.#feeds.values()].map(({ listeners }) => listeners);
  }

  /** Ends all feeds. */
  close(): void {
    for (const feed of this.#feeds.values()) feed.close();
  }

  #open(c: Context, requests: readonly FeedRequest[]): Response {
    const { id: box } = askedBy(c);
    // The box asks anew: what it had is broken.
    for (const feed of this.#feeds.values()) if (feed.box === box) feed.close();
    const id = crypto.randomUUID();
    const feed: FeedOut = new FeedOut(id, box, {
      ...this.#options,
      onOver: () => this.#feeds.delete(id),
    });
    this.#feeds.set(id, feed);
    for (const request of requests) feed.take(request);
    return new Response(new LiveBody(feed.source), { headers: { "Cache-Control": "no-store" } });
  }
}

interface FeedOutOptions extends FeedsOutOptions {
  readonly onOver: () => void;
}

/** What one box is told. */
class FeedOut {
  readonly source: FeedSource;
  readonly box: string;
  /** How many listen there, by name. */
  listeners: StreamAudience = new Map();
  readonly #clock: FeedOutOptions["clock"];
  readonly #subscriber: Subscriber;
  readonly #streams: StreamSubscription | undefined;
  readonly #timer: Timer;
  /** When something was sent last, on `Clock.awake`. */
  #sentAt: number;
  /** Bytes of segments that were sent. */
  #sentBytes = 0;
  /** Bytes of endless streams that were sent. */
  #sentStreamBytes = 0;

  constructor(id: string, box: string, options: FeedOutOptions) {
    const { clock, connect, connectStreams, onOver } = options;
    this.box = box;
    this.#clock = clock;
    this.#sentAt = clock.awake();
    this.source = new FeedSource(() => {
      this.#timer.cancel();
      this.#subscriber.close();
      this.#streams?.close();
      onOver();
    });
    this.#timer = clock.every(ALIVE_MS, () => this.#check());
    this.#write({ kind: "feed", id });
    this.#subscriber = connect((news, transfer) => {
      const bytes = news.kind === "version" ? lengthOf(transfer) : 0;
      // Which names there are is known by the registry.
      if (news.kind === "begun") return;
      this.#write({ kind: "news", news }, () => this.#subscriber.took(this.#sentBytes += bytes));
    });
    this.#streams = connectStreams?.((news, transfer) => {
      const bytes = lengthOf(transfer);
      const took = () => this.#streams?.took(this.#sentStreamBytes += bytes);
      this.#write({ kind: "streams", news }, took);
    });
  }

  take(request: FeedRequest): void {
    if (request.kind === "origin") this.#subscriber.take(request.request);
    else if (request.kind === "streams") this.#streams?.take(request.request);
    else if (request.kind === "listeners") {
      this.listeners = new Map(Object.entries(request.listeners));
    }
  }

  close(): void {
    this.source.leave();
  }

  #write(message: FeedNews, onSent?: () => void): void {
    this.source.write(message, () => {
      this.#sentAt = this.#clock.awake();
      onSent?.();
    });
  }

  #check(): void {
    if (this.source.isEmpty) this.#write({ kind: "alive" });
    else if (this.#clock.waited(this.#sentAt) >= STUCK_MS) this.close();
  }
}

/** @throws {SyntaxError} where it is no JSON */
async function requestsOf(c: Context): Promise<readonly FeedRequest[]> {
  const requests: unknown = await c.req.json();
  // Sound: it comes from a box, by what a `FeedIn` writes.
  return Array.isArray(requests) ? requests as FeedRequest[] : [];
}

function lengthOf(memory: readonly ArrayBuffer[]): number {
  return memory.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** How often a box is told that this one is alive. */
const ALIVE_MS = 1000;
/** A box that takes nothing for so long has no listeners that would be served by it. */
const STUCK_MS = 10_000;
