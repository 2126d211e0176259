/**
 * This box as one of a fleet: it tells the registry that it is alive and what it owns, and keeps what
 * is known while the registry is gone.
 *
 * @module
 */
import type { Clock, Timer } from "../session/clock.ts";
import { ChangeListeners } from "./change_listeners.ts";
import type { FleetChange, FleetView } from "./fleet_view.ts";
import { KnownBoxes } from "./known_boxes.ts";
import { KnownNames, type OwnChanges, type Telling } from "./known_names.ts";
import { Membership, type MembershipState } from "./membership.ts";
import { NameSaves } from "./name_saves.ts";
import {
  type BeatAnswer,
  type BoxLoad,
  type BoxRecord,
  type BoxState,
  type Changes,
  type Claimed,
  type KnownBox,
  type NameRecord,
  newRecord,
  type Ownership,
  type Registry,
  RegistryUnavailable,
} from "./registry.ts";

export interface MemberOptions {
  readonly clock: Clock;
  readonly registry: Registry;
  /** What does not change while the process runs. */
  readonly facts: Omit<BoxRecord, "load" | "state" | "alike">;
  readonly load: () => BoxLoad;
}

/** This box as one of a fleet. */
export class Member implements FleetView {
  readonly #options: MemberOptions;
  readonly #boxes = new KnownBoxes();
  readonly #names = new KnownNames();
  readonly #membership: Membership;
  readonly #listeners = new ChangeListeners();
  readonly #saves: NameSaves;
  #alike = "";
  #state: BoxState = "open";
  /** Of the last answer. */
  #version = 0;
  #asking: Promise<void> | undefined;
  #timer: Timer | undefined;

  constructor(options: MemberOptions) {
    this.#options = options;
    const { clock, registry } = options;
    const tell = (change: FleetChange) => this.#listeners.tell(change);
    this.#saves = new NameSaves({ clock, registry, names: this.#names, tell });
    this.#membership = new Membership(clock, options.facts.id);
  }

  /**
   * Joins the fleet, and stays in it until {@link stop}. Resolves when the registry has answered, and
   * a moment later where it does not.
   * @param alike see {@link BoxRecord.alike}
   */
  async start(alike: string): Promise<void> {
    const { clock } = this.#options;
    this.#alike = alike;
    this.#timer = clock.every(ASK_MS, () => void this.#ask());
    const moment = Promise.withResolvers<void>();
    const timer = clock.after(START_MS, moment.resolve);
    await Promise.race([this.#ask(), moment.promise]);
    timer.cancel();
  }

  /** Leaves the fleet: what it owned may be claimed by others. */
  async stop(): Promise<void> {
    const { registry, facts } = this.#options;
    this.#timer?.cancel();
    await this.#asking;
    try {
      if (this.#membership.isJoined) {
        await this.#saves.writeAll();
        await registry.leave(facts);
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      await registry.close();
    }
  }

  get box(): string {
    return this.#options.facts.id;
  }

  /** This run of the process: with {@link box}, who owns what this box owns. */
  get incarnation(): string {
    return this.#options.facts.incarnation;
  }

  /** Whether it is one of the fleet, and how the registry answers. */
  get membership(): MembershipState {
    return this.#membership;
  }

  /** How many names this box owns. */
  get ownedNames(): number {
    return this.#names.ownCount;
  }

  get boxes(): readonly KnownBox[] {
    return this.#boxes.at(this.#options.clock.monotonic());
  }

  find(name: string): NameRecord | undefined {
    return this.#names.find(name);
  }

  /** Whether this box owns a name. */
  owns(name: string): boolean {
    return this.#names.owns(name);
  }

  /** Whether the process runs that owns something, for all that is known. */
  isAlive(owner: Ownership): boolean {
    return this.#boxes.isAlive(owner);
  }

  ownerOf(name: string): KnownBox | undefined {
    const record = this.#names.find(name);
    return record === undefined || record.box === this.box ? undefined : this.boxOf(record.box);
  }

  boxOf(id: string): KnownBox | undefined {
    return this.#boxes.get(id);
  }

  placeOf(id: string): KnownBox | undefined {
    return this.#boxes.placeOf(id);
  }

  onChange(changed: (change: FleetChange) => void): void {
    this.#listeners.add(changed);
  }

  /** Tells the other boxes at once that this one takes broadcasts, or gives them away. */
  announce(state: BoxState): void {
    this.#state = state;
    this.#membership.beatNow();
    void this.#ask();
  }

  /**
   * Takes a name for this box. With the grant it owns the name; what it does with it is to be saved.
   * @param shown the epoch at which its owner has handed over
   * @throws {RegistryUnavailable} where this box is alone: then whoever goes on saves a record of this
   *   box at a higher epoch than that of {@link find}
   */
  async claim(name: string, shown?: number): Promise<Claimed> {
    const known = this.#names.find(name)?.epoch;
    const claimed = await this.#asJoined((registry) => {
      return registry.claim(name, this.#options.facts, { shown, known });
    });
    if (claimed.kind === "taken") {
      this.#learn("registry", [claimed.by]);
      return claimed;
    }
    const record = claimed.record ?? this.#names.find(name);
    this.#names.own({ ...(record ?? newRecord(name)), state: "live", ...claimed.own });
    return { ...claimed, record };
  }

  /**
   * Takes the latest record of a name that this box owns. The registry gets it soon, or once it is
   * back; whether another box has the name by then, {@link onChange} tells.
   */
  save(record: NameRecord): void {
    this.#names.put(record);
    void this.#saveSoon();
  }

  /** What this box tells of its names itself, where the registry cannot. */
  ownSince(version: number): OwnChanges {
    return this.#names.ownSince(version);
  }

  /** Takes what another box tells of names that it has. */
  learn(...records: readonly NameRecord[]): void {
    this.#learn("box", records);
  }

  /**
   * As {@link Registry.reserveSessionIds}.
   * @throws {RegistryUnavailable}
   */
  async reserveSessionIds(count: number): Promise<number> {
    return await this.#asJoined((registry) => registry.reserveSessionIds(count));
  }

  /**
   * Says that a name is over whose box is gone. It is not taken away: where that box had only lost the
   * registry, and has the name yet, it says so again.
   * @returns whether it is over; not where somebody has the name by now
   * @throws {RegistryUnavailable}
   */
  async sayOver(record: NameRecord): Promise<boolean> {
    const over: NameRecord = { ...record, state: "over" };
    const saved = await this.#asJoined((registry) => registry.save(over));
    this.#learn("registry", [saved.kind === "saved" ? over : saved.to]);
    return saved.kind === "saved";
  }

  async #asJoined<T>(ask: (registry: Registry) => Promise<T>): Promise<T> {
    if (!this.#membership.isJoined) throw new RegistryUnavailable("This box is alone");
    try {
      return await ask(this.#options.registry);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Asks what has changed, and beats where that is due; one call at a time. */
  #ask(): Promise<void> {
    return this.#asking ??= this.#askOnce().finally(() => this.#asking = undefined);
  }

  async #askOnce(): Promise<void> {
    try {
      const heard = await this.#call();
      if (heard.kind === "refused") this.#membership.refused(heard, this.#alike);
      else {
        this.#take(heard.changes);
        await this.#saveSoon();
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  async #call(): Promise<BeatAnswer> {
    const { registry, facts, load } = this.#options;
    if (!this.#membership.isBeatDue) {
      return { kind: "joined", changes: await registry.changes(this.#version) };
    }
    const record = { ...facts, load: load(), state: this.#state, alike: this.#alike };
    this.#membership.beats();
    const heard = await registry.beat(record, this.#version);
    this.#membership.heard();
    return heard;
  }

  #take({ version, renewed, boxes, names }: Changes): void {
    const now = this.#options.clock.monotonic();
    this.#version = version;
    if (renewed) {
      this.#boxes.interrupted();
      this.#names.forgotten();
      this.#membership.beatNow();
    }
    const boxesChanged = this.#boxes.take(boxes, now);
    this.#membership.joined(this.boxes);
    this.#learn("registry", names, this.#names.forgetOld(now), boxesChanged);
  }

  /** @param gone names of which nothing is known any more */
  #learn(
    by: Telling["by"],
    records: readonly NameRecord[],
    gone: readonly string[] = [],
    boxes = false,
  ): void {
    const now = this.#options.clock.monotonic();
    const isAlive = (owner: Ownership) => this.isAlive(owner);
    const { changed, lost } = this.#names.take(records, { by, now, isAlive });
    this.#listeners.tell({ names: [...gone, ...changed], lost, boxes });
  }

  /** @throws whatever is a bug */
  #failed(error: unknown): void {
    if (!(error instanceof RegistryUnavailable)) throw error;
    this.#boxes.interrupted();
    this.#membership.failed(error.message);
  }

  async #saveSoon(): Promise<void> {
    if (!this.#membership.isJoined) return;
    try {
      await this.#saves.writeAll();
    } catch (error) {
      this.#failed(error);
    }
  }
}

/** How often it asks what has changed, and so how soon a name is known elsewhere. */
const ASK_MS = 500;
/** How long the start waits for the registry. */
const START_MS = 1000;
