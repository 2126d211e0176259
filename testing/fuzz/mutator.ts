/** Makes new inputs out of known ones, as fuzzers do that know nothing of a format but its words. */
import type { Random } from "./random.ts";

/** Changes that one mutation makes at most. */
const MAX_CHANGES = 5;
/** How far a length field is moved at most. */
const MAX_STEP = 16;
/** Random bytes that are put in at once, at most. */
const MAX_NOISE = 16;
/** How often a part of an input is repeated, at most. */
const MAX_REPETITIONS = 64;

/** Where lengths, counts and indices go wrong. */
const INTERESTING = [
  ...[0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 187, 188, 189, 254, 255],
  ...[256, 257, 512, 1000, 1023, 1024, 1025, 4095, 4096, 8191, 8192, 32_767, 32_768, 65_535],
  ...[65_536, 98_304, 0xff_ffff, 0x100_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff],
];

type Change = (input: Uint8Array) => Uint8Array;

/** Mutates inputs: bits, bytes, integers, lengths, parts, words of the format, other inputs. */
export class Mutator {
  readonly #random: Random;
  readonly #tokens: readonly Uint8Array[];
  readonly #maxBytes: number;
  readonly #changes: readonly Change[] = [
    (input) => this.#flipBit(input),
    (input) => this.#setByte(input),
    (input) => this.#setInteger(input),
    (input) => this.#setInteger(input),
    (input) => this.#moveInteger(input),
    (input) => this.#moveInteger(input),
    (input) => this.#truncate(input),
    (input) => this.#remove(input),
    (input) => this.#repeat(input),
    (input) => this.#putInNoise(input),
    (input) => this.#putInToken(input),
    (input) => this.#putInToken(input),
  ];

  /**
   * @param tokens words that the format knows
   * @param maxBytes no input gets longer
   */
  constructor(random: Random, tokens: readonly Uint8Array[], maxBytes: number) {
    this.#random = random;
    this.#tokens = tokens;
    this.#maxBytes = maxBytes;
  }

  /** Another input, made of `input` and now and then of a part of `other`; both stay as they are. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let made: Uint8Array = this.#random.below(8) === 0 ? this.#splice(input, other) : input.slice();
    for (let left = 1 + this.#random.below(MAX_CHANGES); left > 0; left--) {
      made = this.#random.pick(this.#changes)(made);
    }
    return made.length > this.#maxBytes ? made.subarray(0, this.#maxBytes) : made;
  }

  #flipBit(input: Uint8Array): Uint8Array {
    const at = this.#random.below(input.length);
    if (at < input.length) input[at] = (input[at] ?? 0) ^ (1 << this.#random.below(8));
    return input;
  }

  #setByte(input: Uint8Array): Uint8Array {
    if (input.length > 0) input[this.#random.below(input.length)] = this.#random.below(256);
    return input;
  }

  /** Puts an interesting number in the place of 1, 2, 3, 4 or 8 bytes. */
  #setInteger(input: Uint8Array): Uint8Array {
    const size = this.#random.pick([1, 2, 3, 4, 8]);
    return this.#writeInteger(input, size, () => this.#random.pick(INTERESTING));
  }

  /** Makes 1, 2, 3 or 4 bytes that may be a length say a little more or less. */
  #moveInteger(input: Uint8Array): Uint8Array {
    const size = this.#random.pick([1, 2, 3, 4]);
    const step = this.#random.below(2 * MAX_STEP + 1) - MAX_STEP;
    return this.#writeInteger(input, size, (value) => value + step);
  }

  #writeInteger(input: Uint8Array, size: number, make: (value: number) => number): Uint8Array {
    if (input.length < size) return input;
    const at = this.#random.below(input.length - size + 1);
    const littleEndian = this.#random.below(4) === 0;
    const place = (i: number) => at + (littleEndian ? i : size - 1 - i);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + (input[place(i)] ?? 0);
    let rest = make(value);
    for (let i = 0; i < size; i++) {
      input[place(i)] = rest & 0xff;
      rest = Math.floor(rest / 256);
    }
    return input;
  }

  #truncate(input: Uint8Array): Uint8Array {
    return input.subarray(0, this.#random.below(input.length + 1));
  }

  #remove(input: Uint8Array): Uint8Array {
    const { start, end } = this.#part(input);
    return join(input.subarray(0, start), input.subarray(end));
  }

  #repeat(input: Uint8Array): Uint8Array {
    const { start, end } = this.#part(input);
    const length = end - start;
    const room = length === 0 ? 0 : Math.floor((this.#maxBytes - input.length) / length);
    const times = Math.min(1 + this.#random.below(MAX_REPETITIONS), room);
    if (times < 1) return input;
    const repeated = new Uint8Array(input.length + times * length);
    repeated.set(input.subarray(0, end));
    for (let i = 0; i < times; i++) repeated.set(input.subarray(start, end), end + i * length);
    repeated.set(input.subarray(end), end + times * length);
    return repeated;
  }

  #putInNoise(input: Uint8Array): Uint8Array {
    const noise = new Uint8Array(1 + this.#random.below(MAX_NOISE));
    for (let i = 0; i < noise.length; i++) noise[i] = this.#random.below(256);
    return this.#putIn(input, noise);
  }

  #putInToken(input: Uint8Array): Uint8Array {
    return this.#tokens.length === 0 ? input : this.#putIn(input, this.#random.pick(this.#tokens));
  }

  /** Between two bytes, or over those that are there. */
  #putIn(input: Uint8Array, piece: Uint8Array): Uint8Array {
    const at = this.#random.below(input.length + 1);
    const over = this.#random.below(2) === 0 ? piece.length : 0;
    return join(input.subarray(0, at), piece, input.subarray(at + over));
  }

  /** The beginning of one input and the end of another. */
  #splice(input: Uint8Array, other: Uint8Array): Uint8Array {
    const head = input.subarray(0, this.#random.below(input.length + 1));
    return join(head, other.subarray(this.#random.below(other.length + 1)));
  }

  /** Short parts more often than long ones. */
  #part(input: Uint8Array): { start: number; end: number } {
    const start = this.#random.below(input.length + 1);
    const longest = this.#random.below(4) === 0 ? input.length : 32;
    return { start, end: Math.min(input.length, start + this.#random.below(longest + 1)) };
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
