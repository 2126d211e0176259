/**
 * Where the numbering of names goes on that are not on air.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import type { NameStates } from "./name_states.ts";
import type { Numbering } from "./window.ts";

/** Remembers the numbering of each name for a day after its release. */
export class Numberings {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #states: Pick<NameStates, "forget">;
  readonly #released = new Map<string, Released>();

  constructor(clock: Pick<Clock, "monotonic">, states: Pick<NameStates, "forget">) {
    this.#clock = clock;
    this.#states = states;
  }

  /** Where the numbering of `name` goes on; `undefined` where it is not known. */
  get(name: string): Numbering | undefined {
    return this.#released.get(name)?.numbering;
  }

  /**
   * Remembers where the numbering of `name` goes on.
   * @param ageMs how long ago the name was released
   */
  set(name: string, numbering: Numbering, ageMs = 0): void {
    this.#released.set(name, { numbering, at: this.#clock.monotonic() - ageMs });
  }

  /**
   * Forgets names that were released a day ago, also on disk. Called every second or so.
   * @param isInUse whether something is served under a name
   */
  sweep(isInUse: (name: string) => boolean): void {
    const now = this.#clock.monotonic();
    for (const [name, { at }] of this.#released) {
      if (now - at < FORGET_MS || isInUse(name)) continue;
      this.#released.delete(name);
      this.#states.forget(name);
    }
  }
}

interface Released {
  readonly numbering: Numbering;
  /** When, on {@link Clock.monotonic}. */
  readonly at: number;
}

const FORGET_MS = 24 * 3_600_000;
