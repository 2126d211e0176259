/** What boxes tell each other of their names while the registry does not. */
import assert from "node:assert/strict";
import { OWN_PAGE } from "../../../src/fleet/known_names.ts";
import { NameExchange, type NameQuestion } from "../../../src/fleet/ownership/name_exchange.ts";
import { askForNames, nameRoutes } from "../../../src/fleet/ownership/name_routes.ts";
import { type NameRecord, newRecord } from "../../../src/fleet/registry.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { knownBox } from "../../../testing/fleet/known_box.ts";
import { LinkedBox } from "../../../testing/fleet/linked_boxes.ts";
import { TestedFleet } from "../../../testing/fleet/tested_fleet.ts";

const SILENT_MS = 1500;

/** Boxes on a registry in memory, each with its exchange. */
class ExchangingFleet {
  readonly clock = new FakeClock();
  readonly fleet = new TestedFleet(this.clock);
  /** What was asked, as `FROM TO`, with what was told. */
  readonly asked: { readonly way: string; readonly told: number }[] = [];
  /** Boxes that do not answer others. */
  readonly silent = new Set<string>();
  readonly #exchanges = new Map<string, NameExchange>();

  async join(id: string) {
    const member = await this.fleet.join(id);
    this.#exchanges.get(id)?.close();
    const exchange = new NameExchange({
      clock: this.clock,
      directory: member,
      ask: (box, question) => this.#ask(id, box.id, question),
    });
    this.#exchanges.set(id, exchange);
    return member;
  }

  async stop(): Promise<void> {
    for (const exchange of this.#exchanges.values()) exchange.close();
    await this.fleet.stop();
    await this.clock.advance(SILENT_MS);
    assert.equal(this.clock.timerCount, 0);
  }

  async #ask(from: string, to: string, question: NameQuestion) {
    this.asked.push({ way: `${from} ${to}`, told: question.records.length });
    if (!this.silent.has(to)) return this.#exchanges.get(to)?.answer(question);
    await new Promise<void>((resolve) => this.clock.after(SILENT_MS, resolve));
    return undefined;
  }
}

async function startFleet() {
  const fleet = new ExchangingFleet();
  const [a, b, c] = [await fleet.join("a"), await fleet.join("b"), await fleet.join("c")];
  await fleet.clock.advance(500);
  return { fleet, a, b, c, clock: fleet.clock };
}

function recordAt({ box, incarnation }: { readonly box: string; readonly incarnation: string }) {
  return (name: string): NameRecord => ({ ...newRecord(name), box, incarnation, epoch: 1 });
}

Deno.test("boxes that have the registry ask nobody", async () => {
  const { fleet, a, clock } = await startFleet();
  await a.claim("dj1");
  await clock.advance(60_000);
  assert.deepEqual(fleet.asked, []);
  await fleet.stop();
});

Deno.test("without the registry each box hears of all names that others have, however many", async () => {
  const { fleet, a, b, c, clock } = await startFleet();
  fleet.fleet.cut("a", "b", "c");
  const names = Array.from({ length: 2 * OWN_PAGE + 100 }, (_, i) => `dj${i}`);
  for (const name of names) a.save(recordAt(a)(name));
  await clock.advance(2000);
  for (const box of [b, c]) assert.ok(names.every((name) => box.ownerOf(name)?.id === "a"));
  a.save({ ...recordAt(a)("dj7"), state: "over", mediaSequence: 40 });
  const before = fleet.asked.length;
  await clock.advance(2000);
  assert.deepEqual([c.find("dj7")?.state, c.find("dj7")?.mediaSequence], ["over", 40]);
  const told = fleet.asked.slice(before).map((it) => it.told);
  assert.ok(Math.max(...told) <= 1, "what was told before is not told again");
  await fleet.stop();
});

Deno.test("a box that does not answer keeps no other one waiting, and is told all once it does", async () => {
  const { fleet, a, b, c, clock } = await startFleet();
  fleet.fleet.cut("a", "b", "c");
  fleet.silent.add("b");
  await clock.advance(1000);
  a.save(recordAt(a)("dj1"));
  await clock.advance(1000);
  assert.equal(c.ownerOf("dj1")?.id, "a");
  const before = fleet.asked.length;
  await clock.advance(6000);
  const toB = fleet.asked.slice(before).filter(({ way }) => way === "a b");
  assert.ok(toB.length <= 6000 / SILENT_MS, "it is asked once at a time");
  fleet.silent.delete("b");
  await clock.advance(2000);
  assert.equal(b.ownerOf("dj1")?.id, "a");
  await fleet.stop();
});

Deno.test("a box that was started again is told all again, and tells all that is new there", async () => {
  const { fleet, a, b, clock } = await startFleet();
  fleet.fleet.cut("a", "b", "c");
  await clock.advance(1000);
  a.save(recordAt(a)("dj1"));
  for (const name of ["dj2", "dj3"]) b.save(recordAt(b)(name));
  await clock.advance(2000);
  await fleet.fleet.kill(b);
  const starting = fleet.join("b");
  await clock.advance(1000);
  const again = await starting;
  again.save(recordAt(again)("dj4"));
  await clock.advance(2000);
  assert.equal(again.find("dj1")?.box, "a");
  assert.equal(a.ownerOf("dj4")?.id, "b");
  await fleet.stop();
});

Deno.test("a name that another box has by now is not told of as this one's", async () => {
  const { fleet, a, b, c, clock } = await startFleet();
  await a.claim("dj1");
  await clock.advance(500);
  fleet.fleet.cut("a", "b", "c");
  await clock.advance(1000);
  b.save({ ...recordAt(b)("dj1"), epoch: 2 });
  await clock.advance(2000);
  assert.deepEqual([a, b, c].map((box) => box.find("dj1")?.box), ["b", "b", "b"]);
  assert.deepEqual(a.ownSince(0).records, []);
  await fleet.stop();
});

Deno.test("of two boxes with one name of one epoch all come to the same, whoever is heard first", async () => {
  for (const order of [["a", "b"], ["b", "a"]]) {
    const { fleet, a, b, c, clock } = await startFleet();
    fleet.fleet.cut("a", "b", "c");
    fleet.silent.add("a").add("b");
    await clock.advance(3000);
    a.save(recordAt(a)("dj1"));
    b.save(recordAt(b)("dj1"));
    for (const id of order) {
      fleet.silent.delete(id);
      await clock.advance(2500);
    }
    assert.deepEqual([a, b].map((box) => box.owns("dj1")), [true, false]);
    assert.deepEqual([b, c].map((box) => box.ownerOf("dj1")?.id), ["a", "a"]);
    await fleet.stop();
  }
});

Deno.test("what is asked and told comes over HTTP as it was", async () => {
  await using owner = new LinkedBox("a");
  await using other = new LinkedBox("b");
  const record: NameRecord = {
    ...recordAt({ box: "a", incarnation: "run-of-a" })("demo"),
    ...{ sessionId: 4711, props: { show: "late" }, mediaSequence: 1234, endsAtMs: 99.5 },
  };
  const questions: NameQuestion[] = [];
  const news = { incarnation: "run-of-a", version: 7, records: [record] };
  const routes = nameRoutes({ answer: (question) => (questions.push(question), news) });
  owner.routes.route("/names", routes);
  const question = { since: { incarnation: "run-of-a", version: 3 }, records: [record, record] };
  const ask = askForNames(other.links);
  assert.deepEqual(await ask({ ...knownBox("a"), ...owner.place }, question), news);
  assert.deepEqual(questions, [question]);
  const gone = { ...knownBox("a"), privateUrl: "http://127.0.0.1:1" };
  assert.equal(await ask(gone, question), undefined);
});
