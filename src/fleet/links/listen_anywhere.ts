/**
 * Has the broadcasts of other boxes heard here, and tells other boxes of those of this one.
 *
 * @module
 */
import type { StreamSource } from "../../hls/progressive/progressive_streams.ts";
import type { Clock, Timer } from "../../session/clock.ts";
import type { FleetView } from "../fleet_view.ts";
import type { BoxLinks } from "./box_links.ts";
import { FarSegments } from "./far_segments.ts";
import type { FeedNews } from "./feed_messages.ts";
import { FeedsIn } from "./feeds_in.ts";
import { RemoteHls } from "./remote_hls.ts";
import { RemoteStreams } from "./remote_streams.ts";
import { StreamNames } from "./stream_names.ts";

export interface ListenAnywhereOptions {
  readonly clock: Clock;
  readonly view: Pick<FleetView, "box" | "find" | "boxOf" | "placeOf" | "onChange">;
  readonly links: Pick<BoxLinks, "open" | "request">;
  /** A segment of the broadcast `name` of another box is listed. */
  readonly onListed?: (name: string, file: string) => void;
  /** How many listen to the broadcast `name` here. */
  readonly listenersOf: (name: string) => number;
}

/** The broadcasts of other boxes, for the listeners of this one. */
export class ListenAnywhere {
  readonly hls: RemoteHls;
  readonly segments: FarSegments;
  /** Endless streams of all boxes; `undefined` where there are none. */
  #streams: RemoteStreams | undefined;
  #streamNames: StreamNames | undefined;
  readonly #options: ListenAnywhereOptions;
  readonly #feeds: FeedsIn;
  readonly #timer: Timer;
  #sweeps = 0;

  constructor(options: ListenAnywhereOptions) {
    const { clock, view, links, onListed } = options;
    this.#options = options;
    this.segments = new FarSegments({ clock, links });
    this.#feeds = new FeedsIn({
      ...{ clock, view, links },
      wantedOf: (id) => [...this.hls.wantedOf(id), ...this.#streams?.wantedOf(id) ?? []],
      onNews: (id, news) => this.#take(id, news),
      onBroken: (id) => {
        this.hls.becomeStale(id);
        this.#streams?.becomeStale(id);
      },
    });
    this.hls = new RemoteHls({
      ...{ clock, view, onListed },
      feeds: this.#feeds,
      segments: this.segments,
    });
    view.onChange((change) => {
      this.hls.change(change);
      this.#streams?.change(change.names);
      this.#feeds.hasten();
    });
    this.#timer = clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** The endless streams of all boxes. @param own those of this one */
  addStreams(own: StreamSource): StreamSource {
    const { clock, view, links } = this.#options;
    const streams = this.#streams = new RemoteStreams({ clock, view, feeds: this.#feeds, own });
    this.#streamNames = new StreamNames({ links, view, streams });
    return streams;
  }

  async close(): Promise<void> {
    this.#timer.cancel();
    await this.#feeds.close();
  }

  #take(id: string, news: FeedNews): void {
    if (news.kind === "news") this.hls.take(id, news.news);
    else if (news.kind === "streams") this.#streams?.take(id, news.news);
  }

  #sweep(): void {
    this.hls.sweep();
    this.#streams?.sweep();
    this.#streamNames?.ask(this.hls.names);
    this.#feeds.sweep();
    if (++this.#sweeps % TOLD_SWEEPS === 0) this.#tellListeners();
  }

  /** Tells each box how many listen here to what it has. */
  #tellListeners(): void {
    const byBox = new Map<string, Record<string, number>>();
    for (const [name, id] of this.hls.heard) {
      const listeners = byBox.get(id) ?? {};
      listeners[name] = this.#options.listenersOf(name);
      byBox.set(id, listeners);
    }
    for (const [id, listeners] of byBox) this.#feeds.ask(id, { kind: "listeners", listeners });
  }
}

const SWEEP_MS = 1000;
/** In so many sweeps boxes are told once how many listen. */
const TOLD_SWEEPS = 2;
