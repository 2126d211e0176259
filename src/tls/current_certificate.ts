/**
 * The certificate that new connections get.
 *
 * @module
 */
import type { PemPair } from "./certificate.ts";

/** Holds the pair of the moment. Whoever makes a connection asks for it anew. */
export class CurrentCertificate<Pair extends PemPair = PemPair> {
  readonly #onReplaced: (() => void)[] = [];
  #pair: Pair;

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  get pair(): Pair {
    return this.#pair;
  }

  /** New connections get `pair`; others keep what they have. */
  replace(pair: Pair): void {
    this.#pair = pair;
    for (const tell of this.#onReplaced) tell();
  }

  /** Has `tell` called each time that it is replaced. */
  onReplaced(tell: () => void): void {
    this.#onReplaced.push(tell);
  }
}
