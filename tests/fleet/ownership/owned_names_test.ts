/** Names of three boxes in one process: who has them, through faults of all kinds. */
import assert from "node:assert/strict";
import { PublishRefused } from "../../../src/session/ingest.ts";
import type { NameWish } from "../../../src/session/names.ts";
import { FleetPlayer } from "../../../testing/fleet/faulty_fleet.ts";
import { OwningFleet } from "../../../testing/fleet/owning_boxes.ts";

const NAME = "show";
const STEP_MS = 50;

/** Three boxes that run. */
async function startFleet() {
  const fleet = new OwningFleet(["a", "b", "c"]);
  const [a, b, c] = fleet.boxes;
  if (a === undefined || b === undefined || c === undefined) throw new Error("Cannot be");
  for (const box of fleet.boxes) box.start();
  await fleet.pass(3000);
  return { fleet, a, b, c };
}

/** Three boxes that reach neither the registry nor each other. */
async function startApart() {
  const started = await startFleet();
  const { fleet, a, b, c } = started;
  for (const box of fleet.boxes) fleet.cutFromRegistry.add(box);
  for (const [one, other] of [[a, b], [b, c], [a, c]] as const) fleet.cut(one, other, true);
  await fleet.pass(10_000);
  return started;
}

function wish(key?: string, address = "192.0.2.7"): NameWish {
  const tokens = key === undefined ? [] : [key];
  return { name: NAME, protocol: "rtmp", address, shown: { tokens, approved: false } };
}

/** A connection whose end is seen. */
function connection() {
  const state = { isClosed: false };
  return { state, close: () => state.isClosed = true };
}

function ownersOf({ boxes }: OwningFleet): string[] {
  return boxes.filter((box) => box.runs && box.names.owns(NAME)).map(({ id }) => id);
}

/** Who has the name, as each box knows it. */
function ownersAsKnown({ boxes }: OwningFleet): (string | undefined)[] {
  return boxes.map(({ member }) => member.owns(NAME) ? member.box : member.ownerOf(NAME)?.id);
}

function isInUse(error: unknown): boolean {
  return error instanceof PublishRefused && error.kind === "name-in-use";
}

/** Lets time pass while a player looks. */
async function watch(fleet: OwningFleet, ms: number, player: FleetPlayer) {
  await fleet.pass(ms, () => player.look(fleet));
}

/** Waits for something that other boxes have to do with. */
async function settled<T>(fleet: OwningFleet, promise: Promise<T>): Promise<T> {
  let isDone = false;
  const done = promise.then(() => isDone = true, () => isDone = true);
  for (let i = 0; i < 400 && !isDone; i++) await fleet.pass(STEP_MS);
  await done;
  return await promise;
}

Deno.test("a DJ who shows the key goes on at another box, in the same session", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const key = a.keys.create(NAME).token;
  const first = connection();
  await settled(fleet, a.publish(wish(key), first.close));
  await watch(fleet, 5000, player);
  const id = a.shows.sessionOf(NAME);
  const before = a.playlist(NAME);
  await settled(fleet, b.publish(wish(key), connection().close));
  assert.equal(b.shows.sessionOf(NAME), id);
  await watch(fleet, 5000, player);
  assert.equal(first.state.isClosed, true);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.deepEqual([...player.sessionIds], [id]);
  const after = b.playlist(NAME);
  assert.ok((after?.sequence ?? 0) <= (before?.sequence ?? 0) + 6, "no numbers are left out");
  assert.deepEqual(a.playlist(NAME), after);
});

Deno.test("without the key nobody takes the place of who is on air elsewhere", async () => {
  const { fleet, a, b } = await startFleet();
  await settled(fleet, a.publish(wish(), connection().close));
  await fleet.pass(1000);
  const other = b.publish(wish(undefined, "198.51.100.1"), connection().close);
  await assert.rejects(settled(fleet, other), isInUse);
  assert.deepEqual(ownersOf(fleet), ["a"]);
});

Deno.test("who is away is followed by whoever comes, at any box", async () => {
  const { fleet, a, c } = await startFleet();
  const first = connection();
  await settled(fleet, a.publish(wish(), first.close));
  await fleet.pass(3000);
  const id = a.shows.sessionOf(NAME);
  a.shows.hangUp(NAME, first.close);
  await settled(fleet, c.publish(wish(), connection().close));
  assert.equal(c.shows.sessionOf(NAME), id);
  await fleet.pass(1000);
  assert.deepEqual(ownersOf(fleet), ["c"]);
});

Deno.test("an owner that is not followed by a claim goes on", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const key = a.keys.create(NAME).token;
  await settled(fleet, a.publish(wish(key), connection().close));
  await watch(fleet, 3000, player);
  const caller = { id: b.id, incarnation: b.member.incarnation };
  const answer = await a.names.handOver(wish(key), caller);
  assert.equal(answer.kind, "handed");
  assert.equal(a.names.owns(NAME), false);
  const frozen = a.playlist(NAME);
  await watch(fleet, 2500, player);
  assert.deepEqual(a.playlist(NAME), frozen);
  await watch(fleet, 2500, player);
  assert.equal(a.names.owns(NAME), true);
  assert.ok((a.playlist(NAME)?.sequence ?? 0) > (frozen?.sequence ?? 0));
});

Deno.test("the same box that asks again while a name is handed over gets the same answer", async () => {
  const { fleet, a, b, c } = await startFleet();
  await settled(fleet, a.publish(wish("k"), connection().close));
  const key = a.keys.create(NAME).token;
  const [asB, asC] = [b, c].map(({ id, member: { incarnation } }) => ({ id, incarnation }));
  if (asB === undefined || asC === undefined) throw new Error("Cannot be");
  const first = await a.names.handOver(wish(key), asB);
  assert.deepEqual(await a.names.handOver(wish(key), asB), first);
  assert.deepEqual(await a.names.handOver(wish(key), asC), { kind: "refused", later: true });
});

Deno.test("where a box died, its DJ goes on elsewhere with numbers that nothing has", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const key = a.keys.create(NAME).token;
  await settled(fleet, a.publish(wish(key), connection().close));
  await watch(fleet, 20_000, player);
  const id = a.shows.sessionOf(NAME);
  a.kill();
  await settled(fleet, b.publish(wish(key), connection().close));
  await watch(fleet, 5000, player);
  assert.deepEqual([...player.sessionIds], [id]);
  assert.deepEqual(ownersOf(fleet), ["b"]);
});

Deno.test("where a box died, who has no key waits until that is known", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  await settled(fleet, a.publish(wish(), connection().close));
  await watch(fleet, 5000, player);
  a.kill();
  await settled(fleet, b.publish(wish(), connection().close));
  await watch(fleet, 1000, player);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.equal(player.sessionIds.size, 1);
});

Deno.test("a box that was started again goes on with what it had", async () => {
  const { fleet, a } = await startFleet();
  const player = new FleetPlayer(NAME);
  await settled(fleet, a.publish(wish(), connection().close));
  await watch(fleet, 5000, player);
  a.kill();
  await watch(fleet, 500, player);
  a.start();
  await watch(fleet, 1000, player);
  await settled(fleet, a.publish(wish(), connection().close));
  await watch(fleet, 1000, player);
  assert.equal(player.sessionIds.size, 1);
});

Deno.test("without the registry a name goes from box to box", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const key = a.keys.create(NAME).token;
  await settled(fleet, a.publish(wish(key), connection().close));
  await watch(fleet, 3000, player);
  for (const box of fleet.boxes) fleet.cutFromRegistry.add(box);
  await watch(fleet, 60_000, player);
  await settled(fleet, b.publish(wish(key), connection().close));
  assert.deepEqual(ownersOf(fleet), ["b"]);
  await watch(fleet, 20_000, player);
  fleet.mend();
  await watch(fleet, 10_000, player);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.equal(player.sessionIds.size, 1);
});

Deno.test("without the registry and the owner a box goes on alone, and the owner loses", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const first = connection();
  await settled(fleet, a.publish(wish(), first.close));
  await watch(fleet, 5000, player);
  for (const box of fleet.boxes) fleet.cutFromRegistry.add(box);
  fleet.cut(a, b, true);
  await watch(fleet, 10_000, player);
  await settled(fleet, b.publish(wish(), connection().close));
  assert.deepEqual(ownersOf(fleet), ["a", "b"]);
  await watch(fleet, 20_000, player);
  fleet.mend();
  await watch(fleet, 10_000, player);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.equal(first.state.isClosed, true);
  assert.equal(player.sessionIds.size, 1);
});

for (const [whose, first] of [["that is over", "a"], ["that goes on", "b"]] as const) {
  Deno.test(`a show goes on where the registry hears first of the one ${whose} of the same epoch`, async () => {
    const { fleet, a, b } = await startApart();
    await settled(fleet, a.publish(wish(), connection().close));
    const second = connection();
    await settled(fleet, b.publish(wish(), second.close));
    await fleet.pass(3000);
    a.shows.finish(NAME);
    const epochs = [a, b].map(({ member }) => member.find(NAME)?.epoch);
    assert.deepEqual(epochs, [1, 1]);
    fleet.cutFromRegistry.delete(first === "a" ? a : b);
    await fleet.pass(3000);
    fleet.mend();
    await fleet.pass(10_000);
    assert.deepEqual(ownersOf(fleet), ["b"]);
    assert.equal(second.state.isClosed, false);
    assert.equal(a.member.ownerOf(NAME)?.id, "b");
  });
}

for (const away of [false, true]) {
  Deno.test(`of two shows of one epoch ${away ? "the one with a DJ" : "one"} goes on, whoever is heard first`, async () => {
    for (const first of ["a", "b"]) {
      const { fleet, a, b, c } = await startApart();
      const [atA, atB] = [connection(), connection()];
      await settled(fleet, a.publish(wish(), atA.close));
      await settled(fleet, b.publish(wish(), atB.close));
      await fleet.pass(3000);
      if (away) a.shows.hangUp(NAME, atA.close);
      fleet.cutFromRegistry.delete(first === "a" ? a : b);
      await fleet.pass(3000);
      fleet.mend();
      await fleet.pass(10_000);
      assert.deepEqual(ownersOf(fleet), [away ? "b" : "a"]);
      assert.deepEqual([atA, atB].map(({ state }) => state.isClosed), [false, !away]);
      assert.equal(c.member.ownerOf(NAME)?.id, away ? "b" : "a");
    }
  });
}

Deno.test("without the registry all boxes hear who has a name, and of names that are new", async () => {
  const { fleet, a, b, c } = await startFleet();
  const player = new FleetPlayer(NAME);
  const key = a.keys.create(NAME).token;
  for (const box of fleet.boxes) fleet.cutFromRegistry.add(box);
  await fleet.pass(3000);
  await settled(fleet, a.publish(wish(key), connection().close));
  await watch(fleet, 5000, player);
  assert.deepEqual(ownersAsKnown(fleet), ["a", "a", "a"]);
  await settled(fleet, b.publish(wish(key), connection().close));
  await watch(fleet, 5000, player);
  assert.deepEqual(ownersAsKnown(fleet), ["b", "b", "b"]);
  assert.deepEqual(c.playlist(NAME), b.playlist(NAME));
  b.shows.finish(NAME);
  await fleet.pass(2000);
  assert.deepEqual(
    fleet.boxes.map(({ member }) => member.find(NAME)?.state),
    Array(3).fill("over"),
  );
  fleet.mend();
  await watch(fleet, 10_000, player);
  assert.deepEqual(ownersOf(fleet), []);
});

Deno.test("a box that alone does not reach the registry tells of its names, and hears of others", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const key = a.keys.create(NAME).token;
  fleet.cutFromRegistry.add(a);
  await fleet.pass(10_000);
  await settled(fleet, a.publish(wish(key), connection().close));
  await watch(fleet, 3000, player);
  assert.deepEqual(fleet.boxes.map(({ member }) => member.find(NAME)?.box), ["a", "a", "a"]);
  await settled(fleet, b.publish(wish(key), connection().close));
  await watch(fleet, 3000, player);
  assert.deepEqual(ownersAsKnown(fleet), ["b", "b", "b"]);
  fleet.mend();
  await watch(fleet, 10_000, player);
  assert.deepEqual(ownersOf(fleet), ["b"]);
});

Deno.test("who gets a name of a box that was started again without the registry keeps it", async () => {
  const { fleet, a, b } = await startFleet();
  const key = a.keys.create(NAME).token;
  for (const box of [a, b, a]) {
    await settled(fleet, box.publish(wish(key), connection().close));
    await fleet.pass(3000);
  }
  for (const box of fleet.boxes) fleet.cutFromRegistry.add(box);
  await fleet.pass(5000);
  a.kill();
  a.start();
  await fleet.pass(3000);
  await settled(fleet, a.publish(wish(key), connection().close));
  const second = connection();
  await settled(fleet, b.publish(wish(key), second.close));
  await fleet.pass(2000);
  assert.equal(fleet.boxes[2]?.member.ownerOf(NAME)?.id, "b");
  fleet.mend();
  await fleet.pass(10_000);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.equal(second.state.isClosed, false);
});

Deno.test("the registry hears by others of an owner that does not reach it, and the one before lets go", async () => {
  const { fleet, a, b, c } = await startFleet();
  const player = new FleetPlayer(NAME);
  const first = connection();
  await settled(fleet, a.publish(wish(), first.close));
  await watch(fleet, 5000, player);
  fleet.cutFromRegistry.add(b);
  fleet.cut(a, b, true);
  await watch(fleet, 10_000, player);
  await settled(fleet, b.publish(wish(), connection().close));
  await watch(fleet, 20_000, player);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.equal(first.state.isClosed, true);
  assert.equal(c.member.find(NAME)?.box, "b");
  fleet.mend();
  await watch(fleet, 10_000, player);
  assert.deepEqual(ownersOf(fleet), ["b"]);
});

Deno.test("without the registry the box of the lower epoch lets a name go once it reaches the other", async () => {
  const { fleet, a, b } = await startFleet();
  const first = connection();
  await settled(fleet, a.publish(wish(), first.close));
  await fleet.pass(5000);
  for (const box of fleet.boxes) fleet.cutFromRegistry.add(box);
  fleet.cut(a, b, true);
  await fleet.pass(10_000);
  await settled(fleet, b.publish(wish(), connection().close));
  assert.deepEqual(ownersOf(fleet), ["a", "b"]);
  fleet.cut(a, b, false);
  await fleet.pass(3000);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.equal(first.state.isClosed, true);
});

Deno.test("who gets a name back of an owner of whom the registry has not heard keeps it", async () => {
  const { fleet, a, c } = await startFleet();
  const player = new FleetPlayer(NAME);
  const key = a.keys.create(NAME).token;
  await settled(fleet, c.publish(wish(key), connection().close));
  await watch(fleet, 3000, player);
  fleet.cutFromRegistry.add(a);
  await settled(fleet, a.publish(wish(key), connection().close));
  await watch(fleet, 1000, player);
  await settled(fleet, c.publish(wish(key), connection().close));
  fleet.mend();
  await watch(fleet, 10_000, player);
  assert.deepEqual(ownersOf(fleet), ["c"]);
});

Deno.test("a box that stood still lets go of what another one has", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const first = connection();
  await settled(fleet, a.publish(wish(), first.close));
  await watch(fleet, 5000, player);
  a.isStopped = true;
  await watch(fleet, 7000, player);
  await settled(fleet, b.publish(wish(), connection().close));
  await watch(fleet, 1000, player);
  a.isStopped = false;
  await watch(fleet, 10_000, player);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.equal(first.state.isClosed, true);
});

Deno.test("a registry that was emptied is told again", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const key = a.keys.create(NAME).token;
  await settled(fleet, a.publish(wish(key), connection().close));
  await watch(fleet, 3000, player);
  fleet.registry.forget();
  await settled(fleet, b.publish(wish(key), connection().close));
  await watch(fleet, 10_000, player);
  assert.deepEqual(ownersOf(fleet), ["b"]);
  assert.equal(player.sessionIds.size, 1);
});

Deno.test("a claim of which nothing more is known tells of no other session", async () => {
  const { fleet, a, b } = await startFleet();
  await settled(fleet, a.publish(wish(), connection().close));
  await fleet.pass(1000);
  const { registry } = fleet;
  registry.forget();
  const known = { shown: 1, known: 1 };
  await registry.claim(NAME, { id: b.id, incarnation: b.member.incarnation }, known);
  await fleet.pass(3000);
  assert.equal(a.names.owns(NAME), false);
  assert.deepEqual(new Set(a.shows.gone), new Set([undefined]));
});

Deno.test("of two DJs who come at once with a new name to two boxes, one gets it", async () => {
  const { fleet, a, b } = await startFleet();
  const results = Promise.allSettled([
    a.publish(wish(undefined, "192.0.2.1"), connection().close),
    b.publish(wish(undefined, "192.0.2.2"), connection().close),
  ]);
  const states = (await settled(fleet, results)).map(({ status }) => status);
  assert.deepEqual(states.sort(), ["fulfilled", "rejected"]);
  assert.equal(ownersOf(fleet).length, 1);
});

Deno.test("a name that is over goes on elsewhere as another session, with later numbers", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  await settled(fleet, a.publish(wish(), connection().close));
  await watch(fleet, 3000, player);
  const id = a.shows.sessionOf(NAME);
  a.shows.finish(NAME);
  await fleet.pass(1000);
  assert.deepEqual(ownersOf(fleet), []);
  await settled(fleet, b.publish(wish(), connection().close));
  assert.notEqual(b.shows.sessionOf(NAME), id);
  await watch(fleet, 3000, player);
});

Deno.test("it is told of a name again that it is there, where nothing is listed of it", async () => {
  const { fleet, a } = await startFleet();
  a.shows.wait(NAME);
  await settled(fleet, a.names.own(wish()));
  a.names.changed(NAME);
  await fleet.pass(300_000);
  const { toldAtMs = 0, mediaSequence } = fleet.boxes[1]?.member.find(NAME) ?? {};
  assert.ok(a.clock.now() - toldAtMs <= 61_000, `${a.clock.now() - toldAtMs} ms ago`);
  assert.equal(mediaSequence, a.member.find(NAME)?.mediaSequence);
});

Deno.test("a name for which nobody publishes in the end is given up", async () => {
  const { fleet, a } = await startFleet();
  await settled(fleet, a.names.own(wish()));
  assert.deepEqual(ownersOf(fleet), ["a"]);
  await fleet.pass(6000);
  assert.deepEqual(ownersOf(fleet), []);
});

Deno.test("a name that was ever heard keeps its numbers, also where its last session was not", async () => {
  const { fleet, a, b } = await startFleet();
  const numberAt = ({ member }: typeof a) => member.find(NAME)?.mediaSequence ?? -1;
  await settled(fleet, a.names.own(wish()));
  await fleet.pass(6000);
  assert.equal(numberAt(b), 0, "nothing was heard");
  await settled(fleet, a.publish(wish(), connection().close));
  await fleet.pass(3000);
  a.shows.wait(NAME);
  a.names.changed(NAME);
  a.shows.finish(NAME);
  await fleet.pass(1000);
  assert.deepEqual(ownersOf(fleet), []);
  const number = numberAt(b);
  assert.ok(number > 0);
  await settled(fleet, b.names.own(wish()));
  await fleet.pass(6000);
  assert.ok(numberAt(a) > number);
});

Deno.test("a box that the registry does not hear loses nothing to strangers", async () => {
  const { fleet, a, b } = await startFleet();
  const player = new FleetPlayer(NAME);
  const first = connection();
  await settled(fleet, a.publish(wish(), first.close));
  fleet.cutFromRegistry.add(a);
  await watch(fleet, 10_000, player);
  assert.equal(b.member.isAlive({ box: "a", incarnation: a.member.incarnation, epoch: 1 }), false);
  const other = b.publish(wish(undefined, "198.51.100.1"), connection().close);
  await assert.rejects(settled(fleet, other), isInUse);
  await watch(fleet, 200_000, player);
  assert.deepEqual([...b.shows.buried], [], "it is not over, either");
  fleet.mend();
  await watch(fleet, 5000, player);
  assert.deepEqual(ownersOf(fleet), ["a"]);
  assert.equal(first.state.isClosed, false);
});

Deno.test("who waits for a name at a box that is gone has left nothing to strangers", async () => {
  const { fleet, a, b } = await startFleet();
  const key = a.keys.create(NAME).token;
  a.shows.wait(NAME);
  await settled(fleet, a.names.own(wish(key)));
  a.names.changed(NAME);
  const id = a.shows.sessionOf(NAME);
  await fleet.pass(1000);
  a.kill();
  await settled(fleet, b.publish(wish(undefined, "198.51.100.1"), connection().close));
  assert.notEqual(b.shows.sessionOf(NAME), id);
});

Deno.test("of a show whose box is gone and whose DJ stays away one box says that it is over", async () => {
  const { fleet, a, b, c } = await startFleet();
  await settled(fleet, a.publish(wish(), connection().close));
  await fleet.pass(3000);
  const id = a.shows.sessionOf(NAME);
  a.kill();
  await fleet.pass(60_000);
  assert.deepEqual([...b.shows.buried, ...c.shows.buried], [], "its DJ may come back");
  await fleet.pass(120_000);
  assert.deepEqual([...b.shows.buried, ...c.shows.buried], [id]);
  assert.equal(b.member.find(NAME)?.state, "over");
  assert.deepEqual(ownersOf(fleet), []);
});
