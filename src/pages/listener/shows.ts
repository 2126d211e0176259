/** What listeners are told of each broadcast. */
import type { Clock } from "../../session/clock.ts";
import type { EventBus } from "../../session/events.ts";
import { Moment } from "../../session/moment.ts";
import type { FallbackFacts } from "../../session/fallback_player.ts";
import type { Session } from "../../session/session.ts";
import { cleanText, type TimedTags } from "../../session/tags.ts";
import { artworkOf } from "./artwork.ts";
import { type EndedShow, LastShows } from "./last_shows.ts";

/** So many titles of a show are told. */
const MAX_TITLES = 20;

/**
 * What listeners can hear. `starting`: nothing yet, the first segment is not listed. `on-air`: the
 * DJ, or a fallback instead. `reconnecting`: silence, since the DJ's connection is lost.
 */
export type ShowState = "off-air" | "starting" | "on-air" | "reconnecting";

/** A title of a show. It is heard until the next one is. */
export interface ShownTitle {
  readonly title: string | null;
  readonly artist: string | null;
  /** From when on it is heard, by the playlist's EXT-X-PROGRAM-DATE-TIME; RFC 3339. */
  readonly at: string;
}

/** What anybody is told of a broadcast, as it is in JSON. Times are RFC 3339. */
export interface ShowStatus {
  readonly name: string;
  readonly state: ShowState;
  readonly started_at: string | null;
  /** The server's time, because a client's clock may be wrong. */
  readonly now: string;
  /** Counted by the requests at all boxes. */
  readonly listeners: number;
  /** What comes in now; who listens hears it some seconds later. */
  readonly title: string | null;
  readonly artist: string | null;
  /** The http: or https: URL of a picture; null where there is none. */
  readonly artwork: string | null;
  /** The earliest moment that can be heard now; null where nothing can be rewound. */
  readonly rewind_from: string | null;
  /** Whether it can be played in low latency. */
  readonly low_latency: boolean;
  /** The last {@link MAX_TITLES} titles, the newest last; not where several shows are told of. */
  readonly titles?: readonly ShownTitle[];
  /** When it was last on air, where that is known and it is off air; not where several are told of. */
  readonly last_on_air?: string | null;
}

export interface ShowsOptions {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly events: Pick<EventBus, "subscribe">;
  /** The session of a name. */
  readonly find: (name: string) => ShownSession | undefined;
  readonly listeners: (name: string) => number;
  /**
   * The earliest moment of a show that can be heard, in milliseconds since the epoch; `undefined`
   * where it cannot be rewound. No show can by default.
   */
  readonly earliest?: (name: string) => number | undefined;
  /** From how many segments on a show can be played in low latency; by default it never can. */
  readonly lowLatencyFrom?: number;
  /** The URL of shows' pictures, see {@link artworkOf}; by default only those have one that tell it. */
  readonly artworkUrl?: string | undefined;
  /** Whether `name` may be had in low latency, too, and there is room. Default: always. */
  readonly hasLowPlace?: (name: string) => boolean;
}

/** The part of a session that is read here. */
export type ShownSession = Pick<Session, "state" | "props"> & {
  readonly fallback: Pick<FallbackFacts, "standsIn">;
};

interface Show {
  readonly id: number;
  readonly start: Moment;
  /** How many segments have been listed. */
  listed: number;
  titles: readonly ShownTitle[];
}

/** Who tells what listeners are told of broadcasts: in this thread, or by way of another one. */
export interface ShowsSource {
  /** See {@link Shows.status}. */
  status(name: string): ShowStatus | Promise<ShowStatus>;
  /** See {@link Shows.current}. */
  readonly current: readonly ShowStatus[] | Promise<readonly ShowStatus[]>;
}

/** All live broadcasts, as listeners see them. */
export class Shows implements ShowsSource {
  readonly #options: ShowsOptions;
  readonly #shows = new Map<string, Show>();
  readonly #ended = new LastShows();
  readonly #endWatchers = new Set<(ended: readonly EndedShow[]) => void>();
  readonly #unsubscribe: () => void;

  constructor(options: ShowsOptions) {
    this.#options = options;
    this.#unsubscribe = options.events.subscribe(({ kind, name, id }) => {
      if (kind === "create") {
        this.#shows.set(name, { id, start: new Moment(options.clock), listed: 0, titles: [] });
      }
      if (kind === "release" && this.#shows.get(name)?.id === id) this.#end(name);
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  /** To be called when a segment of `name` is listed, so that it can be heard. */
  listed(name: string): void {
    const show = this.#shows.get(name);
    if (show !== undefined) show.listed++;
  }

  /** To be called when what is heard of `name` changes. */
  tagged(name: string, { title, artist, wallMs }: TimedTags): void {
    const show = this.#shows.get(name);
    if (show === undefined) return;
    const at = new Date(wallMs).toISOString();
    const shown = { title: title ?? null, artist: artist ?? null, at };
    show.titles = [...show.titles, shown].slice(-MAX_TITLES);
  }

  /** What anybody is told of `name`, also while it is off air. */
  status(name: string): ShowStatus {
    const summary = this.#summary(name);
    const lastOnAir = summary.state === "off-air" ? this.#ended.endOf(name) : null;
    const { titles = [] } = this.#shows.get(name) ?? {};
    return { ...summary, titles, last_on_air: lastOnAir };
  }

  /**
   * Tells which shows have ended, at once, and then each that does.
   * @returns what ends that
   */
  watchEnds(tell: (ended: readonly EndedShow[]) => void): () => void {
    const { all } = this.#ended;
    if (all.length > 0) tell(all);
    this.#endWatchers.add(tell);
    return () => this.#endWatchers.delete(tell);
  }

  /** The status of each live broadcast, without its titles, the oldest first. */
  get current(): readonly ShowStatus[] {
    return [...this.#shows.keys()].map((name) => this.#summary(name));
  }

  #end(name: string): void {
    const isHeard = (this.#shows.get(name)?.listed ?? 0) > 0;
    this.#shows.delete(name);
    if (!isHeard) return;
    const ended = { name, at: this.#options.clock.now() };
    this.#ended.add(ended);
    for (const tell of this.#endWatchers) tell([ended]);
  }

  #summary(name: string): ShowStatus {
    const { clock, find, listeners, earliest, artworkUrl } = this.#options;
    const { lowLatencyFrom = Infinity, hasLowPlace } = this.#options;
    const show = this.#shows.get(name);
    const session = show && find(name);
    const state = stateOf(show, session);
    const { title = null, artist = null } = (session && show?.titles.at(-1)) ?? {};
    const rewindFrom = earliest?.(name);
    return {
      name,
      state,
      started_at: show === undefined ? null : new Date(show.start.wallMs).toISOString(),
      now: new Date(clock.now()).toISOString(),
      listeners: state === "off-air" ? 0 : listeners(name),
      title: title ?? cleanText(session?.props.title) ?? null,
      artist,
      artwork: artworkOf(name, artworkUrl, session?.props.image_url),
      rewind_from: rewindFrom === undefined ? null : new Date(rewindFrom).toISOString(),
      low_latency: (show?.listed ?? 0) >= lowLatencyFrom && (hasLowPlace?.(name) ?? true),
    };
  }
}

/** What anybody is told of a name that is off air. */
export function offAir(
  name: string,
  { now, artworkUrl, ended }: {
    /** Milliseconds since the epoch. */
    readonly now: number;
    /** As in {@link ShowsOptions}. */
    readonly artworkUrl: string | undefined;
    readonly ended: LastShows;
  },
): ShowStatus {
  return {
    name,
    state: "off-air",
    started_at: null,
    now: new Date(now).toISOString(),
    listeners: 0,
    title: null,
    artist: null,
    artwork: artworkOf(name, artworkUrl, undefined),
    rewind_from: null,
    low_latency: false,
    titles: [],
    last_on_air: ended.endOf(name),
  };
}

function stateOf(show: Show | undefined, session: ShownSession | undefined): ShowState {
  if (show === undefined || session === undefined) return "off-air";
  if (show.listed === 0) return "starting";
  const isSilent = session.state === "paused" && !session.fallback.standsIn;
  return isSilent ? "reconnecting" : "on-air";
}
