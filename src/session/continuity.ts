/**
 * Keeps a session's broadcast going while no audio arrives: the one place that decides when silence
 * is put in for audio that may still come.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";
import type { Feed } from "./feed.ts";

/** What an output needs next. */
export interface Need {
  /** When it needs it, on {@link Clock.awake}. */
  readonly at: number;
  /** How many frames are missing, asked once that time has come; 0 where it can do without. */
  readonly frames: () => number;
}

/** Says what an output needs next, instead of what it said before; `undefined`: nothing any more. */
export type StateNeed = (need: Need | undefined) => void;

export interface ContinuityOptions {
  readonly clock: Clock;
  readonly feed: Pick<Feed, "wait" | "catchUp" | "cut" | "discontinuity">;
  /** How long a broadcast without a transport is kept going with silence. */
  readonly holdMs: number;
  /** How long no audio has arrived, as {@link Clock.waited}. */
  readonly silentForMs: () => number;
}

/** In the order in which a broadcast goes through them; `going` and `standing still` alternate. */
type State = "not begun" | "going" | "standing still" | "over";

/**
 * Outputs say by when they need how many frames. At the earliest of these times, silence is put in for
 * what has not arrived. Where no output has needs, as where there are only recordings, silence is put
 * in once it is known how much was missed: when another connection takes over, or the hold is over.
 * Audio that is only late then has no silence before it.
 *
 * Without a transport this ends with the hold: the broadcast stands still until audio is back.
 */
export class Continuity {
  readonly #options: ContinuityOptions;
  /** The last need of each output that has needs; one that was met is due at `Infinity`. */
  readonly #needs = new Map<StateNeed, Need>();
  #state: State = "not begun";
  #dueTimer: Timer | undefined;
  #holdTimer: Timer | undefined;

  constructor(options: ContinuityOptions) {
    this.#options = options;
  }

  /** Whether there has been no transport for longer than the hold, so that nothing is put in. */
  get standsStill(): boolean {
    return this.#state === "standing still";
  }

  /** What a new output states its needs with. */
  addOutput(): StateNeed {
    const stateNeed: StateNeed = (need) => {
      if (this.#state === "over") return;
      if (need === undefined) this.#needs.delete(stateNeed);
      else this.#needs.set(stateNeed, need);
      this.#awaitEarliest();
    };
    return stateNeed;
  }

  /** Audio is there: for the first time, or again. */
  goOn(): void {
    this.#holdTimer?.cancel();
    if (this.#state === "standing still") this.#options.feed.cut();
    this.#state = "going";
  }

  /** The transport is gone. */
  hold(): void {
    const { clock, holdMs } = this.#options;
    this.#holdTimer = clock.after(holdMs, () => this.#standStill());
  }

  /** Another connection takes over: what has not arrived by now does not arrive any more. */
  catchUp(): void {
    if (this.#state !== "going" || this.#needs.size > 0) return;
    const { feed, silentForMs } = this.#options;
    feed.catchUp(silentForMs());
  }

  /** No audio follows, and silence for as long as outputs have needs. */
  goodbye(): void {
    this.#holdTimer?.cancel();
  }

  /** Nothing follows. */
  end(): void {
    this.#state = "over";
    for (const timer of [this.#dueTimer, this.#holdTimer]) timer?.cancel();
  }

  /** Nobody came back in time: what is open is given out, and a return does not continue it. */
  #standStill(): void {
    this.catchUp();
    this.#state = "standing still";
    this.#options.feed.discontinuity();
  }

  #awaitEarliest(): void {
    this.#dueTimer?.cancel();
    const [output, need] = this.#earliest ?? [];
    if (output === undefined || need === undefined) return;
    const { clock } = this.#options;
    const dueInMs = Math.max(0, need.at - clock.awake());
    this.#dueTimer = clock.after(dueInMs, () => this.#meet(output, need));
  }

  /** The need that is due first, and whose it is; `undefined` where none is. */
  get #earliest(): [StateNeed, Need] | undefined {
    let earliest: [StateNeed, Need] | undefined;
    for (const [output, need] of this.#needs) {
      if (need.at < (earliest?.[1].at ?? Infinity)) earliest = [output, need];
    }
    return earliest;
  }

  #meet(output: StateNeed, need: Need): void {
    this.#needs.set(output, { ...need, at: Infinity });
    const frames = this.#state === "going" ? need.frames() : 0;
    if (frames > 0) this.#options.feed.wait(frames);
    this.#awaitEarliest();
  }
}
