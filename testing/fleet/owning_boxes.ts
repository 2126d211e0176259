/**
 * Boxes that own names, in one process: with a registry, links between them, clocks of their own, and
 * faults of all of these. What they list is a model: numbers and times, no audio.
 *
 * @module
 */
import { derivedKey } from "../../src/fleet/derived_key.ts";
import { Member } from "../../src/fleet/member.ts";
import type {
  HandoverAnswer,
  LocalShows,
  ShowFacts,
  TakenName,
} from "../../src/fleet/ownership/handover.ts";
import { OwnedNames } from "../../src/fleet/ownership/owned_names.ts";
import { SessionIds } from "../../src/fleet/ownership/session_ids.ts";
import { SignedKeys } from "../../src/fleet/ownership/signed_keys.ts";
import type { NameWish } from "../../src/session/names.ts";
import { type KnownBox, type Registry, RegistryUnavailable } from "../../src/fleet/registry.ts";
import { MemoryRegistry } from "../../src/fleet/registry/memory_registry.ts";
import { FakeClock } from "../fake_clock.ts";

/** How long the steps are in which all clocks go on. */
const STEP_MS = 50;
const SEGMENT_MS = 1000;
/** By how much the clocks of two boxes differ. */
const SKEW_MS = 900;
const HOLD_MS = 30_000;
const RESERVED = 16;
const RESERVED_AGAIN = 8;

/** What a player sees of a name at a box. */
export interface Seen {
  /** That of the last segment. */
  readonly sequence: number;
  /** Wall time at the end of the last segment. */
  readonly endsAtMs: number;
}

/** The session of a name at a box. */
interface ModelSession {
  readonly id: number;
  readonly createdAtMs: number;
  /** Closes the connection of its DJ; `undefined` while he is away. */
  close: (() => void) | undefined;
}

/** What a box lists of a name. */
interface ModelShow {
  session: ModelSession | undefined;
  next: number;
  endsAtMs: number;
  reserved: number;
  state: "listing" | "frozen" | "let go";
  /** Nothing was listed here yet, so that who asks here gets what another box has listed. */
  isEmpty: boolean;
  /** The epoch at which it was last listed here. */
  epoch: number;
}

/** One box, in one run of its process or several. */
export class OwningBox {
  readonly id: string;
  /** Of this run; set up to 2 s off from those of others. */
  clock: FakeClock;
  readonly #skewMs: number;
  readonly #fleet: OwningFleet;
  readonly #seen = new Map<string, Seen>();
  #shows = new Map<string, ModelShow>();
  #runs = 0;
  #run:
    | { readonly member: Member; readonly names: OwnedNames; readonly keys: SignedKeys }
    | undefined;
  /** Time that it has stood still. */
  #stoodMs = 0;
  isStopped = false;

  constructor(id: string, fleet: OwningFleet, skewMs: number) {
    this.id = id;
    this.#fleet = fleet;
    this.#skewMs = skewMs;
    this.clock = new FakeClock(fleet.registryClock.now() + skewMs);
  }

  get runs(): boolean {
    return this.#run !== undefined;
  }

  get names(): OwnedNames {
    if (this.#run === undefined) throw new Error(`${this.id} does not run`);
    return this.#run.names;
  }

  get member(): Member {
    if (this.#run === undefined) throw new Error(`${this.id} does not run`);
    return this.#run.member;
  }

  get keys(): SignedKeys {
    if (this.#run === undefined) throw new Error(`${this.id} does not run`);
    return this.#run.keys;
  }

  /** Starts the process. What it listed before is as gone as its memory. */
  start(): void {
    const clock = new FakeClock(this.#fleet.registryClock.now() + this.#skewMs);
    this.clock = clock;
    const member = new Member({
      clock,
      registry: this.#fleet.registryFor(this),
      facts: {
        id: this.id,
        incarnation: `${this.id}${++this.#runs}`,
        privateUrl: `http://${this.id}.test:5022`,
        publicAddress: { ip: "192.0.2.1", ports: {} },
        version: "2.0.0",
      },
      load: () => ({ sessions: 0, listeners: 0, cpu: 0, residentBytes: 0 }),
    });
    const keys = new SignedKeys({
      ...{ clock, lifeMs: 0, rightOf: () => "" },
      signingKey: derivedKey("k".repeat(32), "publish key"),
    });
    const names = new OwnedNames({
      ...{ clock, directory: member, shows: this.#localShows() },
      ids: new SessionIds({ clock, box: this.id, registry: member }),
      handovers: this.#fleet.linksOf(this),
      segmentMs: SEGMENT_MS,
      proves: ({ name, shown }, id) => {
        return shown.approved || shown.tokens.some((token) => keys.proves({ name, id }, token));
      },
    });
    this.#run = { member, names, keys };
    void member.start("TARGET=1000");
  }

  /** As kill -9 does. */
  kill(): void {
    const shows = this.#shows;
    this.#shows = new Map();
    this.#seen.clear();
    this.#run?.names.close();
    this.#run = undefined;
    this.isStopped = false;
    for (const { session } of shows.values()) session?.close?.();
  }

  /** Goes on by a step, and lists what is due. */
  async step(isDue: boolean): Promise<void> {
    if (this.#run === undefined) return;
    if (this.isStopped) {
      this.#stoodMs += STEP_MS;
      return;
    }
    if (this.#stoodMs > 0) {
      this.clock.standStill(this.#stoodMs);
      this.#stoodMs = 0;
    }
    await this.clock.advance(STEP_MS);
    if (isDue) { for (const [name, show] of this.#shows) this.#list(name, show); }
  }

  /**
   * A DJ comes, and publishes.
   * @param onClosed called once, when his connection is closed
   * @throws {PublishRefused}
   */
  async publish(wish: NameWish, onClosed: () => void): Promise<void> {
    const { names } = this;
    if (!names.owns(wish.name)) await names.own(wish);
    if (this.#run?.names !== names || !names.owns(wish.name)) throw new Error("It is gone again");
    const show = this.#showOf(wish.name);
    show.session ??= {
      id: names.sessionId(),
      createdAtMs: this.clock.now(),
      close: undefined,
    };
    show.session.close?.();
    show.session.close = onClosed;
    show.state = "listing";
    names.changed(wish.name);
  }

  /** The id of the session that a name has here; `undefined` where there is none. */
  sessionOf(name: string): number | undefined {
    return this.#shows.get(name)?.session?.id;
  }

  /** A DJ is gone; `onClosed` is what he published with. */
  hangUp(name: string, onClosed: () => void): void {
    const session = this.#shows.get(name)?.session;
    if (session?.close !== onClosed) return;
    session.close = undefined;
    this.#run?.names.changed(name);
  }

  /** Its DJ has said goodbye. */
  finish(name: string): void {
    const show = this.#shows.get(name);
    if (show !== undefined) show.session = undefined;
    this.#run?.names.changed(name);
  }

  /** What a player gets here; `undefined` where it gets nothing. */
  playlist(name: string): Seen | undefined {
    if (!this.runs || this.isStopped) return undefined;
    const owner = this.member.ownerOf(name);
    const box = owner && this.#fleet.reach(this, owner);
    const theirs = box === undefined ? undefined : box.#ownPlaylist(name);
    const seen = this.#ownPlaylist(name) ?? theirs;
    if (seen !== undefined) this.#seen.set(name, seen);
    return this.#seen.get(name);
  }

  #ownPlaylist(name: string): Seen | undefined {
    const show = this.#shows.get(name);
    if (show === undefined || show.isEmpty || show.state === "let go") return undefined;
    return { sequence: show.next - 1, endsAtMs: show.endsAtMs };
  }

  #showOf(name: string): ModelShow {
    const now = this.clock.now();
    const show = this.#shows.get(name) ?? {
      ...{ session: undefined, next: Math.floor(now / 1000), endsAtMs: 0, reserved: 0 },
      ...{ state: "listing" as const, isEmpty: true, epoch: 0 },
    };
    this.#shows.set(name, show);
    return show;
  }

  /** Lists a segment: of audio, or of silence while the DJ is away. */
  #list(name: string, show: ModelShow): void {
    if (show.state !== "listing" || show.session === undefined) return;
    show.endsAtMs = (show.endsAtMs || this.clock.now()) + SEGMENT_MS;
    show.next++;
    show.isEmpty = false;
    show.epoch = this.names.epochOf(name) ?? 0;
    if (show.next + RESERVED_AGAIN >= show.reserved) this.#reserve(name, show);
  }

  #reserve(name: string, show: ModelShow): void {
    show.reserved = show.next + RESERVED;
    this.#run?.names.number(name, {
      ...{ mediaSequence: show.reserved, discontinuitySequence: 0, endsAtMs: show.endsAtMs },
    });
  }

  #localShows(): LocalShows {
    return {
      facts: (name) => this.#facts(name),
      mayLeave: (wish) => Promise.resolve(this.#mayLeave(wish)),
      freeze: (name) => {
        const show = this.#shows.get(name);
        if (show === undefined) return undefined;
        show.state = "frozen";
        return { next: show.next, endsAtMs: show.endsAtMs };
      },
      thaw: (name) => {
        const show = this.#shows.get(name);
        if (show !== undefined) show.state = "listing";
      },
      takeOver: (taken) => this.#takeOver(taken),
      letGo: (name) => {
        const show = this.#shows.get(name);
        if (show === undefined) return;
        show.state = "let go";
        const { session } = show;
        show.session = undefined;
        session?.close?.();
      },
    };
  }

  #facts(name: string): ShowFacts | undefined {
    const session = this.#shows.get(name)?.session;
    if (session === undefined) return undefined;
    const { id: sessionId, createdAtMs, close } = session;
    return {
      ...{ sessionId, createdAtMs, holdMs: HOLD_MS, props: {} },
      state: close === undefined ? "held" : "live",
    };
  }

  #mayLeave({ name, shown: { tokens } }: NameWish): "yes" | "no" {
    const session = this.#shows.get(name)?.session;
    if (session?.close === undefined) return "yes";
    const { id } = session;
    return tokens.some((token) => this.keys.proves({ name, id }, token)) ? "yes" : "no";
  }

  #takeOver({ wish: { name }, before, goesOn, state }: TakenName): void {
    const show = this.#showOf(name);
    const isOwn = before?.box === this.id && before.epoch === show.epoch && !show.isEmpty;
    if (state !== undefined) {
      const { next, endsAtMs } = state as Pick<ModelShow, "next" | "endsAtMs">;
      Object.assign(show, { next, endsAtMs, isEmpty: true });
    } else if (before !== undefined && !isOwn) {
      show.next = Math.max(show.next, before.mediaSequence);
      show.endsAtMs = Math.max(show.endsAtMs, before.endsAtMs);
      show.isEmpty = true;
    }
    // What was seen here may be newer than what was told.
    show.state = "listing";
    if (before !== undefined && goesOn) {
      show.session = { id: before.sessionId, createdAtMs: before.createdAtMs, close: undefined };
    }
    this.#reserve(name, show);
  }
}

/** Boxes, what is between them, and their registry. */
export class OwningFleet {
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
  linksOf(from: OwningBox): OwningHandovers {
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
      taken: (before, record) => {
        this.reach(from, before)?.names.taken(record);
        return Promise.resolve();
      },
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
      nextSessionId: () => pass(() => registry.nextSessionId()),
      leave: (...args) => pass(() => registry.leave(...args)),
      close: () => Promise.resolve(),
    };
  }
}

/** How a box of these asks others. */
export interface OwningHandovers {
  ask(owner: KnownBox, wish: NameWish): Promise<HandoverAnswer | undefined>;
  taken(before: KnownBox, record: Parameters<OwnedNames["taken"]>[0]): Promise<void>;
}
