/**
 * Session ids that no other box gives.
 *
 * @module
 */
import type { Clock } from "../../session/clock.ts";
import { type Registry, RegistryUnavailable } from "../registry.ts";

export interface SessionIdsOptions {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly box: string;
  readonly registry: Pick<Registry, "reserveSessionIds">;
}

/**
 * Has ids of the registry ready, for all who are about to take one and a few more; and makes some where
 * the registry is gone.
 */
export class SessionIds {
  readonly #options: SessionIdsOptions;
  readonly #ready: number[] = [];
  /** When those came for whom an id is kept, on `Clock.monotonic`. */
  readonly #comers: number[] = [];
  #filling: Promise<void> | undefined;
  #lastMade = 0;

  constructor(options: SessionIdsOptions) {
    this.#options = options;
  }

  /**
   * Resolves once an id is kept for the caller, or the registry has not given one. Callers need not
   * take theirs: after {@link KEPT_MS} it is anybody's.
   */
  async prepare(): Promise<void> {
    const now = this.#options.clock.monotonic();
    while ((this.#comers[0] ?? now) < now - KEPT_MS) this.#comers.shift();
    this.#comers.push(now);
    if (this.#spare >= 0) return;
    // What is on its way was asked for before, and may be for others alone.
    await this.#filling;
    if (this.#spare < 0) await this.#fill();
  }

  /** An id that nobody has. */
  take(): number {
    const id = this.#ready.shift() ?? this.#make();
    this.#comers.shift();
    if (this.#spare <= 0) void this.#fill();
    return id;
  }

  /** So many are ready beside those that are kept; less than 0 where some are missing. */
  get #spare(): number {
    return this.#ready.length - this.#comers.length;
  }

  #fill(): Promise<void> {
    return this.#filling ??= this.#ask().finally(() => this.#filling = undefined);
  }

  async #ask(): Promise<void> {
    const count = SPARE - this.#spare;
    try {
      const first = await this.#options.registry.reserveSessionIds(count);
      for (let id = first; id < first + count; id++) this.#ready.push(id);
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

/** So many are ready for nobody in particular: sessions may begin while the registry does not answer. */
const SPARE = 4;
/** For whom an id is kept takes it within this: so long may it take to get a name. */
const KEPT_MS = 15_000;
/** In milliseconds, which ids count. */
const SECOND = 1000;
