/** The level of the last moments, out of estimates of single frames. */
import { decibelsOf, powerOfDecibels } from "../audio/decibels.ts";

/** The last estimates, the oldest of which goes when there are too many. */
export class LevelWindow {
  /** Powers; `NaN` where the level was not known. */
  readonly #powers: Float64Array;
  #added = 0;

  /** @param size how many estimates it holds */
  constructor(size: number) {
    this.#powers = new Float64Array(size).fill(NaN);
  }

  clear(): void {
    this.#powers.fill(NaN);
  }

  /** @param levelDb in dBFS; -Infinity for digital silence, `undefined` where it is not known */
  add(levelDb: number | undefined): void {
    const power = levelDb === undefined ? NaN : powerOfDecibels(levelDb);
    this.#powers[this.#added++ % this.#powers.length] = power;
  }

  /**
   * The mean of those that are known, in dBFS; `undefined` where none is. Where there are several, the
   * loudest does not count: a click is no sound.
   */
  get levelDb(): number | undefined {
    let known = 0;
    let sum = 0;
    let loudest = 0;
    // Every broadcast asks all the time, and an iterator would be made anew for each.
    for (let i = 0; i < this.#powers.length; i++) {
      const power = this.#powers[i] ?? NaN;
      if (Number.isNaN(power)) continue;
      known++;
      sum += power;
      loudest = Math.max(loudest, power);
    }
    if (known === 0) return undefined;
    const mean = known === 1 ? sum : Math.max(0, sum - loudest) / (known - 1);
    return decibelsOf(mean);
  }
}
