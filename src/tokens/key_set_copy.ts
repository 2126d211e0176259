/** The key set as a thread has it that serves listeners. */
import type { Clock } from "../session/clock.ts";
import type { KeySource } from "./key_set.ts";
import { readSigningKeys, type SigningKeys } from "./signing_keys.ts";

export interface KeySetCopyOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** The key set's JSON at the beginning; `undefined` where there is none so far. */
  readonly text: string | undefined;
  /** Asks whoever has the key set for a newer one, which comes by {@link KeySetCopy.take}. */
  readonly ask: () => void;
}

/** A copy of the key set. It asks for a newer one once a second at most, whatever is shown to it. */
export class KeySetCopy implements KeySource {
  readonly #options: KeySetCopyOptions;
  #keys: SigningKeys | undefined;
  #asked: PromiseWithResolvers<void> | undefined;
  #askedAt = -Infinity;

  constructor(options: KeySetCopyOptions) {
    this.#options = options;
    this.#keep(options.text);
  }

  get keys(): SigningKeys | undefined {
    return this.#keys;
  }

  renew(): Promise<void> {
    if (this.#asked !== undefined) return this.#asked.promise;
    const now = this.#options.clock.monotonic();
    if (now - this.#askedAt < PAUSE_MS) return Promise.resolve();
    this.#askedAt = now;
    this.#asked = Promise.withResolvers();
    this.#options.ask();
    return this.#asked.promise;
  }

  /** Takes what there is now: because it was asked for, or because it is new. */
  take(text: string | undefined): void {
    this.#keep(text);
    this.#asked?.resolve();
    this.#asked = undefined;
  }

  #keep(text: string | undefined): void {
    if (text !== undefined && text !== this.#keys?.text) this.#keys = readSigningKeys(text);
  }
}

const PAUSE_MS = 1000;
