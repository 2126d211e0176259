/** What the fuzzer knows of a parser. */
import { crc32 } from "../../src/mpegts/crc32.ts";
import { Random } from "./random.ts";

/** An error class. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Something that reads bytes from outside. */
export interface Target {
  /** Letters, digits and `_`: names of files begin with it. */
  readonly name: string;
  /** Inputs to begin with, at least one. */
  readonly seeds: () => readonly Uint8Array[];
  /** Words that the format knows. */
  readonly tokens?: readonly (string | Uint8Array)[];
  /** No input is longer. Default 16 kB. */
  readonly maxBytes?: number;
  /** The errors that it may throw for input that is wrong; all others are bugs. */
  readonly errors: readonly ErrorClass[];
  /**
   * Reads one input, from a state that is always the same.
   * @returns what it came to, in few different words: inputs with another outcome are kept
   */
  readonly run: (input: Uint8Array) => Outcome | Promise<Outcome>;
}

/** What tells inputs apart that do different things. */
export type Outcome = string | number;

/** How many there were, so that 5 and 6 are the same and 5 and 50 are not. */
export function about(count: number): number {
  return count < 4 ? count : 2 + Math.floor(Math.log2(count));
}

/** The bytes of a text in UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text in an input, whatever bytes it has. */
export function textOf(input: Uint8Array): string {
  return decoder.decode(input);
}

/**
 * The input in pieces as a network may cut it: their lengths depend on its first bytes, so that they
 * are always the same for one input.
 */
export function* piecesOf(input: Uint8Array): Generator<Uint8Array> {
  const first = input[0] ?? 0;
  const length = first % 3 === 0
    ? Math.max(1, input.length)
    : 1 + (first * 7 + (input[1] ?? 0)) * 3;
  for (let at = 0; at < input.length; at += length) yield input.subarray(at, at + length);
}

/** As {@link piecesOf}, with another length for each piece; all bytes of the input decide on them. */
export function* randomPiecesOf(input: Uint8Array): Generator<Uint8Array> {
  const random = new Random(crc32(input));
  const longest = random.pick([1, 8, 64, 4096]);
  for (let at = 0; at < input.length;) {
    const end = at + 1 + random.below(longest);
    yield input.subarray(at, end);
    at = end;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
