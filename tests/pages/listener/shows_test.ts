/** What listeners are told of a name: off air, waiting, on air, over. */
import assert from "node:assert/strict";
import { Shows, type ShowStatus } from "../../../src/pages/listener/shows.ts";
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
  const common = { state: "on-air", now: started(10_000), title: null, artist: null } as const;
  assert.deepEqual(house.shows.current, [
    { name: "zoe", ...common, started_at: started(0), listeners: 3 },
    { name: "adam", ...common, started_at: started(5000), listeners: 4 },
  ]);
});

Deno.test("title and artist are what the encoder calls them, else the client", () => {
  for (
    const [facts, props, title, artist] of [
      [{ title: "Programme", artist: "DJ" }, { title: "Prop" }, "Programme", "DJ"],
      [{ StreamTitle: "Song", title: "Programme", author: "DJ" }, {}, "Song", "DJ"],
      [{ title: "  " }, { title: "Prop", user_id: "secret" }, "Prop", null],
      [{ title: 7, artist: true }, {}, null, null],
      [{ title: "a\u0000b\r\nc\u202ed\ud800" }, {}, "a b c d\ufffd", null],
      [{ title: "é".repeat(300) }, {}, "é".repeat(200), null],
    ] as const
  ) {
    const shows = new Shows({
      clock: { now: () => START, monotonic: () => 0 },
      events: {
        subscribe(listener) {
          const session = { id: 1, name: "demo", protocol: "rtmp", props: {} } as const;
          listener({ kind: "create", at: START, address: "192.0.2.1", ...session });
          return () => {};
        },
      },
      find: () => ({ state: "publishing", streamFacts: facts, props }),
      listeners: () => 0,
    });
    assert.deepEqual(shows.status("demo"), {
      name: "demo",
      state: "starting",
      started_at: new Date(START).toISOString(),
      now: new Date(START).toISOString(),
      listeners: 0,
      title,
      artist,
    });
    shows.close();
  }
});
