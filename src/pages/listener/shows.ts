/** What listeners are told of each broadcast. */
import type { Clock } from "../../session/clock.ts";
import type { EventBus } from "../../session/events.ts";
import { Moment } from "../../session/moment.ts";
import type { Session } from "../../session/session.ts";
import { ARTIST_FACTS, TITLE_FACTS } from "../../session/tags.ts";

/** Longer titles and names of artists are cut. */
const MAX_TEXT = 200;
/** Line breaks, other control characters, and those that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * What listeners can hear. `starting`: nothing yet, the first segment is not listed.
 * `reconnecting`: the DJ's connection is lost.
 */
export type ShowState = "off-air" | "starting" | "on-air" | "reconnecting";

/** What anybody is told of a broadcast, as it is in JSON. Times are RFC 3339. */
export interface ShowStatus {
  readonly name: string;
  readonly state: ShowState;
  readonly started_at: string | null;
  /** The server's time, because a client's clock may be wrong. */
  readonly now: string;
  /** Counted by the requests at this box. */
  readonly listeners: number;
  readonly title: string | null;
  readonly artist: string | null;
  /** The earliest moment that can be heard now; null where nothing can be rewound. */
  readonly rewind_from: string | null;
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
}

/** The part of a session that is read here. */
export type ShownSession = Pick<Session, "state" | "streamFacts" | "props">;

interface Show {
  readonly id: number;
  readonly start: Moment;
  listed: boolean;
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
  readonly #unsubscribe: () => void;

  constructor(options: ShowsOptions) {
    this.#options = options;
    this.#unsubscribe = options.events.subscribe(({ kind, name, id }) => {
      if (kind === "create") {
        this.#shows.set(name, { id, start: new Moment(options.clock), listed: false });
      }
      if (kind === "release" && this.#shows.get(name)?.id === id) this.#shows.delete(name);
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  /** To be called when a segment of `name` is listed, so that it can be heard. */
  listed(name: string): void {
    const show = this.#shows.get(name);
    if (show !== undefined) show.listed = true;
  }

  /** What anybody is told of `name`, also while it is off air. */
  status(name: string): ShowStatus {
    const { clock, find, listeners, earliest } = this.#options;
    const show = this.#shows.get(name);
    const session = show && find(name);
    const state = stateOf(show, session);
    const rewindFrom = earliest?.(name);
    return {
      name,
      state,
      started_at: show === undefined ? null : new Date(show.start.wallMs).toISOString(),
      now: new Date(clock.now()).toISOString(),
      listeners: state === "off-air" ? 0 : listeners(name),
      title: textOf(session, TITLE_FACTS) ?? printable(session?.props.title),
      artist: textOf(session, ARTIST_FACTS),
      rewind_from: rewindFrom === undefined ? null : new Date(rewindFrom).toISOString(),
    };
  }

  /** The status of each live broadcast, the oldest first. */
  get current(): readonly ShowStatus[] {
    return [...this.#shows.keys()].map((name) => this.status(name));
  }
}

/** What anybody is told of a name that is off air. @param now milliseconds since the epoch */
export function offAir(name: string, now: number): ShowStatus {
  return {
    name,
    state: "off-air",
    started_at: null,
    now: new Date(now).toISOString(),
    listeners: 0,
    title: null,
    artist: null,
    rewind_from: null,
  };
}

function stateOf(show: Show | undefined, session: ShownSession | undefined): ShowState {
  if (show === undefined || session === undefined) return "off-air";
  if (!show.listed) return "starting";
  return session.state === "paused" ? "reconnecting" : "on-air";
}

/** The first of the facts `names` that is a text and not empty. */
function textOf(session: ShownSession | undefined, names: readonly string[]): string | null {
  for (const name of names) {
    const text = printable(session?.streamFacts[name]);
    if (text !== null) return text;
  }
  return null;
}

function printable(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const text = value.toWellFormed().replace(UNPRINTABLE, " ").trim();
  return text === "" ? null : [...text].slice(0, MAX_TEXT).join("");
}
