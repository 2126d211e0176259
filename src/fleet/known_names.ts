/** What a box knows of the names of its fleet: what the registry told, and what it owns itself. */
import { BOX_LIFE_MS, lifeMsOf, type NameRecord } from "./registry.ts";
import { isSameOwner } from "./fleet_view.ts";

/** The names of a fleet, as one box knows them. Moments are on `Clock.monotonic`. */
export class KnownNames {
  readonly #names = new Map<string, KnownName>();
  /** Names that this box owns, and those that it gave up and has not told of yet. */
  readonly #own = new Map<string, NameRecord>();
  /** Names of {@link #own} whose record the registry has not got. */
  readonly #unsaved = new Set<string>();
  /** When old names are forgotten next. */
  #forgetsAt = 0;

  /** The latest record of a name; `undefined` where nothing is known of it. */
  find(name: string): NameRecord | undefined {
    return this.#own.get(name) ?? this.#names.get(name)?.record;
  }

  /** Whether this box owns the name. */
  owns(name: string): boolean {
    return (this.#own.get(name)?.state ?? "over") !== "over";
  }

  /** How many names this box owns. */
  get ownCount(): number {
    let count = 0;
    for (const { state } of this.#own.values()) if (state !== "over") count++;
    return count;
  }

  /** The records that the registry has not got. */
  get unsaved(): NameRecord[] {
    return Array.from(this.#unsaved, (name) => this.#own.get(name)).filter((own) =>
      own !== undefined
    );
  }

  /** This box owns the name, as the registry knows. */
  own(record: NameRecord): void {
    this.#own.set(record.name, record);
  }

  /** This box has changed what it owns: the registry is to be told. */
  put(record: NameRecord): void {
    this.own(record);
    this.#unsaved.add(record.name);
  }

  /** The registry has got this record. */
  saved(record: NameRecord, now: number): void {
    const { name } = record;
    if (this.#own.get(name) !== record) return;
    this.#unsaved.delete(name);
    if (record.state === "over") this.#letGo(record, now);
  }

  /** Everything that this box owns is to be saved again. */
  forgotten(): void {
    for (const name of this.#own.keys()) this.#unsaved.add(name);
  }

  /**
   * Takes what the registry tells of a name.
   * @param isAlive whether an owner runs, for all that is known
   * @returns whether that changed anything, and whether this box has lost the name by it
   */
  take(record: NameRecord, now: number, isAlive: (owner: NameRecord) => boolean): Taken {
    const own = this.#own.get(record.name);
    if (own !== undefined) {
      if (isSameOwner(record, own)) this.#correct(record, own);
      if (record.epoch < own.epoch || isSameOwner(record, own)) return UNCHANGED;
      this.#letGo(record, now);
      return own.state === "over" ? CHANGED : LOST;
    }
    const known = this.#names.get(record.name)?.record;
    // A registry that has forgotten a name may tell of an owner that knows no better: then who owns
    // it at a higher epoch tells of itself, if anybody does.
    const isOwned = known !== undefined && known.state !== "over" && isAlive(known);
    if (isOwned && record.epoch < known.epoch) return UNCHANGED;
    this.#names.set(record.name, { record, at: now });
    return CHANGED;
  }

  /**
   * Another owner has the name, and the registry refused this record of it.
   * @param to that owner's record
   * @returns whether this box had the name until now
   */
  lose({ name, epoch }: NameRecord, to: NameRecord, now: number): boolean {
    if (this.#own.get(name)?.epoch !== epoch) return false;
    this.#letGo(to, now);
    return true;
  }

  /**
   * Forgets names of which nothing was heard for as long as the registry keeps them; looks for them
   * once a minute.
   */
  forgetOld(now: number): string[] {
    if (now < this.#forgetsAt) return [];
    this.#forgetsAt = now + FORGET_MS;
    const old: string[] = [];
    for (const [name, { record, at }] of this.#names) {
      if (now - at > lifeMsOf(record) + BOX_LIFE_MS) old.push(name);
    }
    for (const name of old) this.#names.delete(name);
    return old;
  }

  /** Another box may have said that it is over, while this one was not to be reached. */
  #correct(told: NameRecord, own: NameRecord): void {
    if (told.state === "over" && own.state !== "over") this.#unsaved.add(own.name);
  }

  #letGo(record: NameRecord, now: number): void {
    this.#own.delete(record.name);
    this.#unsaved.delete(record.name);
    this.#names.set(record.name, { record, at: now });
  }
}

/** What a record of the registry's changed here. */
export interface Taken {
  readonly changed: boolean;
  /** Whether this box owned the name, and does no more. */
  readonly lost: boolean;
}

interface KnownName {
  readonly record: NameRecord;
  /** When it was told. */
  readonly at: number;
}

/** How often old names are looked for. */
const FORGET_MS = 60_000;
const UNCHANGED: Taken = { changed: false, lost: false };
const CHANGED: Taken = { changed: true, lost: false };
const LOST: Taken = { changed: true, lost: true };
