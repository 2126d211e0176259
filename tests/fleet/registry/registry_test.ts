/** What any registry does, whatever it keeps its records in. */
import assert from "node:assert/strict";
import {
  type NameRecord,
  newRecord,
  type Registry,
  UNHEARD_LIFE_MS,
} from "../../../src/fleet/registry.ts";
import { boxRecord, withEachRegistry } from "../../../testing/fleet/tested_registries.ts";

const [A, B] = [boxRecord("a"), boxRecord("b")];
const SAVED = { kind: "saved" };

Deno.test("a box that beats is told of, with how long ago it was heard", async (context) => {
  await withEachRegistry(context, async ({ registry, silence }) => {
    await beat(registry, A);
    const { boxes } = await beat(registry, B);
    const [a, b] = boxes.toSorted((x, y) => x.id < y.id ? -1 : 1);
    assert.deepEqual([a, b], [{ ...A, ageMs: a?.ageMs }, { ...B, ageMs: b?.ageMs }]);
    assert.ok((a?.ageMs ?? -1) >= 0 && (a?.ageMs ?? Infinity) < 6000);
    await silence("a");
    assert.deepEqual((await registry.changes(0)).boxes.map(({ id }) => id), ["b"]);
  });
});

Deno.test("a box that leaves is gone at once, unless another run of it has come", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    await beat(registry, A);
    await registry.leave(boxRecord("a", "0"));
    assert.equal((await registry.changes(0)).boxes.length, 1);
    await registry.leave(A);
    assert.equal((await registry.changes(0)).boxes.length, 0);
  });
});

Deno.test("a box that is unlike the others does not join", async (context) => {
  await withEachRegistry(context, async ({ registry, silence }) => {
    await beat(registry, A);
    const other = boxRecord("b", "1", "KEY=2");
    const refused = await registry.beat(other, 0);
    assert.ok(refused.kind === "refused" && refused.why === "unlike");
    assert.deepEqual([refused.by.id, refused.by.alike], ["a", "KEY=1"]);
    assert.deepEqual((await registry.changes(0)).boxes.map(({ id }) => id), ["a"]);
    await silence("a");
    assert.equal((await registry.beat(other, 0)).kind, "joined");
  });
});

Deno.test("a box that starts takes the place of its run before, which is refused", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    const { version } = await beat(registry, A);
    await beat(registry, boxRecord("a", "2"));
    const refused = await registry.beat(A, version);
    assert.ok(refused.kind === "refused" && refused.why === "replaced");
    assert.equal(refused.by.incarnation, "a-run2");
  });
});

Deno.test("a name is claimed once, and again by who shows its epoch", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    await beat(registry, A);
    await beat(registry, B);
    const own = { box: "a", incarnation: A.incarnation, epoch: 1 };
    assert.deepEqual(await registry.claim("dj", A), { kind: "granted", record: undefined, own });
    const record: NameRecord = { ...newRecord("dj"), ...own };
    assert.deepEqual(await registry.claim("dj", A), { kind: "granted", record, own }, "repeated");
    assert.deepEqual(await registry.claim("dj", B), { kind: "taken", by: record });
    assert.deepEqual(await registry.claim("dj", B, { shown: 1 }), {
      kind: "granted",
      record,
      own: { box: "b", incarnation: B.incarnation, epoch: 2 },
    });
    assert.equal((await registry.claim("dj", A, { known: 9 })).kind, "taken");
  });
});

Deno.test("of many who claim a name at once, one gets it", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    const boxes = Array.from({ length: 8 }, (_, i) => boxRecord(`box${i}`));
    await Promise.all(boxes.map((box) => beat(registry, box)));
    const claimed = await Promise.all(boxes.map((box) => registry.claim("dj", box)));
    assert.equal(claimed.filter(({ kind }) => kind === "granted").length, 1);
  });
});

Deno.test("a name of a box that is gone or started again is free, with its numbers", async (context) => {
  await withEachRegistry(context, async ({ registry, silence }) => {
    await beat(registry, A);
    await beat(registry, B);
    const record = { ...await claimed(registry, "dj"), mediaSequence: 40, sessionId: 7 };
    assert.deepEqual(await registry.save(record), SAVED);
    await beat(registry, boxRecord("a", "2"));
    const first = await registry.claim("dj", B);
    assert.ok(first.kind === "granted");
    assert.deepEqual([first.record, first.own.epoch], [record, 2]);
    await silence("b");
    const second = await registry.claim("dj", boxRecord("a", "2"));
    assert.ok(second.kind === "granted");
    assert.deepEqual(second.record, { ...record, ...first.own });
    assert.equal(second.own.epoch, 3);
  });
});

Deno.test("a record comes back as it was saved", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    await beat(registry, A);
    const record: NameRecord = {
      ...await claimed(registry, "dj"),
      sessionId: 1_795_000_000_123,
      state: "held",
      mediaSequence: 123_456,
      discontinuitySequence: 7,
      endsAtMs: 1_795_000_000_456.5,
      toldAtMs: 1_795_000_000_457,
      props: { title: 'a "b"\n\u0000 ü ☃', "": "" },
      holdMs: 29_999,
      createdAtMs: 1_795_000_000_001,
    };
    assert.deepEqual(await registry.save(record), SAVED);
    assert.deepEqual((await registry.changes(0)).names, [record]);
    assert.deepEqual(await registry.claim("dj", B), { kind: "taken", by: record });
  });
});

Deno.test("only the owner saves, or one of a higher epoch", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    await beat(registry, A);
    await beat(registry, B);
    const a = await claimed(registry, "dj");
    const b = { ...a, box: "b", incarnation: B.incarnation };
    const lost = { kind: "lost", to: a };
    assert.deepEqual(await registry.save({ ...b, mediaSequence: 1 }), lost, "the same epoch");
    const higher = { ...b, epoch: 2, mediaSequence: 2 };
    assert.deepEqual(await registry.save(higher), SAVED);
    assert.deepEqual(await registry.save({ ...a, mediaSequence: 3 }), { ...lost, to: higher });
    assert.deepEqual(await registry.save({ ...a, state: "over" }), { ...lost, to: higher });
    assert.equal((await registry.changes(0)).names[0]?.mediaSequence, 2);
  });
});

Deno.test("of one epoch, who is on air has the name, then who is held, then the box that is first", async (context) => {
  await withEachRegistry(context, async ({ registry, silence }) => {
    await beat(registry, A);
    await beat(registry, B);
    const a = await claimed(registry, "dj");
    const b = { ...a, box: "b", incarnation: B.incarnation };
    const held = { ...a, state: "held" } as const;
    const lost = { kind: "lost", to: a };
    assert.deepEqual(await registry.save({ ...b, state: "held" }), lost);
    assert.deepEqual(await registry.save(b), lost, "a is first");
    assert.deepEqual(await registry.save(held), SAVED);
    assert.deepEqual(await registry.save({ ...b, state: "held" }), { ...lost, to: held });
    assert.deepEqual(await registry.save(b), SAVED);
    assert.deepEqual(await registry.save(held), { ...lost, to: b });
    assert.deepEqual(await registry.save(a), SAVED);
    await silence("a");
    await beat(registry, B);
    assert.deepEqual(await registry.save(b), SAVED, "a is gone");
    assert.deepEqual(await registry.save({ ...a, state: "over" }), { ...lost, to: b });
    assert.deepEqual(await registry.save({ ...b, state: "over" }), SAVED);
    await beat(registry, A);
    assert.deepEqual(await registry.save(held), SAVED, "nobody has what is over");
  });
});

Deno.test("a name that is over is nobody's, and keeps its numbers", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    await beat(registry, A);
    await beat(registry, B);
    const over = { ...await claimed(registry, "dj"), mediaSequence: 40, state: "over" } as const;
    assert.deepEqual(await registry.save(over), SAVED);
    const granted = await registry.claim("dj", B);
    assert.ok(granted.kind === "granted");
    assert.deepEqual([granted.record, granted.own.epoch], [over, 2]);
  });
});

Deno.test("a name given up unheard is forgotten in an hour, unless somebody has it again", async (context) => {
  await withEachRegistry(context, async ({ registry, age }) => {
    await beat(registry, A);
    const heard = { ...await claimed(registry, "heard"), mediaSequence: 40 };
    for (const name of ["heard", "unheard", "again"]) {
      const record = name === "heard" ? heard : await claimed(registry, name);
      assert.deepEqual(await registry.save({ ...record, state: "over" }), SAVED);
    }
    await age(UNHEARD_LIFE_MS - 60_000);
    await beat(registry, A);
    assert.deepEqual(namesOf(await registry.changes(0)), ["again", "heard", "unheard"]);
    assert.equal((await claimed(registry, "again")).epoch, 2);
    await age(120_000);
    await beat(registry, A);
    const { names } = await registry.changes(0);
    assert.deepEqual(namesOf({ names }), ["again", "heard"]);
    const granted = await registry.claim("unheard", A);
    assert.ok(granted.kind === "granted");
    assert.deepEqual([granted.record, granted.own.epoch], [undefined, 1]);
  });
});

Deno.test("what has changed since an answer is told, and nothing else", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    const first = await beat(registry, A);
    assert.ok(first.renewed);
    await registry.claim("dj1", A);
    const second = await registry.changes(first.version);
    assert.deepEqual([second.renewed, namesOf(second)], [false, ["dj1"]]);
    await registry.claim("dj2", A);
    await registry.claim("dj3", A);
    const third = await registry.changes(second.version);
    assert.deepEqual([third.renewed, namesOf(third)], [false, ["dj2", "dj3"]]);
    assert.deepEqual(namesOf(await registry.changes(third.version)), []);
    await registry.save({ ...await claimed(registry, "dj1"), mediaSequence: 1 });
    assert.deepEqual(namesOf(await registry.changes(third.version)), ["dj1"]);
    assert.deepEqual(namesOf(await registry.changes(0)), ["dj1", "dj2", "dj3"]);
  });
});

Deno.test("a registry that has forgotten says so, also when it knows more again", async (context) => {
  await withEachRegistry(context, async ({ registry, forget }) => {
    await beat(registry, A);
    const before = await claimed(registry, "dj");
    const { version } = await registry.changes(0);
    await forget();
    await beat(registry, B);
    for (let i = 0; i < 20; i++) await registry.claim(`new${i}`, B);
    const changes = await registry.changes(version);
    assert.ok(changes.renewed && changes.version > version);
    assert.equal(changes.names.length, 20);
    assert.ok(!(await registry.changes(changes.version)).renewed);
    const granted = await registry.claim("dj", B, { known: 5 });
    assert.ok(granted.kind === "granted");
    assert.deepEqual([granted.record, granted.own.epoch], [undefined, 6]);
    assert.equal((await registry.save(before)).kind, "lost");
    assert.deepEqual(await registry.save({ ...before, epoch: 7 }), SAVED);
  });
});

Deno.test("all names are told, however many there are", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    const { version } = await beat(registry, A);
    const names = Array.from({ length: 1200 }, (_, i) => `dj${i}`);
    // Each has to be answered within a second.
    for (let i = 0; i < names.length; i += 100) {
      await Promise.all(names.slice(i, i + 100).map((name) => registry.claim(name, A)));
    }
    for (const since of [0, version]) {
      const changes = await registry.changes(since);
      assert.deepEqual(namesOf(changes), names.toSorted());
      assert.equal(changes.renewed, since === 0);
      assert.deepEqual((await registry.changes(changes.version)).names, []);
    }
  });
});

Deno.test("session ids grow", async (context) => {
  await withEachRegistry(context, async ({ registry }) => {
    const reserve = async (count: number) => {
      const first = await registry.reserveSessionIds(count);
      return Array.from({ length: count }, (_, i) => first + i);
    };
    const counts = Array.from({ length: 50 }, (_, i) => i % 2 === 0 ? 1 : 200);
    const ids = (await Promise.all(counts.map(reserve))).flat();
    assert.equal(new Set(ids).size, 25 * 201);
    assert.ok(await registry.reserveSessionIds(1) > Math.max(...ids));
    assert.ok(ids.every((id) => Number.isSafeInteger(id) && id > Date.UTC(2020, 0)));
  });
});

/** Beats for the first time. */
async function beat(registry: Registry, box: typeof A) {
  const answer = await registry.beat(box, 0);
  assert.ok(answer.kind === "joined");
  return answer.changes;
}

/** Claims a name for A. @returns its record */
async function claimed(registry: Registry, name: string): Promise<NameRecord> {
  const answer = await registry.claim(name, A);
  assert.ok(answer.kind === "granted");
  return { ...(answer.record ?? newRecord(name)), ...answer.own };
}

function namesOf({ names }: { readonly names: readonly NameRecord[] }): string[] {
  return names.map(({ name }) => name).sort();
}
