/** A fleet of three boxes with a name on air, its players, and whatever goes wrong. */
import assert from "node:assert/strict";
import { ModelDj } from "./model_dj.ts";
import type { Seen } from "./modelled_shows.ts";
import { type OwningBox, STEP_MS } from "./owning_box.ts";
import { OwningFleet } from "./owning_boxes.ts";

/** Something that goes wrong. */
export interface Fault {
  readonly kind:
    | "kill"
    | "kill all"
    | "stop"
    | "cut box"
    | "cut link"
    | "cut all"
    | "pause"
    | "forget"
    | "move"
    | "second DJ";
  /** Which box, by number. */
  readonly box: number;
  /** How long it lasts. */
  readonly forMs: number;
}

/** Polls all boxes, and finds what never may be. */
export class FleetPlayer {
  readonly sessionIds = new Set<number>();
  readonly #name: string;
  readonly #last = new Map<OwningBox, Seen>();

  constructor(name: string) {
    this.#name = name;
  }

  /** @throws {assert.AssertionError} where a sequence or a time goes back at a box */
  look({ boxes }: OwningFleet): void {
    for (const box of boxes) {
      if (!box.runs || box.isStopped) continue;
      const id = box.shows.sessionOf(this.#name);
      if (id !== undefined) this.sessionIds.add(id);
      const seen = box.playlist(this.#name);
      if (seen === undefined) continue;
      const last = this.#last.get(box) ?? seen;
      const text = `at ${box.id}: ${JSON.stringify(last)}, then ${JSON.stringify(seen)}`;
      assert.ok(seen.sequence >= last.sequence, `the sequence went back ${text}`);
      assert.ok(seen.endsAtMs >= last.endsAtMs, `the time went back ${text}`);
      this.#last.set(box, seen);
    }
  }
}

/** Three boxes, a DJ, players, and faults. */
export class FaultyFleet {
  readonly #fleet = new OwningFleet(["a", "b", "c"]);
  readonly #player = new FleetPlayer(NAME);
  readonly #djs: ModelDj[] = [];
  readonly #random: () => number;
  readonly #key: string | undefined;
  #elapsedMs = 0;
  /** What is to be mended, and when. */
  #due: { readonly atMs: number; readonly mend: () => void }[] = [];
  /** When the registry was told last what it has to know, or may not have been. */
  #untoldAtMs = -Infinity;
  /** When a box was started last, that had run before. */
  #startedAtMs = -Infinity;

  private constructor(hasKey: boolean, seed: number) {
    this.#random = randomFrom(seed);
    for (const box of this.#fleet.boxes) box.start();
    this.#key = hasKey ? this.#fleet.boxes[0]?.keys.create(NAME).token : undefined;
  }

  /** Starts three boxes, and a show. @param seed decides what chance does */
  static async start(hasKey: boolean, seed: number): Promise<FaultyFleet> {
    const fleet = new FaultyFleet(hasKey, seed);
    await fleet.pass(3000);
    fleet.#djs.push(fleet.#dj("192.0.2.7", true));
    await fleet.pass(3000);
    return fleet;
  }

  /** Ids of boxes that own the name. */
  get owners(): readonly string[] {
    const { boxes } = this.#fleet;
    return boxes.filter((box) => box.runs && box.names.owns(NAME)).map(({ id }) => id);
  }

  /** Whether a DJ publishes where the name is. */
  get isOnAir(): boolean {
    return this.#djs.some(({ box }) => box?.runs && box.names.owns(NAME));
  }

  get sessionIds(): ReadonlySet<number> {
    return this.#player.sessionIds;
  }

  /** Lets time pass while players look. */
  async pass(ms: number): Promise<void> {
    await this.#fleet.pass(Math.ceil(ms / STEP_MS) * STEP_MS, () => {
      this.#elapsedMs += STEP_MS;
      this.#player.look(this.#fleet);
      for (const dj of this.#djs) dj.look(STEP_MS);
      const isDue = ({ atMs }: { readonly atMs: number }) => atMs <= this.#elapsedMs;
      const due = this.#due.filter(isDue);
      this.#due = this.#due.filter((it) => !isDue(it));
      for (const { mend } of due) mend();
    });
  }

  /** Something happens now. */
  happen({ kind, box: number, forMs }: Fault): void {
    const { boxes, cutFromRegistry, registry } = this.#fleet;
    const box = boxes[number];
    const other = boxes[(number + 1) % boxes.length];
    if (box === undefined || other === undefined) throw new Error(`There is no box ${number}`);
    const later = (mend: () => void) => {
      this.#due.push({ atMs: this.#elapsedMs + forMs, mend });
    };
    // What only the registry knows is gone with it, and what only a box knows with that.
    if (REGISTRY_FAULTS.has(kind) && !this.#isKnownToBoxes) return;
    switch (kind) {
      case "kill":
        return this.#kill([box], later);
      case "kill all":
        return this.#kill(boxes, later);
      case "stop":
        box.isStopped = true;
        return later(() => box.isStopped = false);
      case "cut box":
        cutFromRegistry.add(box);
        return later(() => this.#told(() => cutFromRegistry.delete(box)));
      case "cut all":
        for (const each of boxes) cutFromRegistry.add(each);
        return later(() => this.#told(() => cutFromRegistry.clear()));
      case "cut link":
        this.#fleet.cut(box, other, true);
        return later(() => this.#fleet.cut(box, other, false));
      case "pause":
        this.#fleet.isPaused = true;
        return later(() => this.#told(() => this.#fleet.isPaused = false));
      case "forget":
        registry.forget();
        this.#untoldAtMs = this.#elapsedMs;
        return;
      case "move":
        return this.#djs[0]?.move();
      case "second DJ":
        this.#djs.push(this.#dj("198.51.100.1", false));
    }
  }

  /** Everything works again. */
  mend(): void {
    for (const { mend } of this.#due) mend();
    this.#due = [];
    this.#fleet.mend();
    for (const dj of this.#djs.splice(1)) dj.leave();
  }

  stop(): void {
    for (const box of this.#fleet.boxes) box.kill();
  }

  #kill(boxes: readonly OwningBox[], later: (mend: () => void) => void): void {
    if (!this.#isKnownToRegistry) return;
    for (const box of boxes) if (box.runs) box.kill();
    later(() => {
      for (const box of boxes) if (!box.runs) box.start();
      this.#startedAtMs = this.#elapsedMs;
    });
  }

  get #isKnownToRegistry(): boolean {
    const { cutFromRegistry, isPaused } = this.#fleet;
    const isTold = this.#elapsedMs - this.#untoldAtMs > TOLD_WITHIN_MS;
    return cutFromRegistry.size === 0 && !isPaused && isTold;
  }

  get #isKnownToBoxes(): boolean {
    const isTold = this.#elapsedMs - this.#startedAtMs > TOLD_WITHIN_MS;
    return this.#fleet.boxes.every(({ runs }) => runs) && isTold && this.owners.length > 0;
  }

  #told(mend: () => void): void {
    mend();
    this.#untoldAtMs = this.#elapsedMs;
  }

  #dj(address: string, isStubborn: boolean): ModelDj {
    return new ModelDj({
      ...{ fleet: this.#fleet, name: NAME, address, isStubborn, key: this.#key },
      choose: (count) => Math.floor(this.#random() * count),
    });
  }
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

const NAME = "show";
const REGISTRY_FAULTS: ReadonlySet<string> = new Set(["cut box", "cut all", "pause", "forget"]);
/** A beat, and what is asked in between. */
const TOLD_WITHIN_MS = 5000;
