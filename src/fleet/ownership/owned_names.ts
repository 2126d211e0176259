/**
 * The names that this box owns: how it gets them, what it tells of them, and how it lets them go.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Timer } from "../../session/clock.ts";
import type { Names, NameWish } from "../../session/names.ts";
import type { FleetView } from "../fleet_view.ts";
import { type Caller, isUnheard, type NameRecord } from "../registry.ts";
import { type AbandonedDirectory, AbandonedNames } from "./abandoned_names.ts";
import {
  FREEZE_MS,
  type HandedName,
  type HandoverAnswer,
  type Handovers,
  type Leave,
  type LocalShows,
} from "./handover.ts";
import { behindEnd, NO_SESSION, nothingHeard, recordOf, toldAgain } from "./name_records.ts";
import type { OwnedName } from "./owned_name.ts";
import { type SessionIds } from "./session_ids.ts";
import { type NameDirectory, takeName, type TakeNameOptions } from "./take_name.ts";

/** What is told of own names, and heard of those of others. */
export interface NameBook extends NameDirectory, AbandonedDirectory, Pick<FleetView, "onChange"> {
  /** Keeps the latest record of a name of this box, and has the registry keep it. */
  save(record: NameRecord): void;
}

export interface OwnedNamesOptions extends TakeNameOptions {
  readonly directory: NameBook;
  readonly handovers: Handovers;
  readonly shows: LocalShows;
  readonly ids: SessionIds;
}

/** Numbers of a name that nothing has which is listed, or is about to be. */
export type OwnedNumbers = Pick<
  NameRecord,
  "mediaSequence" | "discontinuitySequence" | "endsAtMs"
>;

/** The names that this box owns. */
export class OwnedNames implements Names {
  readonly #options: OwnedNamesOptions;
  readonly #own = new Map<string, OwnedName>();
  /** Names that it is about to get. */
  readonly #taking = new Map<string, Promise<void>>();
  /** Looks after names whose boxes are gone. */
  readonly #abandoned: AbandonedNames;
  readonly #retelling: Timer;

  constructor(options: OwnedNamesOptions) {
    this.#options = options;
    const { clock, directory, handovers, lastSeen, shows } = options;
    this.#abandoned = new AbandonedNames({
      ...{ clock, directory, goesOn: (record) => this.#goesOn(record) },
      hasStill: async (record) => {
        const box = lastSeen(record);
        return box && await handovers.has(box, record.name);
      },
      onOver: (record) => shows.bury(record),
    });
    this.#retelling = clock.every(RETELL_MS, () => this.#retell());
    directory.onChange(({ names, lost }) => {
      for (const name of lost) this.#lose(name);
      for (const name of names) {
        this.#abandoned.watch(name);
        if (this.#isOthers(name)) this.#letGo(name);
      }
    });
  }

  owns(name: string): boolean {
    const own = this.#own.get(name);
    return own !== undefined && own.handed === undefined;
  }

  /** The epoch of a name that it owns, or owned last; `undefined` where others did. */
  epochOf(name: string): number | undefined {
    const { directory } = this.#options;
    const record = this.#own.get(name)?.record ?? directory.find(name);
    return record?.box === directory.box ? record.epoch : undefined;
  }

  sessionId(): number {
    return this.#options.ids.take();
  }

  async own(wish: NameWish): Promise<void> {
    const { name } = wish;
    await this.#options.ids.prepare();
    while (!this.owns(name)) {
      // Another box may get it now, or another client has this one get it.
      const before = this.#own.get(name)?.handed?.decided ?? this.#taking.get(name);
      if (before === undefined) return await this.#startTaking(wish);
      await before.catch(() => {});
    }
  }

  /** Numbers are told of a name before they are used. */
  number(name: string, numbers: OwnedNumbers): void {
    const own = this.#own.get(name);
    if (own === undefined) return;
    own.record = { ...own.record, ...numbers, toldAtMs: this.#options.clock.now() };
    this.#save(own);
  }

  /** Something has happened to the sessions of a name. */
  changed(name: string): void {
    const own = this.#own.get(name);
    if (own === undefined || own.handed !== undefined) return;
    if (this.#options.shows.facts(name) === undefined) this.#giveUp(own);
    else this.#save(own);
  }

  /** Another box asks for a name, on behalf of somebody who has come to it. */
  async handOver(wish: NameWish, to: Caller): Promise<HandoverAnswer> {
    const { name } = wish;
    await this.#taking.get(name)?.catch(() => {});
    const { shows } = this.#options;
    const may = this.#own.has(name) ? await shows.mayLeave(wish) : "free";
    const own = this.#own.get(name);
    if (own === undefined) {
      return { kind: "not-mine", record: this.#options.directory.find(name) };
    }
    const { handed } = own;
    if (handed?.to === to.incarnation) return handed.answer;
    if (handed !== undefined) return { kind: "refused", later: true };
    if (may === "no" || may === "later") return { kind: "refused", later: may === "later" };
    return this.#handOver(own, to, may);
  }

  /** Whether it has a name, also where another box may be about to get that. */
  has(name: string): boolean {
    return this.#own.has(name);
  }

  /** Another box tells that it has a name. */
  taken(record: NameRecord): void {
    this.#options.directory.learn(record);
  }

  /** The server stops: other boxes may go on with what it has. */
  leave(): void {
    for (const own of this.#own.values()) {
      this.#save(own);
      this.#forget(own);
      this.#options.directory.save(behindEnd({ ...own.record, state: "held" }));
    }
  }

  /** Stops all timers. */
  close(): void {
    this.#abandoned.close();
    this.#retelling.cancel();
    for (const { handed, unused } of this.#own.values()) {
      handed?.timer.cancel();
      unused?.cancel();
    }
  }

  /** Whether another box has a name that runs. */
  #isOthers(name: string): boolean {
    const { directory } = this.#options;
    const record = directory.find(name);
    return record !== undefined && record.box !== directory.box && !this.#own.has(name) &&
      directory.isAlive(record);
  }

  async #startTaking(wish: NameWish): Promise<void> {
    const { name } = wish;
    const taking = this.#take(wish).finally(() => this.#taking.delete(name));
    this.#taking.set(name, taking);
    await taking;
  }

  async #take(wish: NameWish): Promise<void> {
    const { clock, directory, shows, handovers, proves } = this.#options;
    const got = await takeName(wish, this.#options);
    const { before, from, handed } = got;
    const goesOn = before !== undefined && this.#goesOn(before) &&
      // Whoever waits for its first audio has it for himself.
      (handed !== undefined || before.createdAtMs > 0 || proves(wish, before.sessionId));
    const record = recordOf(wish, got, goesOn);
    const owned: OwnedName = {
      ...{ record, handed: undefined, unused: undefined },
      isUnheard: before === undefined || isUnheard(before),
    };
    this.#own.set(wish.name, owned);
    directory.save(record);
    if (from !== undefined) void handovers.taken(from, record);
    const { state, isProven = false } = handed ?? {};
    shows.takeOver({ wish, before, goesOn, state, isProven });
    // Who has asked may be gone by now.
    owned.unused = clock.after(UNUSED_MS, () => this.changed(wish.name));
  }

  /** Whether the session of a record goes on: where nobody came back in time, it is over. */
  #goesOn({ state, sessionId, toldAtMs, holdMs }: NameRecord): boolean {
    if (state === "over" || sessionId === 0) return false;
    return toldAtMs === 0 || this.#options.clock.now() - toldAtMs < holdMs + UNTOLD_MS;
  }

  #handOver(own: OwnedName, to: Caller, may: Leave): HandedName {
    const { clock, shows } = this.#options;
    const { name } = own.record;
    const state = shows.freeze(name);
    const decided = Promise.withResolvers<void>();
    const timer = clock.after(FREEZE_MS, () => {
      own.handed = undefined;
      logger.warn("{name} is not taken by {box}, so it goes on here", { name, box: to.id });
      shows.thaw(name);
      this.changed(name);
      decided.resolve();
    });
    this.#save(own);
    const record = may === "as new" ? { ...own.record, ...NO_SESSION } : own.record;
    const answer: HandedName = { kind: "handed", record, isProven: may === "proven", state };
    const { promise, resolve } = decided;
    own.handed = { to: to.incarnation, answer, timer, decided: promise, decide: resolve };
    return answer;
  }

  #lose(name: string): void {
    const own = this.#own.get(name);
    if (own === undefined) return;
    this.#forget(own);
    logger.info("{name} goes on at another box", { name });
    this.#letGo(name);
    own.handed?.decide();
  }

  /** Names of which nothing new was told for a while are told of again: they are there. */
  #retell(): void {
    const now = this.#options.clock.now();
    for (const own of this.#own.values()) {
      if (now - own.record.toldAtMs < RETELL_MS) continue;
      own.record = toldAgain(own.record, now);
      this.#save(own);
    }
  }

  #letGo(name: string): void {
    const { directory, shows } = this.#options;
    const record = directory.find(name);
    const other = record?.box === directory.box ? undefined : record;
    // Who has claimed it may not have told more than that so far.
    shows.letGo(name, other?.sessionId || undefined);
  }

  /** Its last session is over. */
  #giveUp(own: OwnedName): void {
    this.#forget(own);
    const end = own.isUnheard ? nothingHeard(own.record) : behindEnd(own.record);
    this.#options.directory.save({ ...end, state: "over" });
  }

  #forget(own: OwnedName): void {
    this.#own.delete(own.record.name);
    own.handed?.timer.cancel();
    own.unused?.cancel();
  }

  #save(own: OwnedName): void {
    const { directory, shows } = this.#options;
    own.record = { ...own.record, ...shows.facts(own.record.name) };
    own.isUnheard &&= own.record.createdAtMs === 0;
    directory.save(own.record);
  }
}

/** A name that nobody has published within this is given up. */
const UNUSED_MS = 5000;
/** How often it is told of a name that it is there. */
const RETELL_MS = 60_000;
/** For so long an owner may have said nothing new of a name that goes on. */
const UNTOLD_MS = 120_000;

const logger = getLogger(["echo", "fleet"]);
