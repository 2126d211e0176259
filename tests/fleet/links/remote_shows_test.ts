/** What listeners are told of the broadcasts of other boxes. */
import assert from "node:assert/strict";
import { remoteShowRoutes, RemoteShows } from "../../../src/fleet/links/remote_shows.ts";
import type { Shows, ShowStatus } from "../../../src/pages/listener/shows.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { FakeView } from "../../../testing/fleet/fake_view.ts";
import { LinkedBox } from "../../../testing/fleet/linked_boxes.ts";

/** Tells that these are on air. */
class FakeShows implements Pick<Shows, "status" | "current" | "watchEnds"> {
  readonly asked: string[] = [];
  readonly #names: readonly string[];

  constructor(...names: readonly string[]) {
    this.#names = names;
  }

  status(name: string): ShowStatus {
    this.asked.push(name);
    const i = this.#names.indexOf(name);
    return {
      ...{
        name,
        state: i === -1 ? "off-air" : "on-air",
        now: "",
        listeners: 0,
        low_latency: false,
      },
      ...{ title: null, artist: null, artwork: null, rewind_from: null },
      started_at: i === -1 ? null : new Date(Number(name.at(-1)) * 1000).toISOString(),
    };
  }

  get current(): readonly ShowStatus[] {
    return this.#names.map((name) => this.status(name));
  }

  watchEnds(): () => void {
    return () => {};
  }
}

Deno.test("the status of a broadcast is told by the box that has it, once a second", async () => {
  const clock = new FakeClock();
  await using a = new LinkedBox("a");
  await using b = new LinkedBox("b", { clock });
  const atA = new FakeShows("show1");
  a.routes.route("/shows", remoteShowRoutes(atA));
  const view = new FakeView("b");
  view.meet(a.place);
  view.give("show1", "a");
  const shows = new RemoteShows({ clock, view, links: b.links, own: new FakeShows("show2") });
  for (let i = 0; i < 3; i++) assert.equal((await shows.status("show1")).state, "on-air");
  assert.deepEqual(atA.asked, ["show1"]);
  await clock.advance(1000);
  await shows.status("show1");
  assert.deepEqual(atA.asked, ["show1", "show1"]);
  assert.equal((await shows.status("show2")).state, "on-air");
  assert.equal((await shows.status("nobody")).state, "off-air");
});

Deno.test("the broadcasts of all boxes are listed, the oldest first, each by its owner", async () => {
  const clock = new FakeClock();
  await using a = new LinkedBox("a");
  await using b = new LinkedBox("b", { clock });
  a.routes.route("/shows", remoteShowRoutes(new FakeShows("show1", "show3", "moved4")));
  const view = new FakeView("b");
  view.meet(a.place);
  for (const name of ["show1", "show3"]) view.give(name, "a");
  view.give("moved4", "b");
  const own = new FakeShows("show2", "moved4");
  const shows = new RemoteShows({ clock, view, links: b.links, own });
  const names = (await shows.current).map(({ name }) => name);
  assert.deepEqual(names, ["show1", "show2", "show3", "moved4"]);
});

Deno.test("a box that does not answer is no reason to tell nothing", async () => {
  const clock = new FakeClock();
  await using b = new LinkedBox("b", { clock });
  const view = new FakeView("b");
  const place = await (async () => {
    await using a = new LinkedBox("a");
    return a.place;
  })();
  view.meet(place);
  view.give("show1", "a");
  const shows = new RemoteShows({ clock, view, links: b.links, own: new FakeShows("show2") });
  assert.deepEqual((await shows.current).map(({ name }) => name), ["show2"]);
  assert.equal((await shows.status("show1")).state, "off-air");
});
