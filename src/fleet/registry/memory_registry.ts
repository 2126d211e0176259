/** A registry in the memory of one process: for one box, and for tests of several. */
import type { Clock } from "../../session/clock.ts";
import { isSameOwner } from "../fleet_view.ts";
import { outranks } from "../precedence.ts";
import {
  type BeatAnswer,
  BOX_LIFE_MS,
  type BoxRecord,
  type Caller,
  type Changes,
  type Claimed,
  type KnownBox,
  type KnownEpochs,
  lifeMsOf,
  type NameRecord,
  newRecord,
  type Ownership,
  type Registry,
  type Saved,
} from "../registry.ts";

/** A registry in memory. All boxes of its fleet are handed the same one. */
export class MemoryRegistry implements Registry {
  readonly #clock: Clock;
  readonly #boxes = new Map<string, Told<BoxRecord>>();
  readonly #names = new Map<string, Told<NameRecord> & { readonly version: number }>();
  #version = 0;
  /** The version at which it began, or began again. */
  #born = 0;
  #sessionId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.forget();
  }

  /** Forgets everything. */
  forget(): void {
    this.#boxes.clear();
    this.#names.clear();
    this.#sessionId = 0;
    this.#born = ++this.#version;
  }

  beat(box: BoxRecord, since: number): Promise<BeatAnswer> {
    const boxes = this.#alive();
    const held = boxes.find(({ id }) => id === box.id);
    if (since > 0 && held !== undefined && held.incarnation !== box.incarnation) {
      return Promise.resolve({ kind: "refused", why: "replaced", by: held });
    }
    const unlike = boxes.find(({ id, alike }) => id !== box.id && alike !== box.alike);
    if (unlike !== undefined) {
      return Promise.resolve({ kind: "refused", why: "unlike", by: unlike });
    }
    this.#boxes.set(box.id, this.#toldNow(box));
    return Promise.resolve({ kind: "joined", changes: this.#changesSince(since) });
  }

  changes(since: number): Promise<Changes> {
    return Promise.resolve(this.#changesSince(since));
  }

  claim(name: string, box: Caller, epochs: KnownEpochs = {}): Promise<Claimed> {
    const { shown = 0, known = 0 } = epochs;
    const record = this.#find(name);
    if (record !== undefined && record.state !== "over") {
      const { epoch } = record;
      if (isSameOwner(record, { ...ownerOf(box), epoch })) {
        return Promise.resolve({ kind: "granted", record, own: ownershipOf(record) });
      }
      if (shown < epoch && this.#isAlive(record)) {
        return Promise.resolve({ kind: "taken", by: record });
      }
    }
    const own = { ...ownerOf(box), epoch: Math.max(record?.epoch ?? 0, shown, known) + 1 };
    this.#put({ ...(record ?? newRecord(name)), state: "live", ...own });
    return Promise.resolve({ kind: "granted", record, own });
  }

  save(record: NameRecord): Promise<Saved> {
    const before = this.#find(record.name);
    const runs = (owner: Ownership) => owner === record || this.#isAlive(owner);
    if (
      before !== undefined && !isSameOwner(before, record) && outranks(before, record, runs)
    ) {
      return Promise.resolve({ kind: "lost", to: before });
    }
    this.#put(record);
    return Promise.resolve({ kind: "saved" });
  }

  reserveSessionIds(count: number): Promise<number> {
    const first = Math.max(this.#clock.now(), this.#sessionId + 1);
    this.#sessionId = first + count - 1;
    return Promise.resolve(first);
  }

  leave({ id, incarnation }: Caller): Promise<void> {
    if (this.#boxes.get(id)?.what.incarnation === incarnation) this.#boxes.delete(id);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #changesSince(since: number): Changes {
    const renewed = since < this.#born;
    const names = [...this.#names.values()]
      .filter((told) => this.#isKept(told) && (renewed || told.version > since))
      .map(({ what }) => what);
    return { version: this.#version, renewed, boxes: this.#alive(), names };
  }

  #alive(): KnownBox[] {
    return [...this.#boxes.values()]
      .map(({ what, at }) => ({ ...what, ageMs: this.#ageOf(at) }))
      .filter(({ ageMs }) => ageMs < BOX_LIFE_MS);
  }

  #isAlive({ box, incarnation }: Ownership): boolean {
    return this.#alive().some((other) => other.id === box && other.incarnation === incarnation);
  }

  #find(name: string): NameRecord | undefined {
    const told = this.#names.get(name);
    return told !== undefined && this.#isKept(told) ? told.what : undefined;
  }

  #isKept({ what, at }: Told<NameRecord>): boolean {
    return this.#ageOf(at) < lifeMsOf(what);
  }

  #put(record: NameRecord): void {
    this.#names.set(record.name, { ...this.#toldNow(record), version: ++this.#version });
  }

  #toldNow<T>(what: T): Told<T> {
    return { what, at: this.#clock.monotonic() };
  }

  #ageOf(at: number): number {
    return this.#clock.monotonic() - at;
  }
}

/** What was told, and when, on `Clock.monotonic`. */
interface Told<T> {
  readonly what: T;
  readonly at: number;
}

function ownerOf({ id, incarnation }: Caller): Omit<Ownership, "epoch"> {
  return { box: id, incarnation };
}

function ownershipOf({ box, incarnation, epoch }: NameRecord): Ownership {
  return { box, incarnation, epoch };
}
