/** What a box knows of the names of its fleet: what the registry told, and what it owns itself. */
import { BOX_LIFE_MS, lifeMsOf, type NameRecord, type Ownership } from "./registry.ts";
import { isSameOwner } from "./fleet_view.ts";
import { outranks } from "./precedence.ts";

/** The names of a fleet, as one box knows them. Moments are on `Clock.monotonic`. */
export class KnownNames {
  readonly #names = new Map<string, KnownName>();
  /** Names that this box owns, and those that it gave up and has not told of yet. */
  readonly #own = new Map<string, NameRecord>();
  /**
   * Names whose record the registry has not got: of {@link #own}, and of boxes that tell others of
   * them and not the registry.
   */
  readonly #unsaved = new Set<string>();
  /** Of the names of which this box itself tells, the version of its last record; the oldest first. */
  readonly #versions = new Map<string, number>();
  #version = 0;
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
    return Array.from(this.#unsaved).flatMap((name) => this.find(name) ?? []);
  }

  /** What this box itself has told of names behind a version, as far as nobody else has them now. */
  ownSince(version: number): OwnChanges {
    const changed = [...this.#versions].filter(([, at]) => at > version).slice(0, OWN_PAGE);
    const records = changed.flatMap(([name]) => this.find(name) ?? []);
    return { version: changed.at(-1)?.[1] ?? version, records };
  }

  /** This box owns the name, as the registry knows. */
  own(record: NameRecord): void {
    const { name } = record;
    this.#own.set(name, record);
    this.#versions.delete(name);
    this.#versions.set(name, ++this.#version);
  }

  /** This box has changed what it owns: the registry is to be told. */
  put(record: NameRecord): void {
    this.own(record);
    this.#unsaved.add(record.name);
  }

  /** The registry has got this record. */
  saved(record: NameRecord, now: number): void {
    const { name } = record;
    if (this.find(name) !== record) return;
    this.#unsaved.delete(name);
    if (this.owns(name)) return;
    this.#own.delete(name);
    this.#names.set(name, { record, at: now, by: "registry" });
  }

  /** Everything that this box owns is to be saved again. */
  forgotten(): void {
    for (const name of this.#own.keys()) this.#unsaved.add(name);
  }

  /** Takes what is told of names. */
  take(records: readonly NameRecord[], telling: Telling): Taken {
    const changed: string[] = [];
    const lost: string[] = [];
    for (const record of records) {
      const had = this.owns(record.name);
      if (!this.#takeOne(record, telling)) continue;
      changed.push(record.name);
      if (had) lost.push(record.name);
    }
    return { changed, lost };
  }

  /** @returns whether something changed */
  #takeOne(record: NameRecord, telling: Telling): boolean {
    const own = this.#own.get(record.name);
    if (own === undefined) return this.#takeOthers(record, telling);
    const runs = (owner: Ownership) => owner === own || telling.isAlive(owner);
    if (isSameOwner(record, own) || !outranks(record, own, runs)) {
      this.#correct(record, own);
      return false;
    }
    this.#letGo(record, telling);
    return true;
  }

  #takeOthers(record: NameRecord, { by, now, isAlive }: Telling): boolean {
    const { name } = record;
    const known = this.#names.get(name);
    const isOther = known !== undefined && !isSameOwner(record, known.record);
    if (isOther && this.#isEarlier(record, known, { by, now, isAlive })) return false;
    if (isOther) this.#versions.delete(name);
    if (by === "registry") this.#unsaved.delete(name);
    const first = isOther || by === "registry" ? by : known?.by ?? by;
    this.#names.set(name, { record, at: now, by: first });
    return true;
  }

  /** Whether a record tells of an owner who had the name before the one that is known. */
  #isEarlier(
    record: NameRecord,
    { record: known, by: knownBy }: KnownName,
    telling: Telling,
  ): boolean {
    const { by, isAlive } = telling;
    if (known.state === "over") return false;
    if (by === "box") return outranks(known, record, isAlive);
    // Of one epoch the registry has decided itself.
    if (record.epoch >= known.epoch) return false;
    if (isAlive(known)) return true;
    // A registry that has forgotten a name may tell of an owner that knows no better: it is right. But
    // it has to be told of an owner of whom it has not heard.
    if (knownBy === "box") this.#unsaved.add(record.name);
    return knownBy === "box";
  }

  /**
   * Another owner has the name, and the registry refused this record of it.
   * @param to that owner's record
   * @returns whether that changed anything
   */
  lose({ name, epoch }: NameRecord, to: NameRecord, now: number): boolean {
    if (this.find(name)?.epoch !== epoch) return false;
    this.#letGo(to, { now, by: "registry" });
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
    for (const name of old) {
      this.#names.delete(name);
      if (!this.#own.has(name)) this.#versions.delete(name);
    }
    return old;
  }

  /**
   * Another box may have said that it is over, or that it has the name itself, while this one was not
   * to be reached.
   */
  #correct(told: NameRecord, own: NameRecord): void {
    const isWrong = isSameOwner(told, own)
      ? told.state === "over" && own.state !== "over"
      : told.epoch === own.epoch;
    if (isWrong) this.#unsaved.add(own.name);
  }

  #letGo(record: NameRecord, { now, by }: Omit<Telling, "isAlive">): void {
    this.#own.delete(record.name);
    this.#unsaved.delete(record.name);
    this.#versions.delete(record.name);
    this.#names.set(record.name, { record, at: now, by });
  }
}

/** What a box tells of names that it owns, or gave up itself. */
export interface OwnChanges {
  /** Of the last of these records. */
  readonly version: number;
  /** {@link OWN_PAGE} at most: then there may be more behind them. */
  readonly records: readonly NameRecord[];
}

/** How something is told of a name. */
export interface Telling {
  readonly by: "registry" | "box";
  readonly now: number;
  /** Whether an owner runs, for all that is known. */
  readonly isAlive: (owner: Ownership) => boolean;
}

/** What changed here by what was told. */
export interface Taken {
  /** Names. */
  readonly changed: readonly string[];
  /** Those of them that this box owned, and does no more. */
  readonly lost: readonly string[];
}

interface KnownName {
  readonly record: NameRecord;
  /** When it was told. */
  readonly at: number;
  /** Who told first that its owner has it. */
  readonly by: Telling["by"];
}

/** So many records fit in a request between boxes. */
export const OWN_PAGE = 200;
/** How often old names are looked for. */
const FORGET_MS = 60_000;
