/** The inputs that others are made of: the seeds, and what did something that nothing did before. */
import type { Random } from "./random.ts";

const MAX_INPUTS = 512;
const MAX_BYTES = 2 ** 21;
/** Outcomes that are remembered; beyond that, nothing counts as new. */
const MAX_OUTCOMES = 8192;

/**
 * A bounded collection of inputs. Deno cannot tell cheaply which lines an input has reached, so what
 * an input came to stands for that: the kind of error, how much came out, the state at the end.
 */
export class Corpus {
  readonly #inputs: Uint8Array[] = [];
  readonly #seeds: number;
  /** Where the input of each outcome is, `undefined` where it had to go. */
  readonly #outcomes = new Map<string | number, number | undefined>();
  #bytes = 0;

  constructor(seeds: readonly Uint8Array[]) {
    for (const seed of seeds) this.#put(this.#inputs.length, seed.slice());
    this.#seeds = seeds.length;
  }

  get size(): number {
    return this.#inputs.length;
  }

  /** Different outcomes so far. */
  get outcomes(): number {
    return this.#outcomes.size;
  }

  get inputs(): readonly Uint8Array[] {
    return this.#inputs;
  }

  pick(random: Random): Uint8Array {
    return random.pick(this.#inputs);
  }

  /**
   * Takes an input in whose outcome is new, or in the place of a longer one with that outcome.
   * @returns whether the outcome is new
   */
  offer(input: Uint8Array, outcome: string | number, random: Random): boolean {
    if (this.#outcomes.has(outcome)) {
      const known = this.#outcomes.get(outcome);
      const longer = known === undefined ? undefined : this.#inputs[known];
      if (known !== undefined && longer !== undefined && input.length < longer.length) {
        this.#put(known, input.slice());
      }
      return false;
    }
    if (this.#outcomes.size === MAX_OUTCOMES) return false;
    const place = this.#placeFor(input, random);
    this.#outcomes.set(outcome, place);
    if (place !== undefined) this.#put(place, input.slice());
    return true;
  }

  /** At the end while there is room, then in the place of another one that is no seed. */
  #placeFor(input: Uint8Array, random: Random): number | undefined {
    const fits = this.#bytes + input.length <= MAX_BYTES;
    if (this.#inputs.length < MAX_INPUTS && fits) return this.#inputs.length;
    if (this.#inputs.length === this.#seeds) return undefined;
    const place = this.#seeds + random.below(this.#inputs.length - this.#seeds);
    const gone = this.#inputs[place];
    if (!fits && (gone === undefined || gone.length < input.length)) return undefined;
    for (const [outcome, at] of this.#outcomes) {
      if (at === place) this.#outcomes.set(outcome, undefined);
    }
    return place;
  }

  #put(place: number, input: Uint8Array): void {
    this.#bytes += input.length - (this.#inputs[place]?.length ?? 0);
    this.#inputs[place] = input;
  }
}
