/**
 * What another box tells this one of its broadcasts, as long as somebody here listens to one of them.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../session/clock.ts";
import type { BoxLinks, BoxPlace } from "./box_links.ts";
import type { FeedNews, FeedRequest } from "./feed_messages.ts";
import { MessageReader } from "./frames.ts";

export interface FeedInOptions {
  readonly clock: Pick<Clock, "after" | "every" | "awake" | "waited">;
  readonly links: Pick<BoxLinks, "open" | "request">;
  /**
   * Where the box is now; `undefined` where it is not known to be alive. It is followed on then, and
   * asked where it was last: it may be the registry alone that it does not reach.
   */
  readonly place: () => BoxPlace | undefined;
  /** All that is wanted of it, for a feed that begins. */
  readonly wanted: () => readonly FeedRequest[];
  readonly onNews: (news: FeedNews) => void;
  /** What was told before is not kept up to date, until there is news again. */
  readonly onBroken: () => void;
}

/** The feed of one box. Where it breaks it is opened again, later each time that it does not open. */
export class FeedIn {
  readonly #options: FeedInOptions;
  /** Where the box was last; `undefined` where it never was. */
  #place: BoxPlace | undefined;
  /** What goes on; `undefined` while nothing is wanted. */
  #running: object | undefined;
  /** Ends the feed that there is, or is about to be. */
  #following: AbortController | undefined;
  /** By what to ask for more; `undefined` while there is no feed. */
  #id: string | undefined;
  /** Not asked for yet. */
  #requests: FeedRequest[] = [];
  /** Settles when all that was to be asked for is; `undefined` while nothing is. */
  #asking: Promise<void> | undefined;
  /** Settles when the feeds have ended that were stopped. */
  #ended: Promise<unknown> = Promise.resolve();
  #pauseMs = FIRST_PAUSE_MS;
  /** While it waits to open the feed again. */
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined;

  constructor(options: FeedInOptions) {
    this.#options = options;
  }

  /** Whether the box tells what is new. */
  get isOpen(): boolean {
    return this.#id !== undefined;
  }

  /** Opens the feed, where it is not open; all that is wanted is asked for. */
  start(): void {
    if (this.#running !== undefined) return;
    const running = this.#running = {};
    this.#ended = Promise.all([this.#ended, this.#run(running)]);
  }

  /** The box may be there again, or be elsewhere: does not wait any longer. */
  hasten(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#pause?.end();
  }

  /** Asks for more. Where there is no feed, it is among what is wanted when there is one. */
  ask(request: FeedRequest): void {
    if (this.#running === undefined) return;
    this.#requests.push(request);
    this.#askAll();
  }

  /** Nothing is wanted any more. Resolves once nothing is under way. */
  async stop(): Promise<void> {
    this.#running = undefined;
    this.#following?.abort();
    this.#id = undefined;
    this.#pause?.end();
    await Promise.all([this.#ended, this.#asking]);
  }

  async #run(running: object): Promise<void> {
    while (this.#running === running) {
      const place = this.#place = this.#options.place() ?? this.#place;
      if (place !== undefined) await this.#follow(place, running);
      if (this.#running === running) await this.#rest();
    }
  }

  /** Takes all that the box tells, until that ends. */
  async #follow(place: BoxPlace, running: object): Promise<void> {
    const { clock, links, wanted } = this.#options;
    const following = this.#following = new AbortController();
    const { signal } = following;
    let heardAt = clock.awake();
    const watch = clock.every(CHECK_MS, () => {
      if (clock.waited(heardAt) >= SILENT_MS) following.abort(new Error("it tells nothing"));
    });
    try {
      this.#requests = [];
      const body = JSON.stringify(wanted());
      const answer = await links.open(place, FEED, { method: "POST", body, signal });
      if (answer.status !== 200) await refuse(answer);
      const frames = new MessageReader();
      for await (const piece of answer.body ?? []) {
        heardAt = clock.awake();
        // Sound: it comes from a box, by what a `FeedsOut` writes.
        for (const news of frames.read(piece) as FeedNews[]) this.#take(news, signal);
      }
    } catch (error) {
      if (this.#running === running) {
        const why = { box: place.id, error: String(error) };
        logger.debug("The feed of box {box} breaks: {error}", why);
      }
    } finally {
      watch.cancel();
      following.abort();
      if (this.#running === running) {
        this.#id = undefined;
        this.#options.onBroken();
      }
    }
  }

  #take(news: FeedNews, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (news.kind === "alive") return;
    if (news.kind !== "feed") return this.#options.onNews(news);
    this.#id = news.id;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#askAll();
  }

  /** One request after the other, so that the box takes all in this order. */
  #askAll(): void {
    if (this.#id === undefined || this.#requests.length === 0) return;
    this.#asking ??= this.#askEach().finally(() => {
      this.#asking = undefined;
      this.#askAll();
    });
  }

  async #askEach(): Promise<void> {
    while (this.#id !== undefined && this.#requests.length > 0) await this.#askNext(this.#id);
  }

  async #askNext(id: string): Promise<void> {
    const signal = this.#following?.signal;
    const place = this.#place;
    const body = JSON.stringify(this.#requests.splice(0, MAX_ASKED));
    try {
      if (place === undefined) throw new Error("the box is not known");
      const answer = await this.#options.links.request(place, `${FEED}/${id}`, {
        ...{ method: "POST", body, signal },
      });
      if (answer.status !== 204) await refuse(answer);
    } catch (error) {
      logger.debug("Cannot ask more of a feed: {error}", { error: String(error) });
      // Of this feed nothing comes of what was asked for: another one begins with all of it.
      if (this.#id === id) this.#following?.abort();
    }
  }

  #rest(): Promise<void> {
    this.#requests = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(this.#pauseMs, () => this.#pause?.end());
    this.#pauseMs = Math.min(2 * this.#pauseMs, LAST_PAUSE_MS);
    const end = () => {
      timer.cancel();
      this.#pause = undefined;
      resolve();
    };
    this.#pause = { timer, end };
    return promise;
  }
}

async function refuse(answer: Response): Promise<never> {
  await answer.body?.cancel();
  throw new Error(`it answers with status ${answer.status}`);
}

const FEED = "/fleet/1/feed";
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 4000;
/** Requests that are sent at a time. */
const MAX_ASKED = 1000;
const CHECK_MS = 500;
/** A box tells once a second that it is alive. */
const SILENT_MS = 3000;

const logger = getLogger(["echo", "fleet"]);
