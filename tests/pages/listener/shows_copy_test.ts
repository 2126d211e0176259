/** What listeners are told of shows that another thread has. */
import assert from "node:assert/strict";
import type { ShowStatus } from "../../../src/pages/listener/shows.ts";
import { ShowsCopy, type ShowsQuestion } from "../../../src/pages/listener/shows_copy.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const START = "2026-01-01T00:00:00.000Z";

function setUp() {
  const clock = new FakeClock();
  const asked: ShowsQuestion[] = [];
  const shows: ShowsCopy = new ShowsCopy({
    clock,
    has: (name) => name.startsWith("live"),
    artworkUrl: "https://img.example/{name}.jpg",
    ask: (questions) => {
      asked.push(...questions);
      shows.take(
        questions.map((name) => name === null ? [show("live"), show("live2")] : [show(name)]),
      );
    },
  });
  return { clock, asked, shows };
}

function show(name: string): ShowStatus {
  const times = { started_at: START, now: "2026-01-01T00:00:00.000Z" };
  const none = { title: null, artist: null, artwork: null, rewind_from: null };
  const told = { listeners: 3, low_latency: false, ...none };
  return { name, state: "on-air", ...times, ...told };
}

Deno.test("however many ask, the status of a show is asked for once a second", async () => {
  const { clock, asked, shows } = setUp();
  const all = await Promise.all(Array.from({ length: 1000 }, () => shows.status("live")));
  assert.ok(all.every(({ listeners }) => listeners === 3));
  assert.deepEqual(asked, ["live"]);
  await clock.advance(999);
  const { now, started_at } = await shows.status("live");
  assert.deepEqual([now, started_at], ["2026-01-01T00:00:00.999Z", START]);
  assert.equal(asked.length, 1);
  await clock.advance(1);
  await shows.status("live");
  assert.equal(asked.length, 2);
});

Deno.test("nobody is asked for a name that there is not", async () => {
  const { asked, shows } = setUp();
  for (let i = 0; i < 1000; i++) {
    assert.equal((await shows.status(`made-up-${i}`)).state, "off-air");
  }
  assert.deepEqual(asked, []);
});

Deno.test("all shows are asked for together", async () => {
  const { asked, shows } = setUp();
  assert.deepEqual((await shows.current).map(({ name }) => name), ["live", "live2"]);
  await shows.current;
  assert.deepEqual(asked, [null]);
});

Deno.test("of a name that is off air its picture is known, and when it was last on air", async () => {
  const { asked, shows } = setUp();
  shows.takeEnded([{ name: "gone", at: Date.parse(START) }]);
  const { artwork, last_on_air } = await shows.status("gone");
  assert.deepEqual([artwork, last_on_air], ["https://img.example/gone.jpg", START]);
  assert.equal((await shows.status("never")).last_on_air, null);
  assert.deepEqual(asked, []);
});
