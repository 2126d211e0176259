/**
 * What a listener can hear under each name, and what is told of it.
 *
 * @module
 */
import type { Clock } from "../../session/clock.ts";
import type { EventBus } from "../../session/events.ts";
import { Moment } from "../../session/moment.ts";
import type { Session } from "../../session/session.ts";

/** Longer titles and names of artists are cut. */
const MAX_TEXT = 200;
/** Line breaks and other controls, and what turns the direction of the text around it. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** What an encoder may call its programme, in the order of preference, and who is heard. */
const TITLES = ["StreamTitle", "title"];
const ARTISTS = ["artist", "author"];

/**
 * What a listener needs to know: `starting` until the first segment can be heard, `reconnecting`
 * while the DJ's connection is lost.
 */
export type ShowState = "off-air" | "starting" | "on-air" | "reconnecting";

/** What is told of a broadcast to anybody, as it goes out in JSON. Times are RFC 3339. */
export interface ShowStatus {
  readonly name: string;
  readonly state: ShowState;
  readonly started_at: string | null;
  /** The server's time, because a client's clock may be off. */
  readonly now: string;
  /** By the requests at this box. */
  readonly listeners: number;
  readonly title: string | null;
  readonly artist: string | null;
}

export interface ShowsOptions {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly events: Pick<EventBus, "subscribe">;
  /** The session that has a name. */
  readonly find: (name: string) => ShownSession | undefined;
  readonly listeners: (name: string) => number;
}

/** What is looked at of a session. */
export type ShownSession = Pick<Session, "state" | "streamFacts" | "props">;

interface Show {
  readonly id: number;
  readonly start: Moment;
  listed: boolean;
}

/** All broadcasts that are going on, as their listeners see them. */
export class Shows {
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

  /** A segment of `name` can be heard. */
  listed(name: string): void {
    const show = this.#shows.get(name);
    if (show !== undefined) show.listed = true;
  }

  status(name: string): ShowStatus {
    const { clock, find, listeners } = this.#options;
    const show = this.#shows.get(name);
    const session = show && find(name);
    const state = stateOf(show, session);
    return {
      name,
      state,
      started_at: show === undefined ? null : new Date(show.start.wallMs).toISOString(),
      now: new Date(clock.now()).toISOString(),
      listeners: state === "off-air" ? 0 : listeners(name),
      title: textOf(session, TITLES) ?? printable(session?.props.title),
      artist: textOf(session, ARTISTS),
    };
  }

  /** What goes on, the oldest first. */
  get current(): readonly ShowStatus[] {
    return [...this.#shows.keys()].map((name) => this.status(name));
  }
}

function stateOf(show: Show | undefined, session: ShownSession | undefined): ShowState {
  if (show === undefined || session === undefined) return "off-air";
  if (!show.listed) return "starting";
  return session.state === "paused" ? "reconnecting" : "on-air";
}

/** The first of the facts `names` that says something. */
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
