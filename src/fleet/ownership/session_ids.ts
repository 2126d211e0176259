/**
 * Session ids that no other box gives.
 *
 * @module
 */
import type { Clock } from "../../session/clock.ts";
import { type Registry, RegistryUnavailable } from "../registry.ts";

export interface SessionIdsOptions {
  readonly clock: Pick<Clock, "now">;
  readonly box: string;
  readonly registry: Pick<Registry, "nextSessionId">;
}

/** Has ids of the registry ready, and makes some where that is gone. */
export class SessionIds {
  readonly #options: SessionIdsOptions;
  readonly #ready: number[] = [];
  #filling: Promise<void> | undefined;
  #lastMade = 0;

  constructor(options: SessionIdsOptions) {
    this.#options = options;
  }

  /** Resolves once an id is ready, or the registry has not given one. */
  prepare(): Promise<void> | undefined {
    return this.#ready.length > 0 ? undefined : this.#fill();
  }

  /** An id that nobody has. */
  take(): number {
    const id = this.#ready.shift() ?? this.#make();
    if (this.#ready.length === 0) void this.#fill();
    return id;
  }

  #fill(): Promise<void> {
    return this.#filling ??= this.#ask().finally(() => this.#filling = undefined);
  }

  async #ask(): Promise<void> {
    try {
      while (this.#ready.length < READY) {
        this.#ready.push(await this.#options.registry.nextSessionId());
      }
    } catch (error) {
      if (!(error instanceof RegistryUnavailable)) throw error;
    }
  }

  /** The time in seconds, and behind it digits that each box has of its own. */
  #make(): number {
    const { clock, box } = this.#options;
    const seconds = Math.floor(clock.now() / SECOND);
    this.#lastMade = Math.max(seconds, this.#lastMade + 1);
    return this.#lastMade * SECOND + digitsOf(box);
  }
}

function digitsOf(box: string): number {
  let digits = 0;
  for (const letter of box) digits = (digits * 31 + letter.charCodeAt(0)) % SECOND;
  return digits;
}

/** So many are kept ready: several sessions may begin while the registry does not answer. */
const READY = 4;
/** In milliseconds, which ids count. */
const SECOND = 1000;
