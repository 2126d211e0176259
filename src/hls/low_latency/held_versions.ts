/** Versions of a playlist of low latency that players may not have yet. */
import type { LowVersion } from "./low_stream.ts";

/** Holds versions until players may have them, in their order. */
export class HeldVersions {
  readonly #show: (version: LowVersion) => void;
  /** Resolves once those may be shown that wait for it; `undefined` where none has to wait. */
  #keeping: Promise<void> | undefined;
  #held: LowVersion[] = [];
  /** Those that came since {@link freeze}; `undefined` while it is not frozen. */
  #frozen: LowVersion[] | undefined;

  /** @param show gives a version to players */
  constructor(show: (version: LowVersion) => void) {
    this.#show = show;
  }

  /** Resolves once what waits is shown; `undefined` where nothing has to wait. */
  get keeping(): Promise<void> | undefined {
    return this.#keeping;
  }

  /** Has versions wait for `kept`, and no longer for what they waited for before. */
  keep(kept: Promise<unknown>): void {
    const keeping = kept.then(() => {
      if (this.#keeping !== keeping) return;
      this.#keeping = undefined;
      for (const version of this.#held.splice(0)) this.#show(version);
    });
    this.#keeping = keeping;
  }

  /** Takes the next version. */
  take(version: LowVersion): void {
    if (this.#frozen !== undefined) this.#frozen.push(version);
    else if (this.#keeping === undefined) this.#show(version);
    else this.#held.push(version);
  }

  /** Has all wait that come from now on, until {@link thaw}. */
  freeze(): void {
    this.#frozen ??= [];
  }

  /** Ends {@link freeze}. */
  thaw(): void {
    const versions = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const version of versions) this.take(version);
  }

  /** Lets go of those that wait: they are of no use any more. */
  clear(): void {
    this.#keeping = undefined;
    this.#held = [];
    if (this.#frozen !== undefined) this.#frozen = [];
  }
}
