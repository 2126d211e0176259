/** Boxes of a fleet under random faults: in the end a name has one owner, and all know who it is. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Member } from "../../src/fleet/member.ts";
import { newRecord, RegistryUnavailable } from "../../src/fleet/registry.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { TestedFleet } from "../../testing/fleet/tested_fleet.ts";

const IDS = ["a", "b", "c"] as const;
const NAMES = ["dj1", "dj2"] as const;
/** In which all boxes are told of each other, and of what each owns. */
const CALM_MS = 10_000;

const id = fc.constantFrom(...IDS);
const name = fc.constantFrom(...NAMES);
const STEP = fc.oneof(
  fc.record({ kind: fc.constant("wait"), ms: fc.integer({ min: 1, max: 7000 }) }),
  fc.record({ kind: fc.constantFrom("cut", "mend", "start again"), id }),
  fc.record({ kind: fc.constant("forget") }),
  fc.record({
    kind: fc.constantFrom("claim", "take over", "tell", "save", "hold", "end"),
    id,
    name,
  }),
);
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

/** So many rounds, other ones each time. */
const rounds = Number(Deno.env.get("FLEET_FAULT_ROUNDS") ?? 500);

Deno.test("after any faults a name that somebody has yet has one owner, and all boxes agree who it is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 40 }), async (steps) => {
      const run = new Run();
      await run.start();
      for (const step of steps) await run.take(step);
      const kept = await run.keptNames();
      await run.calm();
      run.check(kept);
      await run.stop();
    }),
    { numRuns: rounds },
  );
});

/** Three boxes, and who thinks that he owns what. */
class Run {
  readonly #fleet = new TestedFleet(new FakeClock());
  readonly #members = new Map<string, Member>();
  /** As those who publish see it: until a box is told that it has lost a name. */
  readonly #owned = new Map<string, Set<string>>(IDS.map((id) => [id, new Set()]));

  async start(): Promise<void> {
    for (const id of IDS) await this.#join(id);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === "wait") await this.#fleet.clock.advance(step.ms);
    else if (step.kind === "forget") this.#fleet.registry.forget();
    else if (!("name" in step)) await this.#befall(step);
    else if (step.kind === "claim") await this.#claim(step.id, step.name);
    else if (step.kind === "take over") await this.#claim(step.id, step.name, true);
    else if (step.kind === "tell") this.#tell(step.id, step.name);
    else this.#save(step);
  }

  /** Nothing is wrong for a while. */
  async calm(): Promise<void> {
    this.#fleet.mend(...IDS);
    await this.#fleet.clock.advance(CALM_MS);
  }

  /** Names that a box has, of which none has heard at a higher epoch. */
  async keptNames(): Promise<readonly string[]> {
    const { names } = await this.#fleet.registry.changes(0);
    return NAMES.filter((name) => {
      const known = IDS.flatMap((id) => this.#member(id).find(name) ?? []);
      const last = Math.max(...[...names, ...known].map((it) => it.name === name ? it.epoch : 0));
      const owned = IDS.filter((id) => this.#member(id).owns(name));
      return owned.some((id) => this.#member(id).find(name)?.epoch === last);
    });
  }

  check(kept: readonly string[]): void {
    for (const name of NAMES) {
      const owners = IDS.filter((id) => this.#owned.get(id)?.has(name));
      assert.ok(owners.length <= 1, `${name} is at ${owners.join(" and ")}`);
      if (kept.includes(name)) assert.equal(owners.length, 1, `${name} is gone`);
      assert.deepEqual(IDS.filter((id) => this.#member(id).owns(name)), owners);
      const records = IDS.map((id) => this.#member(id).find(name));
      const told = records.filter((record) => record !== undefined);
      // A box that was started again after the end may know nothing of it.
      for (const record of told) {
        if (owners.length > 0) assert.deepEqual(record, told[0]);
        else assert.ok(!this.#members.get(record.box)?.owns(name));
      }
      if (owners.length === 0) continue;
      assert.equal(told.length, IDS.length);
      for (const other of IDS.filter((id) => id !== owners[0])) {
        assert.equal(this.#member(other).ownerOf(name)?.id, owners[0]);
      }
    }
  }

  async stop(): Promise<void> {
    await this.#fleet.stop();
  }

  async #join(id: string): Promise<void> {
    this.#owned.get(id)?.clear();
    const joining = this.#fleet.join(id);
    await this.#fleet.clock.advance(1000);
    const member = await joining;
    member.onChange(({ lost }) => {
      for (const name of lost) assert.ok(this.#owned.get(id)?.delete(name), `${id} had ${name}`);
    });
    this.#members.set(id, member);
  }

  async #befall({ kind, id }: { readonly kind: string; readonly id: string }): Promise<void> {
    if (kind === "cut") this.#fleet.cut(id);
    else if (kind === "mend") this.#fleet.mend(id);
    else {
      await this.#fleet.kill(this.#member(id));
      await this.#join(id);
    }
  }

  async #claim(id: string, name: string, isHandedOver = false): Promise<void> {
    const member = this.#member(id);
    if (member.owns(name)) return;
    const before = member.find(name);
    try {
      const claimed = await member.claim(name, isHandedOver ? before?.epoch : undefined);
      if (claimed.kind === "taken") return;
      this.#owned.get(id)?.add(name);
      const record = member.find(name);
      if (record !== undefined) member.save(record);
    } catch (error) {
      if (!(error instanceof RegistryUnavailable)) throw error;
      const own = { box: id, incarnation: member.incarnation, epoch: (before?.epoch ?? 0) + 1 };
      member.save({ ...(before ?? newRecord(name)), state: "live", ...own });
      this.#owned.get(id)?.add(name);
    }
  }

  /** The owner tells the others itself. */
  #tell(id: string, name: string): void {
    const member = this.#member(id);
    const record = member.find(name);
    if (record === undefined || !member.owns(name)) return;
    for (const other of this.#members.values()) if (other !== member) other.learn(record);
  }

  #save({ kind, id, name }: Extract<Step, { name: string }>): void {
    const member = this.#member(id);
    const record = member.find(name);
    if (record === undefined || !member.owns(name)) return;
    if (kind === "end") {
      member.save({ ...record, state: "over" });
      this.#owned.get(id)?.delete(name);
    } else {
      const state = kind === "hold" ? "held" : "live";
      member.save({ ...record, state, mediaSequence: record.mediaSequence + 1 });
    }
  }

  #member(id: string): Member {
    const member = this.#members.get(id);
    assert.ok(member !== undefined);
    return member;
  }
}
