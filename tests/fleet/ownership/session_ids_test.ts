/** Session ids that a box has ready, and those that it makes. */
import assert from "node:assert/strict";
import { SessionIds } from "../../../src/fleet/ownership/session_ids.ts";
import { RegistryUnavailable } from "../../../src/fleet/registry.ts";
import { MemoryRegistry } from "../../../src/fleet/registry/memory_registry.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

/** How long the registry takes to answer. */
const ANSWER_MS = 5;

function setUp() {
  const clock = new FakeClock();
  const registry = new MemoryRegistry(clock);
  const asked: number[] = [];
  const state = { isGone: false };
  const ids = new SessionIds({
    ...{ clock, box: "a" },
    registry: {
      async reserveSessionIds(count: number) {
        if (state.isGone) throw new RegistryUnavailable("It is gone");
        asked.push(count);
        await new Promise<void>((resolve) => clock.after(ANSWER_MS, resolve));
        return await registry.reserveSessionIds(count);
      },
    },
  });
  /** A show begins, in some milliseconds once the id is there. */
  const begin = async (inMs = 0) => {
    await ids.prepare();
    if (inMs > 0) await new Promise<void>((resolve) => clock.after(inMs, resolve));
    return ids.take();
  };
  return { clock, registry, ids, asked, state, begin };
}

Deno.test("shows that begin together get ids of the registry, however many they are", async () => {
  const { clock, registry, asked, begin } = setUp();
  for (const inMs of [0, 1, 2000]) {
    const beginning = Promise.all(Array.from({ length: 200 }, () => begin(inMs)));
    await clock.advance(3000);
    const ids = await beginning;
    assert.equal(new Set(ids).size, 200);
    assert.ok(Math.max(...ids) < await registry.reserveSessionIds(1));
  }
  assert.ok(asked.length <= 12, `the registry was asked ${asked.length} times`);
});

Deno.test("who waits for an id waits for nobody who comes later", async () => {
  const { clock, begin } = setUp();
  let isThere = false;
  const first = begin().then(() => isThere = true);
  const later: Promise<number>[] = [];
  for (let ms = 0; ms < 2 * ANSWER_MS; ms++) {
    later.push(begin(100));
    await clock.advance(1);
  }
  assert.ok(isThere);
  await clock.advance(1000);
  await Promise.all([first, ...later]);
});

Deno.test("without the registry nobody waits, and ids differ still", async () => {
  const { clock, state, begin } = setUp();
  state.isGone = true;
  const startedAt = clock.monotonic();
  const ids = await Promise.all(Array.from({ length: 200 }, () => begin()));
  assert.equal(clock.monotonic(), startedAt);
  assert.equal(new Set(ids).size, 200);
});

Deno.test("ids that were asked for and not taken are those of shows that begin later", async () => {
  const { clock, ids, asked, begin } = setUp();
  const wishes = Promise.all(Array.from({ length: 100 }, () => ids.prepare()));
  await clock.advance(60_000);
  await wishes;
  const sum = () => asked.reduce((all, count) => all + count, 0);
  const before = sum();
  for (let i = 0; i < 90; i++) await begin();
  assert.equal(sum(), before);
});
