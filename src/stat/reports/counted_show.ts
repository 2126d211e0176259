/** A show whose listeners are counted, for reports. */
import type { SessionEvent } from "../../session/events.ts";
import type { ShowLine, TitleLine } from "./report_line.ts";

/** How often what was heard of a show so far is put down, in milliseconds: time zones differ by that. */
export const QUARTER_MS = 900_000;
/** Of one show in a day, so that an encoder that tells them without end keeps out no others. */
export const MAX_TITLES_A_DAY = 2000;

const DAY_MS = 86_400_000;

/** What is known of a show so far: its facts, and how long it was listened to. */
export class CountedShow {
  readonly id: number;
  readonly name: string;
  readonly #start: number;
  #facts: Pick<ShowLine, "dj" | "protocol" | "end">;
  /** `undefined` where listeners are not counted. */
  readonly #audience: CountedAudience | undefined;
  #quarter: number;
  /** Whether it may still be heard by HLS. */
  #isServed = true;
  #titles = { day: 0, count: 0 };

  /** @param awakeMs on `Clock.awake`; `undefined` where listeners are not counted */
  constructor(created: SessionEvent<"create">, awakeMs: number | undefined) {
    this.id = created.id;
    this.name = created.name;
    this.#start = created.at;
    this.#facts = { ...factsOf(created), end: null };
    this.#quarter = Math.floor(created.at / QUARTER_MS);
    this.#audience = awakeMs === undefined ? undefined : new CountedAudience(awakeMs);
  }

  /** Whether it has ended, and nobody can hear it any more, or nobody does. */
  get isOver(): boolean {
    const isHeard = this.#isServed && (this.#audience?.listeners ?? 0) > 0;
    return !this.#isOnAir && !isHeard;
  }

  get #isOnAir(): boolean {
    return this.#facts.end === null;
  }

  /** Takes note of what happened to it. */
  note(event: SessionEvent): void {
    if (event.kind === "hls-release") this.#isServed = false;
    if (!this.#isOnAir) return;
    this.#facts = { ...factsOf(event), end: event.kind === "release" ? event.at : null };
  }

  /**
   * Counts how long it was listened to since it was called last.
   * @param listeners how many listen from now on
   * @returns a line where another quarter of an hour has begun
   */
  count(listeners: number, { awakeMs, wallMs }: CountedTime): ShowLine | undefined {
    const quarter = Math.floor(wallMs / QUARTER_MS);
    const start = quarter * QUARTER_MS;
    const isNext = quarter !== this.#quarter;
    if (isNext) this.#audience?.listen(awakeMs - (wallMs - start));
    const line = isNext ? this.line(start) : undefined;
    this.#quarter = quarter;
    if (isNext) this.#audience?.begin();
    this.#audience?.listen(awakeMs);
    this.#audience?.set(listeners);
    return line;
  }

  /** How it is at `at`. */
  line(at: number): ShowLine {
    return {
      ...{ kind: "show", show: this.id, at, name: this.name, start: this.#start, ...this.#facts },
      heard: this.#audience === undefined ? null : Math.round(this.#audience.heardMs) / 1000,
      peak: this.#audience?.peak ?? 0,
    };
  }

  /** What is heard of it from now on; `undefined` where too much was told that day. */
  titled({ title, artist, at }: SessionEvent<"metadata">): TitleLine | undefined {
    const day = Math.floor(at / DAY_MS);
    if (this.#titles.day !== day) this.#titles = { day, count: 0 };
    if (this.#titles.count++ >= MAX_TITLES_A_DAY) return undefined;
    const listeners = this.#audience?.listeners ?? null;
    return { kind: "title", show: this.id, at, title, artist, listeners };
  }
}

/** When listeners are counted. */
export interface CountedTime {
  /** On `Clock.awake`. */
  readonly awakeMs: number;
  readonly wallMs: number;
}

/** How many listen to a show, how many did at most, and for how long together. */
class CountedAudience {
  listeners = 0;
  heardMs = 0;
  peak = 0;
  #awakeMs: number;

  constructor(awakeMs: number) {
    this.#awakeMs = awakeMs;
  }

  /** As many as before have listened until `awakeMs`. */
  listen(awakeMs: number): void {
    const spentMs = awakeMs - this.#awakeMs;
    if (spentMs <= 0) return;
    this.heardMs += this.listeners * spentMs;
    this.#awakeMs = awakeMs;
  }

  set(listeners: number): void {
    this.listeners = listeners;
    this.peak = Math.max(this.peak, listeners);
  }

  /** Another time begins, with a peak of its own. */
  begin(): void {
    this.peak = this.listeners;
  }
}

function factsOf({ props, protocol }: SessionEvent): Pick<ShowLine, "dj" | "protocol"> {
  return { dj: props.dj ?? null, protocol };
}
