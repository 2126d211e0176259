/** Boxes of one fleet in this process, between each of which and the registry there may be a fault. */
import { Member } from "../../src/fleet/member.ts";
import { type Registry, RegistryUnavailable } from "../../src/fleet/registry.ts";
import { MemoryRegistry } from "../../src/fleet/registry/memory_registry.ts";
import type { Clock } from "../../src/session/clock.ts";

const ALIKE = "KEY=1 TARGET=1000 PREROLL=x";

/** Boxes that are one server, on a registry in memory. */
export class TestedFleet<C extends Clock> {
  readonly registry: MemoryRegistry;
  readonly #members: Member[] = [];
  /** How the registry answers boxes, where it does not answer as it should. */
  readonly #faults = new Map<string, "cut" | "stalled">();
  /** Runs of boxes that were killed. */
  readonly #dead = new Set<string>();
  #runs = 0;

  constructor(readonly clock: C) {
    this.registry = new MemoryRegistry(clock);
  }

  /** Starts a box, and waits until it has done what it waits for. */
  async join(id: string, alike: string = ALIKE): Promise<Member> {
    const incarnation = `run${++this.#runs}`;
    const member = new Member({
      clock: this.clock,
      registry: this.#linkOf(id, incarnation),
      facts: {
        id,
        incarnation,
        privateUrl: `http://${id}.test:5022`,
        publicAddress: { ip: "192.0.2.1", ports: { hls: 8080 } },
        version: "2.0.0",
      },
      load: () => ({ sessions: 0, listeners: 0, cpu: 0, residentBytes: 0 }),
    });
    this.#members.push(member);
    await member.start(alike);
    return member;
  }

  /** The registry answers these boxes no more. */
  cut(...ids: readonly string[]): void {
    for (const id of ids) this.#faults.set(id, "cut");
  }

  /** What these boxes ask the registry is never answered. */
  stall(...ids: readonly string[]): void {
    for (const id of ids) this.#faults.set(id, "stalled");
  }

  /** It answers them again. */
  mend(...ids: readonly string[]): void {
    for (const id of ids) this.#faults.delete(id);
  }

  /** Ends a box that tells nobody. */
  async kill(member: Member): Promise<void> {
    this.#dead.add(member.incarnation);
    await member.stop();
  }

  /** Stops all boxes. */
  async stop(): Promise<void> {
    for (const member of this.#members) await member.stop();
  }

  #linkOf(id: string, incarnation: string): Registry {
    const pass = async <T>(call: () => Promise<T>): Promise<T> => {
      const fault = this.#faults.get(id);
      if (fault === "cut" || this.#dead.has(incarnation)) {
        throw new RegistryUnavailable("It is cut off");
      }
      if (fault !== "stalled") return await call();
      await new Promise<void>((resolve) => this.clock.after(STALL_MS, resolve));
      throw new RegistryUnavailable("It did not answer");
    };
    const { registry } = this;
    return {
      beat: (...args) => pass(() => registry.beat(...args)),
      changes: (...args) => pass(() => registry.changes(...args)),
      claim: (...args) => pass(() => registry.claim(...args)),
      save: (...args) => pass(() => registry.save(...args)),
      reserveSessionIds: (...args) => pass(() => registry.reserveSessionIds(...args)),
      leave: (...args) => pass(() => registry.leave(...args)),
      close: () => registry.close(),
    };
  }
}

/** Longer than any start waits. */
const STALL_MS = 5000;
