/**
 * The life of what is served under a name: one state, moved in one place.
 *
 * @module
 */
import type { Timer } from "../session/clock.ts";

/**
 * - `live`: segments follow, or may follow again
 * - `grace`: the encoder has said goodbye, and may come back for a moment before the playlist ends;
 *   silence follows until then
 * - `ending`: the next version of the playlist tells players that nothing follows
 * - `ended`: the last version that was written tells them so
 * - `elsewhere`: another box goes on with it; files stay for players that have the playlist of here
 * - `gone`: nothing is served any more
 */
export type LifeState =
  | Live
  | { readonly phase: "grace"; readonly timer: Timer }
  | { readonly phase: "ending" }
  | Ended
  | Elsewhere
  | { readonly phase: "gone" };

interface Live {
  readonly phase: "live";
  /**
   * When all of it goes, on `Clock.awake`, because the sender was lost; `undefined` while somebody
   * sends, and where the server stops and goes on with it later.
   */
  readonly goesAt?: number;
}

interface Ended {
  readonly phase: "ended";
  /** When all of it goes, on `Clock.awake`; `undefined` until players have that last version. */
  readonly goesAt?: number;
}

interface Elsewhere {
  readonly phase: "elsewhere";
  /** When all of it goes, on `Clock.awake`. */
  readonly goesAt: number;
}

/** How long a broadcast that ended on purpose may come back before its playlist is ended. */
export const END_GRACE_MS = 10_000;

/** What players hear as one broadcast. Another object is another one. */
export interface Presentation {
  /** Whether its playlist has ended. */
  readonly ended: boolean;
}

/** The life of a presentation, and of the one that begins under the same name after its end. */
export class Life {
  #state: LifeState = { phase: "live" };
  #presentation: Presentation | undefined;

  /** Where it stands. */
  get state(): LifeState {
    return this.#state;
  }

  /** The presentation that is heard; `undefined` before the first. */
  get presentation(): Presentation | undefined {
    return this.#presentation;
  }

  /** A presentation begins, or goes on after a restart. */
  begin(): void {
    const isEnded = () => this.#state.phase === "ended";
    this.#presentation = {
      get ended() {
        return isEnded();
      },
    };
  }

  /** Whether all of it may go by `now`, on `Clock.awake`. */
  isOver(now: number): boolean {
    const state = this.#state;
    return "goesAt" in state && state.goesAt !== undefined && state.goesAt <= now;
  }

  /**
   * Moves it on.
   * @throws where `next` cannot follow
   */
  move(next: LifeState): void {
    const { phase } = this.#state;
    if (!FOLLOWS[phase].includes(next.phase)) {
      throw new Error(`Cannot move a presentation: ${next.phase} does not follow ${phase}`);
    }
    this.close();
    this.#state = next;
  }

  /** Stops its timer. */
  close(): void {
    if (this.#state.phase === "grace") this.#state.timer.cancel();
  }
}

type Phase = LifeState["phase"];

/** What may follow each phase. */
const FOLLOWS: Readonly<Record<Phase, readonly Phase[]>> = {
  "live": ["live", "grace", "ending", "ended", "elsewhere", "gone"],
  "grace": ["live", "ending", "elsewhere"],
  "ending": ["live", "ended", "elsewhere"],
  "ended": ["live", "ended", "elsewhere", "gone"],
  "elsewhere": ["gone"],
  "gone": [],
};
