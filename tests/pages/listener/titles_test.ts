/** The titles of a show as the page knows them, and which of them is heard. */
import assert from "node:assert/strict";
import { Titles } from "../../../src/pages/listener/titles.js";
import { OFF_AIR } from "../../../testing/pages/listener/broadcasts.ts";

const AT = Date.parse("2026-11-23T20:00:00.000Z");

const titled = (title: string | null, seconds: number, artist: string | null = null) => ({
  title,
  artist,
  at: new Date(AT + seconds * 1000).toISOString(),
});

function status(...titles: ReturnType<typeof titled>[]) {
  const { title = null, artist = null } = titles.at(-1) ?? {};
  return { ...OFF_AIR, name: "demo", state: "on-air" as const, title, artist, titles };
}

Deno.test("a title is heard from its time on, however early it is known", () => {
  const titles = new Titles();
  titles.update(status(titled("A", 0), titled("B", 10, "Band"), titled("C", 20)));
  const heard = (seconds: number) => titles.heard(AT + seconds * 1000);
  assert.equal(heard(9.99).now.title, "A");
  assert.deepEqual(heard(9.99).before, []);
  assert.deepEqual(heard(10).now, titled("B", 10, "Band"));
  assert.deepEqual(heard(25), {
    now: titled("C", 20),
    before: [titled("B", 10, "Band"), titled("A", 0)],
  });
  assert.equal(titles.heard(Infinity).now.title, "C");
});

Deno.test("before the first title is heard, what stood there before stays", () => {
  const titles = new Titles();
  titles.update({ ...status(), title: "Evening show" });
  titles.update(status(titled("A", 10)));
  assert.equal(titles.heard(AT).now.title, "Evening show");
  assert.equal(new Titles().heard(AT).now.title, null);
});

Deno.test("where nothing is heard that has a name, no title is shown, nor listed later", () => {
  const titles = new Titles();
  titles.update(status(titled("A", 0), titled(null, 10), titled("B", 20)));
  assert.equal(titles.heard(AT + 15_000).now.title, null);
  assert.deepEqual(titles.heard(AT + 25_000).before, [titled("A", 0)]);
});

Deno.test("the end of a show has its titles, and the next show its own", () => {
  const titles = new Titles();
  titles.update(status(titled("A", 0)));
  titles.update({ ...OFF_AIR, name: "demo" });
  assert.equal(titles.heard(AT + 5000).now.title, "A");
  titles.update(status());
  assert.deepEqual(titles.heard(AT + 60_000), {
    now: { title: null, artist: null, at: "" },
    before: [],
  });
});
