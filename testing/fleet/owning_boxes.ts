/**
 * Boxes that own names, in one process: with a registry, links between them, clocks of their own, and
 * faults of all of these.
 *
 * @module
 */
import type { Handovers } from "../../src/fleet/ownership/handover.ts";
import type { NameExchangeOptions } from "../../src/fleet/ownership/name_exchange.ts";
import { type KnownBox, type Registry, RegistryUnavailable } from "../../src/fleet/registry.ts";
import { MemoryRegistry } from "../../src/fleet/registry/memory_registry.ts";
import { FakeClock } from "../fake_clock.ts";
import { SEGMENT_MS } from "./modelled_shows.ts";
import { type AroundBox, OwningBox, STEP_MS } from "./owning_box.ts";

/** Boxes, what is between them, and their registry. */
export class OwningFleet implements AroundBox {
  readonly registryClock = new FakeClock();
  readonly registry = new MemoryRegistry(this.registryClock);
  readonly boxes: readonly OwningBox[];
  /** Boxes that do not reach the registry. */
  readonly cutFromRegistry = new Set<OwningBox>();
  /** Pairs of boxes that do not reach each other. */
  readonly #cut = new Set<string>();
  /** Whether the registry stands still: it answers nothing in time. */
  isPaused = false;
  #elapsedMs = 0;

  constructor(ids: readonly string[]) {
    this.boxes = ids.map((id, i) => new OwningBox(id, this, i * SKEW_MS));
  }

  /** Cuts two boxes off each other, or mends that. */
  cut(a: OwningBox, b: OwningBox, isCut: boolean): void {
    const pair = [a.id, b.id].sort().join();
    if (isCut) this.#cut.add(pair);
    else this.#cut.delete(pair);
  }

  /** Mends everything but what was killed. */
  mend(): void {
    this.cutFromRegistry.clear();
    this.#cut.clear();
    this.isPaused = false;
    for (const box of this.boxes) box.isStopped = false;
  }

  /** Lets time pass everywhere. @param onStep called after each step */
  async pass(ms: number, onStep: () => void = () => {}): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.#elapsedMs += STEP_MS;
      await this.registryClock.advance(STEP_MS);
      const isDue = this.#elapsedMs % SEGMENT_MS === 0;
      for (const box of this.boxes) await box.step(isDue);
      onStep();
    }
  }

  /** A box that another one reaches, in the run that it knows of. */
  reach(from: OwningBox, to: Pick<KnownBox, "id">): OwningBox | undefined {
    const box = this.boxes.find(({ id }) => id === to.id);
    const pair = [from.id, to.id].sort().join();
    return box === undefined || !box.runs || box.isStopped || this.#cut.has(pair) ? undefined : box;
  }

  /** How a box asks others. */
  linksOf(from: OwningBox): Handovers {
    const late = (ms: number) => {
      return new Promise<undefined>((resolve) => from.clock.after(ms, () => resolve(undefined)));
    };
    return {
      ask: async (owner, wish) => {
        const box = this.reach(from, owner);
        if (box === undefined) return await late(1500);
        const caller = { id: from.id, incarnation: from.member.incarnation };
        const answer = box.names.handOver(wish, caller).then((it) => structuredClone(it));
        return await Promise.race([answer, late(1500)]);
      },
      has: (box, name) => Promise.resolve(this.reach(from, box)?.names.has(name)),
      taken: (before, record) => {
        this.reach(from, before)?.names.taken(record);
        return Promise.resolve();
      },
    };
  }

  /** How a box asks others for what they have. */
  namesFor(from: OwningBox): NameExchangeOptions["ask"] {
    return async (to, question) => {
      const box = this.reach(from, to);
      if (box !== undefined) return structuredClone(box.exchange.answer(structuredClone(question)));
      await new Promise<void>((resolve) => from.clock.after(1500, resolve));
      return undefined;
    };
  }

  /** How a box asks the registry. */
  registryFor(box: OwningBox): Registry {
    const { registry } = this;
    const { clock } = box;
    const pass = async <T>(call: () => Promise<T>): Promise<T> => {
      if (this.isPaused) await new Promise<void>((resolve) => clock.after(1000, resolve));
      if (this.isPaused || this.cutFromRegistry.has(box)) {
        throw new RegistryUnavailable("It does not answer");
      }
      return structuredClone(await call());
    };
    return {
      beat: (...args) => pass(() => registry.beat(...args)),
      changes: (...args) => pass(() => registry.changes(...args)),
      claim: (...args) => pass(() => registry.claim(...args)),
      save: (...args) => pass(() => registry.save(...args)),
      reserveSessionIds: (...args) => pass(() => registry.reserveSessionIds(...args)),
      leave: (...args) => pass(() => registry.leave(...args)),
      close: () => Promise.resolve(),
    };
  }
}

/** By how much the clocks of two boxes differ. */
const SKEW_MS = 900;
