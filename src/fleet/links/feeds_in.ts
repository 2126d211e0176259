/**
 * What other boxes tell this one: a feed of each that has something which is wanted here.
 *
 * @module
 */
import type { Clock } from "../../session/clock.ts";
import type { FleetView } from "../fleet_view.ts";
import type { BoxLinks } from "./box_links.ts";
import { FeedIn } from "./feed_in.ts";
import type { FeedNews, FeedRequest } from "./feed_messages.ts";

export interface FeedsInOptions {
  readonly clock: Pick<Clock, "after" | "every" | "awake" | "waited">;
  readonly links: Pick<BoxLinks, "open" | "request">;
  readonly view: Pick<FleetView, "placeOf">;
  /** All that is wanted of the box with this id, for a feed that begins. */
  readonly wantedOf: (id: string) => readonly FeedRequest[];
  readonly onNews: (id: string, news: FeedNews) => void;
  /** See `FeedInOptions.onBroken`. */
  readonly onBroken: (id: string) => void;
}

/** The feeds, by the id of their box. */
export class FeedsIn {
  readonly #options: FeedsInOptions;
  readonly #feeds = new Map<string, FeedIn>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: FeedsInOptions) {
    this.#options = options;
  }

  /** Asks something of a box, which opens its feed where there is none. */
  ask(id: string, request: FeedRequest): void {
    const known = this.#feeds.get(id);
    // It begins with all that is wanted.
    if (known !== undefined) known.ask(request);
    else if (this.#options.wantedOf(id).length > 0) this.#open(id);
  }

  /** Boxes may be there again, or be gone. */
  hasten(): void {
    for (const feed of this.#feeds.values()) if (!feed.isOpen) feed.hasten();
  }

  /** Ends the feeds of which nothing is wanted. To be called every second or so. */
  sweep(): void {
    for (const [id, feed] of this.#feeds) {
      if (this.#options.wantedOf(id).length > 0) continue;
      this.#feeds.delete(id);
      const ending = feed.stop().finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
      this.#options.onBroken(id);
    }
  }

  /** Ends all. Resolves once nothing is under way. */
  async close(): Promise<void> {
    const feeds = [...this.#feeds.values()];
    this.#feeds.clear();
    await Promise.all([...this.#ending, ...feeds.map((feed) => feed.stop())]);
  }

  #open(id: string): void {
    const { view, wantedOf, onNews, onBroken, ...options } = this.#options;
    const feed = new FeedIn({
      ...options,
      place: () => view.placeOf(id),
      wanted: () => wantedOf(id),
      onNews: (news) => onNews(id, news),
      onBroken: () => onBroken(id),
    });
    this.#feeds.set(id, feed);
    feed.start();
  }
}
