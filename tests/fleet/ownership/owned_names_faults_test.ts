/** Random sequences of faults over three boxes in one process, and what has to hold through them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { FaultyFleet } from "../../../testing/fleet/faulty_fleet.ts";

/** So many rounds, other ones each time; without it the same hundred each time. */
const rounds = Deno.env.get("FLEET_FAULT_ROUNDS");
const RUNS = rounds === undefined ? { numRuns: 100, seed: 18 } : { numRuns: Number(rounds) };

/** What may happen, for so long, and so long after what happened before. */
const faults = fc.array(
  fc.record({
    kind: fc.constantFrom(
      ...["kill", "stop", "cut box", "cut link", "cut all", "pause", "forget"] as const,
      ...["move", "second DJ", "kill all"] as const,
    ),
    box: fc.nat(2),
    afterMs: fc.integer({ min: 100, max: 8000 }),
    forMs: fc.integer({ min: 200, max: 20_000 }),
  }),
  { minLength: 1, maxLength: 8 },
);

Deno.test("through faults no name has two owners for long, nothing goes back, and the session stays", async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.integer(), faults, async (hasKey, seed, sequence) => {
      const fleet = await FaultyFleet.start(hasKey, seed);
      for (const fault of sequence) {
        await fleet.pass(fault.afterMs);
        fleet.happen(fault);
      }
      fleet.mend();
      await fleet.pass(10_000);
      assert.ok(fleet.owners.length <= 1, `owners: ${fleet.owners}`);
      await fleet.pass(15_000);
      assert.equal(fleet.owners.length, 1, `owners: ${fleet.owners}`);
      assert.ok(fleet.isOnAir, "its DJ is on air again");
      assert.equal(fleet.sessionIds.size, 1, `sessions: ${[...fleet.sessionIds]}`);
      fleet.stop();
    }),
    RUNS,
  );
});
