/** What listeners are told of a name: off air, waiting, on air, over. */
import assert from "node:assert/strict";
import { LastShows } from "../../../src/pages/listener/last_shows.ts";
import type { ShowStatus } from "../../../src/pages/listener/shows.ts";
import { START } from "../../../testing/stat/house.ts";
import { Broadcasts, OFF_AIR } from "../../../testing/pages/listener/broadcasts.ts";

Deno.test("a name that nobody publishes is off air", () => {
  using house = new Broadcasts();
  assert.deepEqual(house.shows.status("demo"), { ...OFF_AIR, name: "demo" });
  assert.deepEqual(house.shows.current, []);
});

Deno.test("a show starts, is on air once it can be heard, reconnects, and is over", async () => {
  using house = new Broadcasts();
  const { shows, clock } = house;
  const seen: [ShowStatus["state"], string | null][] = [];
  const look = () => {
    const { state, started_at } = shows.status("demo");
    seen.push([state, started_at]);
  };
  const first = house.publish("demo");
  look();
  house.send(first);
  look();
  await clock.advance(1000);
  shows.listed("demo");
  look();
  first.end("lost");
  look();
  await clock.advance(2000);
  const second = house.publish("demo");
  look();
  house.send(second);
  look();
  second.end("finished");
  look();
  const started = new Date(START).toISOString();
  assert.deepEqual(seen, [
    ["off-air", null],
    ["starting", started],
    ["on-air", started],
    ["reconnecting", started],
    ["reconnecting", started],
    ["on-air", started],
    ["off-air", null],
  ]);
});

Deno.test("while a fallback stands in for a DJ who is gone, a show is on air", () => {
  using house = new Broadcasts();
  const ingest = house.publish("demo");
  house.send(ingest);
  house.shows.listed("demo");
  ingest.end("lost");
  const told = [false, true, false].map((hasStandIn) => {
    house.hasStandIn = hasStandIn;
    return house.shows.status("demo").state;
  });
  assert.deepEqual(told, ["reconnecting", "on-air", "reconnecting"]);
});

Deno.test("a show can be played in low latency once so many segments are listed as that needs", () => {
  using house = new Broadcasts();
  const { shows } = house;
  house.send(house.publish("demo"));
  const seen = [1, 2, 3, 4].map(() => {
    shows.listed("demo");
    return shows.status("demo").low_latency;
  });
  assert.deepEqual(seen, [false, false, true, true]);
  house.hasLowPlace = false;
  assert.equal(shows.status("demo").low_latency, false, "there is no room for it");
});

Deno.test("how long a show has been on is told right, however the clock is set", async () => {
  using house = new Broadcasts();
  const { shows, clock } = house;
  house.send(house.publish("demo"));
  await clock.advance(10_000);
  for (const step of [-3_600_000, 3_600_000, 3_600_000]) {
    clock.setWall(clock.now() + step);
    const { now, started_at } = shows.status("demo");
    assert.equal(now, new Date(clock.now()).toISOString());
    assert.equal(Date.parse(now) - Date.parse(started_at ?? ""), 10_000);
  }
});

Deno.test("a segment that is listed after the end of its show changes nothing", () => {
  using house = new Broadcasts();
  const ingest = house.publish("demo");
  house.send(ingest);
  ingest.end("finished");
  house.shows.listed("demo");
  house.send(house.publish("demo"));
  assert.equal(house.shows.status("demo").state, "starting");
});

Deno.test("all that goes on is told, the oldest first", async () => {
  using house = new Broadcasts();
  for (const name of ["zoe", "adam"]) {
    house.send(house.publish(name));
    house.shows.listed(name);
    await house.clock.advance(5000);
  }
  const started = (ms: number) => new Date(START + ms).toISOString();
  const none = { title: null, artist: null, artwork: null, rewind_from: null };
  const known = { ...none, low_latency: false };
  const common = { state: "on-air", now: started(10_000), ...known } as const;
  assert.deepEqual(house.shows.current, [
    { name: "zoe", ...common, started_at: started(0), listeners: 3 },
    { name: "adam", ...common, started_at: started(5000), listeners: 4 },
  ]);
});

Deno.test("title and artist are the last ones of the show, else the client's title", () => {
  using house = new Broadcasts();
  const { shows } = house;
  const tag = (title: string | undefined, artist?: string, wallMs = START) => {
    shows.tagged("demo", { title, artist, wallMs, position: 0, dueMs: 0 });
  };
  const told = () => {
    const { title, artist } = shows.status("demo");
    return [title, artist];
  };
  tag("nobody hears it");
  assert.deepEqual(told(), [null, null]);
  house.send(house.publish("demo"));
  assert.deepEqual(told(), [null, null]);
  house.session("demo").props = { title: " Evening\u0000 show ", user_id: "secret" };
  assert.deepEqual(told(), ["Evening show", null]);
  tag("Song", "Band");
  assert.deepEqual(told(), ["Song", "Band"]);
  tag("Jingle");
  assert.deepEqual(told(), ["Jingle", null]);
  tag(undefined);
  assert.deepEqual(told(), ["Evening show", null]);
});

Deno.test("the last twenty titles are told with their times, of the show at hand alone", () => {
  using house = new Broadcasts();
  const { shows } = house;
  const tags = { position: 0, dueMs: 0, artist: "Band" };
  const ingest = house.publish("demo");
  house.send(ingest);
  for (let i = 0; i < 30; i++) {
    shows.tagged("demo", { ...tags, title: `${i}`, wallMs: START + i * 1000 });
  }
  const { titles = [], title } = shows.status("demo");
  assert.equal(title, "29");
  assert.equal(titles.length, 20);
  const at = (i: number) => new Date(START + i * 1000).toISOString();
  assert.deepEqual(titles[0], { title: "10", artist: "Band", at: at(10) });
  assert.deepEqual(titles[19], { title: "29", artist: "Band", at: at(29) });
  assert.deepEqual(shows.current.map(({ titles }) => titles), [undefined]);

  ingest.end("lost");
  assert.equal(shows.status("demo").titles?.length, 20);
  house.send(house.publish("demo"));
  assert.equal(shows.status("demo").title, "29");
  house.session("demo").end("teardown", { code: 0, message: "" });
  assert.deepEqual(shows.status("demo").titles, []);
  house.send(house.publish("demo"));
  assert.deepEqual([shows.status("demo").title, shows.status("demo").titles], [null, []]);
});

Deno.test("a show's own picture is told, else that of the pattern, by http: and https: alone", () => {
  using house = new Broadcasts({ artworkUrl: "https://img.example/{name}/{name}.jpg" });
  const patterned = "https://img.example/demo/demo.jpg";
  const told = () => house.shows.status("demo").artwork;
  assert.equal(told(), patterned, "also while it is off air");
  house.send(house.publish("demo"));
  for (
    const [own, url] of [
      ['https://radio.example/a b.png?x="y"#z', "https://radio.example/a%20b.png?x=%22y%22#z"],
      ["HTTP://radio.example/a.png", "http://radio.example/a.png"],
      ["javascript:alert(1)", patterned],
      ["java\nscript:alert(1)", patterned],
      ["data:image/svg+xml,<svg/>", patterned],
      ["file:///etc/passwd", patterned],
      ["blob:https://radio.example/1", patterned],
      ["//radio.example/a.png", patterned],
      ["a.png", patterned],
      ["https://user:password@radio.example/a.png", patterned],
      [`https://radio.example/${"a".repeat(3000)}`, patterned],
      ["", patterned],
    ]
  ) {
    house.session("demo").props = { image_url: own ?? "" };
    assert.equal(told(), url, own);
  }
});

Deno.test("without a pattern, only a show that tells its picture has one", () => {
  using house = new Broadcasts();
  house.send(house.publish("demo"));
  assert.equal(house.shows.status("demo").artwork, null);
  house.session("demo").props = { image_url: "https://radio.example/a.png" };
  assert.equal(house.shows.status("demo").artwork, "https://radio.example/a.png");
  assert.equal(house.shows.current[0]?.artwork, "https://radio.example/a.png");
});

Deno.test("off air it is told when the name was last on air, if anybody could hear it", async () => {
  using house = new Broadcasts();
  const { shows, clock } = house;
  const last = () => shows.status("demo").last_on_air;
  const unheard = house.publish("demo");
  house.send(unheard);
  unheard.end("finished");
  assert.equal(last(), null);
  const heard = house.publish("demo");
  house.send(heard);
  shows.listed("demo");
  assert.equal(last(), null, "it is on air");
  await clock.advance(60_000);
  heard.end("finished");
  await clock.advance(60_000);
  assert.equal(last(), new Date(START + 60_000).toISOString());
});

Deno.test("who asks for the ends of shows is told of those so far, and then of each", () => {
  using house = new Broadcasts();
  const { shows } = house;
  const show = (name: string) => {
    const ingest = house.publish(name);
    house.send(ingest);
    shows.listed(name);
    ingest.end("finished");
  };
  show("first");
  const told: string[][] = [];
  const end = shows.watchEnds((ended) => told.push(ended.map(({ name }) => name)));
  show("second");
  end();
  show("third");
  assert.deepEqual(told, [["first"], ["second"]]);
});

Deno.test("a thousand names are remembered, those that ended last", () => {
  const last = new LastShows();
  for (let i = 0; i < 1500; i++) last.add({ name: `${i}`, at: i });
  last.add({ name: "500", at: 2000 });
  last.add({ name: "new", at: 3000 });
  assert.equal(last.all.length, 1000);
  assert.deepEqual([last.endOf("499"), last.endOf("501")], [null, null]);
  assert.equal(last.endOf("500"), new Date(2000).toISOString());
  assert.equal(last.all.at(-1)?.name, "new");
});
