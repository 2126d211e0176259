/** One box that owns names, in this process; with a clock of its own. */
import { derivedKey } from "../../src/fleet/derived_key.ts";
import { Member } from "../../src/fleet/member.ts";
import type { Handovers } from "../../src/fleet/ownership/handover.ts";
import { LastSeen } from "../../src/fleet/ownership/last_seen.ts";
import { NameExchange, type NameExchangeOptions } from "../../src/fleet/ownership/name_exchange.ts";
import { OwnedNames } from "../../src/fleet/ownership/owned_names.ts";
import { SessionIds } from "../../src/fleet/ownership/session_ids.ts";
import { SignedKeys } from "../../src/fleet/ownership/signed_keys.ts";
import type { KnownBox, Registry } from "../../src/fleet/registry.ts";
import type { NameWish } from "../../src/session/names.ts";
import { FakeClock } from "../fake_clock.ts";
import { ModelledShows, type Seen, SEGMENT_MS } from "./modelled_shows.ts";

/** How long the steps are in which all clocks go on. */
export const STEP_MS = 50;

/** What is around a box. */
export interface AroundBox {
  readonly registryClock: FakeClock;
  /** How a box asks the registry. */
  registryFor(box: OwningBox): Registry;
  /** How a box asks others. */
  linksOf(box: OwningBox): Handovers;
  /** How a box asks others for what they have. */
  namesFor(box: OwningBox): NameExchangeOptions["ask"];
  /** A box that another one reaches. */
  reach(from: OwningBox, to: Pick<KnownBox, "id">): OwningBox | undefined;
}

/** What there is of a box while its process runs. */
interface BoxRunning {
  readonly member: Member;
  readonly names: OwnedNames;
  readonly exchange: NameExchange;
  readonly keys: SignedKeys;
  readonly shows: ModelledShows;
}

/** One box, in one run of its process or several. */
export class OwningBox {
  readonly id: string;
  /** Of this run; set up to 2 s off from those of others. */
  clock: FakeClock;
  readonly #skewMs: number;
  readonly #around: AroundBox;
  readonly #seen = new Map<string, Seen>();
  #runs = 0;
  #run: BoxRunning | undefined;
  /** Time that it has stood still. */
  #stoodMs = 0;
  isStopped = false;

  constructor(id: string, around: AroundBox, skewMs: number) {
    this.id = id;
    this.#around = around;
    this.#skewMs = skewMs;
    this.clock = new FakeClock(around.registryClock.now() + skewMs);
  }

  get runs(): boolean {
    return this.#run !== undefined;
  }

  get names(): OwnedNames {
    return this.#now.names;
  }

  get exchange(): NameExchange {
    return this.#now.exchange;
  }

  get member(): Member {
    return this.#now.member;
  }

  get keys(): SignedKeys {
    return this.#now.keys;
  }

  get shows(): ModelledShows {
    return this.#now.shows;
  }

  /** Starts the process. What it listed before is as gone as its memory. */
  start(): void {
    const clock = new FakeClock(this.#around.registryClock.now() + this.#skewMs);
    this.clock = clock;
    const member = new Member({
      clock,
      registry: this.#around.registryFor(this),
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
    const lastSeen = new LastSeen(member);
    const shows = new ModelledShows({ box: this.id, clock, keys, names: () => names });
    const names: OwnedNames = new OwnedNames({
      ...{ clock, directory: member, shows },
      ids: new SessionIds({ clock, box: this.id, registry: member }),
      handovers: this.#around.linksOf(this),
      segmentMs: SEGMENT_MS,
      lastSeen: (owner) => lastSeen.of(owner),
      proves: ({ name, shown }, id) => {
        return shown.approved || shown.tokens.some((token) => keys.proves({ name, id }, token));
      },
    });
    const ask = this.#around.namesFor(this);
    const exchange = new NameExchange({ clock, directory: member, ask });
    this.#run = { member, names, exchange, keys, shows };
    void member.start("TARGET=1000");
  }

  /** As kill -9 does. */
  kill(): void {
    const run = this.#run;
    this.#run = undefined;
    this.#seen.clear();
    this.isStopped = false;
    this.#stoodMs = 0;
    run?.names.close();
    run?.exchange.close();
    run?.shows.closeConnections();
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
    if (isDue) this.#run?.shows.listAll();
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
    this.shows.publish(wish.name, onClosed);
  }

  /** What a player gets here; `undefined` where it gets nothing. */
  playlist(name: string): Seen | undefined {
    if (!this.runs || this.isStopped) return undefined;
    const owner = this.member.ownerOf(name);
    const box = owner && this.#around.reach(this, owner);
    const seen = this.shows.playlist(name) ?? box?.shows.playlist(name);
    if (seen !== undefined) this.#seen.set(name, seen);
    return this.#seen.get(name);
  }

  get #now(): BoxRunning {
    if (this.#run === undefined) throw new Error(`${this.id} does not run`);
    return this.#run;
  }
}
