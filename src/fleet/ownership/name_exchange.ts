/**
 * What boxes tell each other of their names while the registry does not: a box that is without it asks
 * all others, and tells them what it has.
 *
 * @module
 */
import type { Clock, Timer } from "../../session/clock.ts";
import { OWN_PAGE, type OwnChanges } from "../known_names.ts";
import type { KnownBox, NameRecord } from "../registry.ts";

/** What a box tells of its names. */
export interface NameNews extends OwnChanges {
  /** Its run: versions are of that one. */
  readonly incarnation: string;
}

/** What a box asks another one. */
export interface NameQuestion {
  /** Of the answer before. */
  readonly since: Pick<NameNews, "incarnation" | "version">;
  /** What the asker tells of its own names. */
  readonly records: readonly NameRecord[];
}

export interface NameExchangeOptions {
  readonly clock: Pick<Clock, "every">;
  readonly directory: {
    readonly box: string;
    readonly incarnation: string;
    readonly boxes: readonly KnownBox[];
    readonly membership: { readonly isAlone: boolean };
    ownSince(version: number): OwnChanges;
    learn(...records: readonly NameRecord[]): void;
  };
  /** Asks a box; `undefined` where it does not answer. */
  readonly ask: (box: KnownBox, question: NameQuestion) => Promise<NameNews | undefined>;
}

/** Tells other boxes of the names of this one, and hears of theirs. */
export class NameExchange {
  readonly #options: NameExchangeOptions;
  /** By the id of the box. */
  readonly #heard = new Map<string, Heard>();
  /** Ids of boxes that are being asked. */
  readonly #asking = new Set<string>();
  readonly #timer: Timer;

  constructor(options: NameExchangeOptions) {
    this.#options = options;
    this.#timer = options.clock.every(ASK_MS, () => this.#askAll());
  }

  /** Another box asks, which is without the registry. */
  answer({ since, records }: NameQuestion): NameNews {
    const { directory } = this.#options;
    const { incarnation } = directory;
    directory.learn(...records);
    const version = since.incarnation === incarnation ? since.version : 0;
    return { incarnation, ...directory.ownSince(version) };
  }

  close(): void {
    this.#timer.cancel();
  }

  /** A box that does not answer keeps no other one waiting. */
  #askAll(): void {
    const { box, boxes } = this.#options.directory;
    for (const other of boxes) {
      const { id } = other;
      if (!this.#isAlone || id === box || this.#asking.has(id)) continue;
      this.#asking.add(id);
      void this.#ask(other).finally(() => this.#asking.delete(id));
    }
  }

  async #ask(box: KnownBox): Promise<void> {
    while (this.#isAlone && await this.#askOnce(box));
  }

  /** @returns whether there is more to say */
  async #askOnce(box: KnownBox): Promise<boolean> {
    const { directory, ask } = this.#options;
    const before = this.#heard.get(box.id) ?? NOTHING;
    const told = directory.ownSince(before.told);
    const news = await ask(box, { since: before.since, records: told.records });
    // The registry knows better.
    if (news === undefined || !this.#isAlone) return false;
    const { incarnation, version, records } = news;
    const isSameRun = before.told === 0 || incarnation === before.since.incarnation;
    const since = { incarnation, version };
    this.#heard.set(box.id, { since, told: isSameRun ? told.version : 0 });
    directory.learn(...records);
    return [told, news].some((page) => page.records.length === OWN_PAGE);
  }

  get #isAlone(): boolean {
    return this.#options.directory.membership.isAlone;
  }
}

/** How far a box has told, and was told. */
interface Heard {
  readonly since: NameQuestion["since"];
  /** Version of this box's own records. */
  readonly told: number;
}

/** As often as the registry is asked. */
const ASK_MS = 500;
const NOTHING: Heard = { since: { incarnation: "", version: 0 }, told: 0 };
