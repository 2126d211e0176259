/** Names whose boxes are gone: how they are told to be over, however long it takes to ask. */
import assert from "node:assert/strict";
import { AbandonedNames } from "../../../src/fleet/ownership/abandoned_names.ts";
import { type NameRecord, newRecord, RegistryUnavailable } from "../../../src/fleet/registry.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

/** Names of a box `a` that is gone, seen by `b`; who asks `a` waits for so long. */
function setUp(names: readonly string[], { answer, afterMs }: {
  readonly answer: boolean | undefined;
  readonly afterMs: number;
}) {
  const clock = new FakeClock();
  const records = new Map<string, NameRecord>(names.map((name) => [name, {
    ...newRecord(name),
    ...{ box: "a", incarnation: "a1", epoch: 1, sessionId: 4711, createdAtMs: 5000 },
  }]));
  const seen = { asked: [] as string[], told: [] as string[], over: [] as string[] };
  const registry = { isGone: false };
  const abandoned = new AbandonedNames({
    clock,
    directory: {
      ...{ box: "b", boxes: [] },
      find: (name) => records.get(name),
      isAlive: () => false,
      sayOver: (record) => {
        seen.told.push(record.name);
        if (registry.isGone) return Promise.reject(new RegistryUnavailable("It is gone"));
        records.set(record.name, { ...record, state: "over" });
        return Promise.resolve(true);
      },
    },
    goesOn: () => false,
    hasStill: async ({ name }) => {
      seen.asked.push(name);
      await new Promise<void>((resolve) => clock.after(afterMs, resolve));
      return answer;
    },
    onOver: ({ name }) => seen.over.push(name),
  });
  for (const name of names) abandoned.watch(name);
  return { clock, records, seen, registry, abandoned };
}

const NAMES = Array.from({ length: 20 }, (_, i) => `dj${i}`);

Deno.test("each name is told to be over once, also where it takes longer than a look to ask", async () => {
  const { clock, seen, abandoned } = setUp(NAMES, { answer: false, afterMs: 1500 });
  await clock.advance(60_000);
  assert.deepEqual(seen.told, NAMES);
  assert.deepEqual(seen.over, NAMES);
  abandoned.close();
});

Deno.test("a box that does not answer is asked once for all of its names", async () => {
  const { clock, seen, registry, abandoned } = setUp(NAMES, { answer: undefined, afterMs: 1500 });
  registry.isGone = true;
  await clock.advance(9000);
  assert.deepEqual([seen.asked.length, seen.over.length], [1, 0]);
  registry.isGone = false;
  await clock.advance(5000);
  assert.deepEqual([seen.asked.length, seen.over], [2, NAMES]);
  abandoned.close();
});

Deno.test("a name that somebody has by the time its box was asked is not over", async () => {
  const { clock, records, seen, abandoned } = setUp(["dj"], { answer: undefined, afterMs: 1500 });
  await clock.advance(6000);
  const record = records.get("dj");
  assert.ok(record !== undefined && seen.asked.length === 1);
  records.set("dj", { ...record, mediaSequence: 40 });
  await clock.advance(1000);
  assert.deepEqual(seen.told, []);
  abandoned.close();
});
