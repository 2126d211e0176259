/** How a box is one of its fleet, on a registry in memory. */
import assert from "node:assert/strict";
import type { FleetChange } from "../../src/fleet/fleet_view.ts";
import { type NameRecord, newRecord } from "../../src/fleet/registry.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { TestedFleet } from "../../testing/fleet/tested_fleet.ts";

Deno.test("boxes know each other within a beat, and at once who drains", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await fleet.clock.advance(500);
  assert.deepEqual(a.boxes.map(({ id }) => id).sort(), ["a", "b"]);
  const seen: FleetChange[] = [];
  b.onChange((change) => seen.push(change));
  a.announce("draining");
  await fleet.clock.advance(500);
  assert.equal(b.boxOf("a")?.state, "draining");
  assert.deepEqual(seen, [{ names: [], lost: [], boxes: true }]);
  await fleet.stop();
  assert.equal(fleet.clock.timerCount, 0);
});

Deno.test("a name is known at the other boxes within half a second", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  const claimed = await a.claim("dj1");
  assert.deepEqual(claimed, {
    kind: "granted",
    record: undefined,
    own: { box: "a", incarnation: a.incarnation, epoch: 1 },
  });
  assert.ok(a.owns("dj1"));
  await fleet.clock.advance(500);
  assert.equal(b.ownerOf("dj1")?.privateUrl, "http://a.test:5022");
  assert.equal(a.ownerOf("dj1"), undefined);
  a.save({ ...recordOf(a.find("dj1")), mediaSequence: 40 });
  await fleet.clock.advance(500);
  assert.equal(b.find("dj1")?.mediaSequence, 40);
  await fleet.stop();
});

Deno.test("a name of a box that is alive is claimed with the epoch that it showed alone", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  const owned = { ...recordOf(a.find("dj1")), sessionId: 7, mediaSequence: 40 };
  a.save(owned);
  await fleet.clock.advance(500);
  const lost: string[] = [];
  a.onChange((change) => lost.push(...change.lost));
  const refused = await b.claim("dj1");
  assert.equal(refused.kind === "taken" && refused.by.box, "a");
  const granted = await b.claim("dj1", 1);
  assert.ok(granted.kind === "granted");
  assert.deepEqual([granted.own.epoch, granted.record?.sessionId], [2, 7]);
  await fleet.clock.advance(500);
  assert.deepEqual(lost, ["dj1"]);
  assert.ok(!a.owns("dj1"));
  assert.equal(a.ownerOf("dj1")?.id, "b");
  a.save({ ...owned, state: "over" });
  await fleet.clock.advance(500);
  assert.equal(b.find("dj1")?.state, "live", "who has lost a name cannot end it");
  await fleet.stop();
});

Deno.test("a box that is gone is known within six seconds, and its names may be claimed", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  a.save({ ...recordOf(a.find("dj1")), mediaSequence: 40 });
  await fleet.clock.advance(10_000);
  fleet.cut("a");
  await fleet.clock.advance(6500);
  assert.equal(b.boxOf("a"), undefined);
  assert.equal(b.ownerOf("dj1"), undefined);
  assert.equal(b.placeOf("a")?.privateUrl, "http://a.test:5022", "it may only have lost Redis");
  const claimed = await b.claim("dj1");
  assert.equal(claimed.kind === "granted" && claimed.record?.mediaSequence, 40);
  await fleet.stop();
});

Deno.test("while the registry is gone, all that is known stays known", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  await fleet.clock.advance(500);
  fleet.cut("a", "b");
  await fleet.clock.advance(300_000);
  assert.equal(b.ownerOf("dj1")?.id, "a");
  assert.match(
    b.membership.problem ?? "",
    /^The registry of the fleet has not answered a beat for/,
  );
  assert.ok(b.membership.beatAgeMs >= 300_000 && b.membership.errors > 0);
  assert.ok(b.boxes.every(({ ageMs }) => ageMs >= 300_000), "and how old it is");
  await assert.rejects(b.claim("dj2"), { name: "RegistryUnavailable" });
  fleet.mend("b");
  await fleet.clock.advance(2000);
  assert.equal(b.ownerOf("dj1")?.id, "a", "a may not have come back yet");
  fleet.mend("a");
  await fleet.clock.advance(500);
  assert.equal(a.membership.problem, undefined);
  await fleet.clock.advance(7000);
  assert.equal(b.ownerOf("dj1")?.id, "a");
  await fleet.stop();
});

Deno.test("a registry that comes back empty is rebuilt within one beat", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  for (let i = 0; i < 300; i++) await a.claim(`dj${i}`);
  a.save({ ...recordOf(a.find("dj7")), mediaSequence: 40, sessionId: 9 });
  await fleet.clock.advance(500);
  const gone: string[] = [];
  b.onChange(() => b.ownerOf("dj7") === undefined && gone.push("dj7"));
  fleet.registry.forget();
  await fleet.clock.advance(2000);
  const c = await fleet.join("c");
  assert.equal(c.find("dj7")?.mediaSequence, 40);
  assert.equal(c.ownerOf("dj299")?.id, "a");
  assert.deepEqual(c.boxes.map(({ id }) => id).sort(), ["a", "b", "c"]);
  assert.deepEqual(gone, []);
  await fleet.stop();
});

Deno.test("of two owners, the one of the lower epoch is told that it lost the name", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  await fleet.clock.advance(500);
  fleet.cut("a", "b");
  await fleet.clock.advance(1000);
  const { box, incarnation } = b;
  b.save({ ...recordOf(b.find("dj1")), box, incarnation, epoch: 2, mediaSequence: 100 });
  assert.ok(a.owns("dj1") && b.owns("dj1"));
  const lost: string[] = [];
  for (const member of [a, b]) {
    member.onChange((change) => lost.push(...change.lost.map((name) => `${member.box} ${name}`)));
  }
  fleet.mend("a", "b");
  await fleet.clock.advance(1000);
  assert.deepEqual(lost, ["a dj1"]);
  assert.equal(a.ownerOf("dj1")?.id, "b");
  assert.equal(a.find("dj1")?.mediaSequence, 100);
  await fleet.stop();
});

Deno.test("who is told of a loss by a save knows by then who has the name", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  const known: unknown[] = [];
  b.onChange(({ lost }) => known.push(...lost.map((name) => [name, b.find(name)?.sessionId])));
  const { box: first, incarnation: run } = a;
  const other = { ...newRecord("dj1"), box: first, incarnation: run, epoch: 1, sessionId: 2 };
  await fleet.registry.save(other);
  const { box, incarnation } = b;
  b.save({ ...other, box, incarnation, sessionId: 1 });
  await fleet.clock.advance(100);
  assert.deepEqual(known, [["dj1", 2]]);
  await fleet.stop();
});

Deno.test("what another box tells of a name counts as what the registry tells", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  await fleet.clock.advance(500);
  fleet.cut("a", "b");
  await fleet.clock.advance(500);
  const lost: string[] = [];
  a.onChange((change) => lost.push(...change.lost));
  const { box, incarnation } = b;
  a.learn({ ...recordOf(b.find("dj1")), box, incarnation, epoch: 2 });
  assert.deepEqual(lost, ["dj1"]);
  assert.equal(a.ownerOf("dj1")?.id, "b");
  await fleet.stop();
});

Deno.test("a name of a box that is gone can be said to be over, and is not if that box has it yet", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  a.save({ ...recordOf(a.find("dj1")), mediaSequence: 40 });
  await fleet.clock.advance(500);
  fleet.cut("a");
  await fleet.clock.advance(10_000);
  assert.ok(await b.sayOver(recordOf(b.find("dj1"))));
  assert.deepEqual([b.find("dj1")?.state, b.find("dj1")?.mediaSequence], ["over", 40]);
  const lost: string[] = [];
  a.onChange((change) => lost.push(...change.lost));
  fleet.mend("a");
  await fleet.clock.advance(1000);
  assert.deepEqual(lost, []);
  assert.ok(a.owns("dj1"));
  assert.equal(b.find("dj1")?.state, "live");
  assert.equal((await b.claim("dj1")).kind, "taken");
  await b.claim("dj1", 1);
  assert.ok(!await a.sayOver({ ...recordOf(b.find("dj1")), ...{ box: "a", epoch: 1 } }));
  await fleet.stop();
});

Deno.test("where the registry has forgotten a name of a box that is gone, its next owner counts", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  a.save({ ...recordOf(a.find("dj1")), epoch: 9 });
  await fleet.clock.advance(500);
  fleet.cut("a");
  fleet.registry.forget();
  await fleet.clock.advance(10_000);
  const c = await fleet.join("c");
  assert.equal((await c.claim("dj1")).kind, "granted");
  assert.equal(c.find("dj1")?.epoch, 1);
  await fleet.clock.advance(500);
  assert.equal(b.ownerOf("dj1")?.id, "c");
  await fleet.stop();
});

Deno.test("a name that is over is nobody's, and its numbers stay", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  a.save({ ...recordOf(a.find("dj1")), mediaSequence: 40 });
  a.save({ ...recordOf(a.find("dj1")), state: "over" });
  await fleet.clock.advance(500);
  assert.ok(!a.owns("dj1"));
  assert.equal(a.ownedNames, 0);
  const claimed = await b.claim("dj1");
  assert.ok(claimed.kind === "granted");
  assert.deepEqual([claimed.own.epoch, claimed.record?.mediaSequence], [2, 40]);
  await fleet.stop();
});

Deno.test("a name that nobody heard is forgotten by all boxes after an hour", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  for (const name of ["unheard", "heard"]) await a.claim(name);
  a.save({ ...recordOf(a.find("unheard")), state: "over" });
  a.save({ ...recordOf(a.find("heard")), state: "over", mediaSequence: 40, createdAtMs: 5000 });
  const gone: string[] = [];
  await fleet.clock.advance(3_500_000);
  b.onChange(({ names }) => gone.push(...names));
  assert.deepEqual([a.find("unheard")?.state, b.find("unheard")?.state], ["over", "over"]);
  await fleet.clock.advance(180_000);
  assert.deepEqual([a.find("unheard"), b.find("unheard"), gone], [undefined, undefined, [
    "unheard",
  ]]);
  assert.equal(b.find("heard")?.mediaSequence, 40);
  await fleet.stop();
});

Deno.test("a name that ends while the registry is gone is over once it is back", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await a.claim("dj1");
  await fleet.clock.advance(500);
  fleet.cut("a");
  a.save({ ...recordOf(a.find("dj1")), state: "over" });
  await fleet.clock.advance(1000);
  assert.equal(b.find("dj1")?.state, "live");
  fleet.mend("a");
  await fleet.clock.advance(1000);
  assert.equal(b.find("dj1")?.state, "over");
  await fleet.stop();
});

Deno.test("a box with another key or target duration does not join, and says so", async () => {
  const fleet = new TestedFleet(new FakeClock());
  await fleet.join("a", "KEY=1 TARGET=1000 PREROLL=x");
  const b = await fleet.join("b", "KEY=2 TARGET=2000 PREROLL=x");
  await fleet.clock.advance(5000);
  assert.equal(
    b.membership.problem,
    "This box does not join the fleet: box a has another KEY and TARGET",
  );
  await assert.rejects(b.claim("dj1"), { name: "RegistryUnavailable" });
  const c = await fleet.join("c", "KEY=1 TARGET=1000 PREROLL=x");
  assert.deepEqual(c.boxes.map(({ id }) => id).sort(), ["a", "c"]);
  await fleet.stop();
});

Deno.test("a box that is started again is another owner, and the one before leaves", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [first, b] = [await fleet.join("a"), await fleet.join("b")];
  await first.claim("dj1");
  await fleet.clock.advance(500);
  const again = await fleet.join("a");
  await fleet.clock.advance(5000);
  assert.match(first.membership.problem ?? "", /another process has joined as ECHO_BOX a$/);
  assert.ok(again.membership.isJoined);
  assert.ok(!b.isAlive(recordOf(b.find("dj1"))));
  assert.equal(b.ownerOf("dj1")?.id, "a", "it may have what was heard last");
  assert.equal((await b.claim("dj1")).kind, "granted");
  await fleet.stop();
});

Deno.test("a box that stops leaves at once, and has saved what it owned", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  await fleet.clock.advance(10_000);
  await a.claim("dj1");
  a.save({ ...recordOf(a.find("dj1")), mediaSequence: 40 });
  await a.stop();
  await fleet.clock.advance(500);
  assert.equal(b.boxOf("a"), undefined);
  assert.equal(b.find("dj1")?.mediaSequence, 40);
  await fleet.stop();
});

Deno.test("the start waits no longer than a moment for a registry that does not answer", async () => {
  const fleet = new TestedFleet(new FakeClock());
  fleet.stall("a");
  let joined = false;
  const joining = fleet.join("a").then(() => joined = true);
  await fleet.clock.advance(1000);
  assert.ok(joined);
  await joining;
  fleet.mend("a");
  await fleet.clock.advance(5000);
  await fleet.stop();
});

Deno.test("session ids are higher than all before, at whichever box", async () => {
  const fleet = new TestedFleet(new FakeClock());
  const [a, b] = [await fleet.join("a"), await fleet.join("b")];
  const ids: number[] = [];
  for (const box of [a, b, a]) ids.push(await box.reserveSessionIds(1));
  assert.deepEqual(ids, ids.toSorted((x, y) => x - y));
  assert.equal(new Set(ids).size, 3);
  await fleet.stop();
});

function recordOf(record: NameRecord | undefined): NameRecord {
  assert.ok(record !== undefined);
  return record;
}
