/** How each live session fared over the last hour. */
import type { Session } from "../../session/session.ts";
import { type HeardSession, toldLevel } from "../told_level.ts";

/** How often sessions are sampled, in milliseconds. */
export const SESSION_SAMPLE_MS = 10_000;
/** An hour of samples. */
const CAPACITY = 360;
/** What is lost and what cannot be read is told of so many samples together: a minute. */
const LATELY = 6;

/** What is kept of each sample. A value that is not known is `NaN`. */
const FIELDS = ["bitrate", "rtt", "lost", "listeners", "bad", "level"] as const;
type Field = typeof FIELDS[number];

/** The last hour of a session, the oldest sample first; null where something is not known. */
export interface SessionColumns {
  /** When each sample was taken, on `Clock.monotonic`. */
  readonly at: readonly number[];
  /** Bits of audio a second. */
  readonly bitrate: readonly (number | null)[];
  /** The round trip in milliseconds. */
  readonly rtt: readonly (number | null)[];
  /** Percent of the audio that is not heard. */
  readonly lost: readonly (number | null)[];
  readonly listeners: readonly (number | null)[];
  /** The level (estimate) in dBFS. */
  readonly level: readonly (number | null)[];
}

/** What a session has lost over the last minute. */
export interface Losses {
  /** Percent of the audio that is not heard; null where none came. */
  readonly lost: number | null;
  /** What cannot be read, a second. */
  readonly unread: number;
  /** Whether some was dropped because it was sent faster than real time. */
  readonly isTooFast: boolean;
}

/** What is sampled of a session. */
export type SampledSession =
  & HeardSession
  & Pick<Session, "id" | "name" | "inputBytes" | "quality" | "transport">;

/**
 * The last hour of each live session. All are sampled at the same times, so that a session costs 9 kB:
 * its values alone.
 */
export class SessionHistories {
  /** When the last samples were taken, each at its number modulo the capacity. */
  readonly #times = new Float64Array(CAPACITY);
  #taken = 0;
  #sessions = new Map<number, SessionHistory>();

  /**
   * Samples those that are live, and forgets all others.
   * @param listeners by name
   * @param now on `Clock.monotonic`
   */
  sample(
    sessions: readonly SampledSession[],
    listeners: ReadonlyMap<string, number>,
    now: number,
  ): void {
    const kept = new Map<number, SessionHistory>();
    const before = this.#taken === 0 ? now : this.#times[(this.#taken - 1) % CAPACITY] ?? now;
    for (const session of sessions) {
      const history = this.#sessions.get(session.id) ?? new SessionHistory(this.#taken);
      history.add(this.#taken, session, listeners.get(session.name) ?? 0, (now - before) / 1000);
      kept.set(session.id, history);
    }
    this.#times[this.#taken % CAPACITY] = now;
    this.#taken++;
    this.#sessions = kept;
  }

  /** The last hour of a session, or as much of it as there is. */
  of(id: number): SessionColumns {
    const history = this.#sessions.get(id);
    const numbers = history === undefined ? [] : this.#numbersOf(history, CAPACITY);
    const column = (field: Field, digits = 0) => {
      return numbers.map((number) => rounded(history?.at(number, field) ?? NaN, digits));
    };
    return {
      at: numbers.map((number) => this.#times[number % CAPACITY] ?? 0),
      bitrate: column("bitrate"),
      rtt: column("rtt", 1),
      lost: column("lost", 2),
      listeners: column("listeners"),
      level: column("level", 1),
    };
  }

  /** What a session has lost over the last minute. */
  lossesOf(id: number): Losses {
    const history = this.#sessions.get(id);
    if (history === undefined) return { lost: null, unread: 0, isTooFast: false };
    const numbers = this.#numbersOf(history, LATELY);
    const lost = numbers.map((number) => history.at(number, "lost")).filter((it) => !isNaN(it));
    const bad = sum(numbers.map((number) => history.at(number, "bad")));
    return {
      lost: lost.length === 0 ? null : rounded(sum(lost) / lost.length, 2),
      unread: rounded(bad * 1000 / (LATELY * SESSION_SAMPLE_MS), 2) ?? 0,
      isTooFast: this.#taken - history.tooFastAt <= LATELY,
    };
  }

  /** The numbers of a session's samples, `most` at most, the oldest first. */
  #numbersOf({ since }: SessionHistory, most: number): number[] {
    const first = Math.max(since, this.#taken - most);
    return Array.from({ length: this.#taken - first }, (_, i) => first + i);
  }
}

/** What was counted of a session so far. */
type Counted = Readonly<Record<"bytes" | "frames" | "dropped" | "bad" | "tooEarly", number>>;

class SessionHistory {
  /** The number of its first sample. */
  readonly since: number;
  /** The number of the last sample before which some was sent too fast. */
  tooFastAt = -Infinity;
  readonly #values = new Float32Array(FIELDS.length * CAPACITY);
  /** Before its first sample nobody has looked. */
  #counted: Counted | undefined;

  constructor(since: number) {
    this.since = since;
  }

  at(number: number, field: Field): number {
    return this.#values[FIELDS.indexOf(field) * CAPACITY + number % CAPACITY] ?? NaN;
  }

  /** @param seconds since the sample before */
  add(number: number, session: SampledSession, listeners: number, seconds: number): void {
    const now = countedOf(session);
    const before = this.#counted;
    this.#counted = now;
    // A session that began in between sent for a part of the time only.
    const bytes = before === undefined ? NaN : now.bytes - before.bytes;
    const dropped = now.dropped - (before?.dropped ?? 0);
    const frames = now.frames - (before?.frames ?? 0);
    this.#set(number, "bitrate", seconds > 0 ? 8 * bytes / seconds : NaN);
    this.#set(number, "rtt", session.transport?.link?.roundTripMs ?? NaN);
    this.#set(number, "lost", 100 * Math.min(1, dropped / Math.max(frames, dropped)));
    this.#set(number, "listeners", listeners);
    this.#set(number, "level", toldLevel(session) ?? NaN);
    this.#set(number, "bad", now.bad - (before?.bad ?? 0));
    if (now.tooEarly > (before?.tooEarly ?? 0)) this.tooFastAt = number;
  }

  #set(number: number, field: Field, value: number): void {
    this.#values[FIELDS.indexOf(field) * CAPACITY + number % CAPACITY] = value;
  }
}

function countedOf({ inputBytes: bytes, quality, transport }: SampledSession): Counted {
  const { total_count: frames, drop_count: dropped, bad_count: bad } = quality;
  return { bytes, frames, dropped, bad, tooEarly: transport?.tooEarly ?? 0 };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rounded(value: number, digits: number): number | null {
  return Number.isNaN(value) ? null : Math.round(value * 10 ** digits) / 10 ** digits;
}
