/** A moment in wall time: the same each time it is told, until the clock of the box is set. */
import { type Clock, wallTimeOf } from "./clock.ts";

/** A clock that is off by this from where it would be has been set. */
const SET_MS = 1000;

/** When something was, as it is told by the box's clock: the same each time, until that is set. */
export class Moment {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  readonly #at: number;
  #told: number;

  /** @param wallMs when it was, by the box's clock; now, by default */
  constructor(clock: Pick<Clock, "now" | "monotonic">, wallMs: number = clock.now()) {
    this.#clock = clock;
    this.#at = clock.monotonic() - (clock.now() - wallMs);
    this.#told = wallMs;
  }

  /** In milliseconds since the epoch. */
  get wallMs(): number {
    const wallMs = wallTimeOf(this.#clock, this.#at);
    if (Math.abs(wallMs - this.#told) >= SET_MS) this.#told = wallMs;
    return this.#told;
  }
}
