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

Deno.test("a title that the media tell is shown from its time on, before the server tells it", () => {
  const titles = new Titles();
  titles.update(status(titled("A", 0)));
  titles.tell(titled("B", 10, "Band"));
  assert.equal(titles.heard(AT + 9990).now.title, "A");
  assert.deepEqual(titles.heard(AT + 10_000).now, titled("B", 10, "Band"));
  assert.equal(titles.untilNext(AT + 9000), 1000);
  assert.equal(titles.untilNext(AT + 10_000), Infinity);
});

Deno.test("a title counts once, however often it is told and by whom", () => {
  const titles = new Titles();
  titles.update(status(titled("A", 0)));
  for (const at of [10, 10.02, 9.98, 20, 30]) titles.tell(titled("B", at));
  titles.tell(titled("A", 0));
  titles.tell(titled("A", 5));
  const heard = () => titles.heard(AT + 60_000);
  assert.deepEqual([heard().now, heard().before], [titled("B", 10), [titled("A", 0)]]);
  titles.update(status(titled("A", 0), titled("B", 10.001)));
  titles.tell(titled("B", 40));
  assert.deepEqual([heard().now, heard().before], [titled("B", 10.001), [titled("A", 0)]]);
});

Deno.test("a title that comes again after another one counts again", () => {
  const titles = new Titles();
  titles.update(status(titled("A", 0)));
  titles.tell(titled("B", 10));
  titles.tell(titled("A", 20));
  titles.tell(titled("A", 20));
  const { now, before } = titles.heard(AT + 30_000);
  assert.deepEqual([now, before], [titled("A", 20), [titled("B", 10), titled("A", 0)]]);
});

Deno.test("of the same title, the text with its own quotes is shown", () => {
  const titles = new Titles();
  titles.update(status(titled("A", 0)));
  titles.tell(titled("The 'B' side", 10));
  titles.tell(titled('The "B" side', 10.01));
  titles.tell(titled("The 'B' side", 10));
  assert.deepEqual(titles.heard(AT + 30_000).now, titled('The "B" side', 10));
});

Deno.test("titles of the show before, which a playlist still tells, are not the next one's", () => {
  const titles = new Titles();
  titles.update({ ...status(), title: "Next", started_at: titled(null, 100).at });
  titles.tell(titled("A", 60));
  assert.equal(titles.heard(AT + 120_000).now.title, "Next");
  assert.deepEqual(titles.heard(AT + 120_000).before, []);
});
