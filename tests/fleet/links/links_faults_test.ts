/** What listeners at another box have when boxes, or what is between them, fail. */
import assert from "node:assert/strict";
import { NoPlace, SegmentUnavailable } from "../../../src/hls/origin.ts";
import { FeedSource } from "../../../src/fleet/links/feed_source.ts";
import { HeardElsewhere } from "../../../testing/fleet/heard_elsewhere.ts";
import { until } from "../../../testing/until.ts";

Deno.test("a box that is gone: its last playlist and its segments are heard until the hold ends", async () => {
  await using heard = await HeardElsewhere.start();
  heard.view.give("demo", "a", { holdMs: 20_000 });
  await heard.onAir(5);
  await heard.caughtUp();
  const files = await heard.files();
  for (const file of files) await heard.segment(file);
  const last = await heard.heard();
  await heard.a[Symbol.asyncDispose]();
  heard.view.miss("a");
  for (let second = 0; second < 18; second++) {
    await heard.pass(1);
    assert.equal(await heard.heard(), last);
  }
  for (const file of files) assert.ok(await heard.segment(file) !== undefined);
  await until("the hold is over", async () => {
    await heard.pass(1);
    return await heard.heard() === "";
  });
});

Deno.test("a box that is gone before anybody here has heard it: who asks is to ask again", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  heard.network.stall();
  heard.view.miss("a");
  const first = assert.rejects(heard.heard(), NoPlace);
  await heard.pass(5);
  await first;
  await assert.rejects(heard.heard(), NoPlace);
  heard.network.mend();
  heard.view.give("demo", "a");
  await heard.caughtUp();
});

Deno.test("a box that is gone with its show: nobody is to ask again once that is over", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  heard.network.stall();
  heard.view.miss("a");
  heard.view.give("demo", "a", { state: "over" });
  const first = heard.heard();
  await heard.pass(5);
  assert.equal(await first, "");
  heard.network.mend();
});

Deno.test("a box that comes back within the hold is heard again, by the same name", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(5);
  await heard.caughtUp();
  heard.out.close();
  await heard.onAir(5);
  await heard.caughtUp();
  const a = heard.broadcast.hls.find("demo");
  assert.equal(await heard.heard(), new TextDecoder().decode(a?.playlist()?.text));
});

Deno.test("a box that does not reach the registry is heard on, and asked for more", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(5);
  await heard.caughtUp();
  const { feeds } = heard.network;
  heard.view.miss("a");
  await heard.onAir(8);
  await heard.caughtUp();
  assert.equal(heard.network.feeds, feeds);
  heard.out.close();
  await heard.onAir(5);
  await heard.caughtUp();
  assert.ok(heard.network.feeds > feeds);
});

Deno.test("a feed that breaks off in the middle of a message is begun anew, and nothing is lost", async () => {
  await using heard = await HeardElsewhere.start();
  heard.network.cutAfterBytes = 20_000;
  await heard.onAir(3);
  await heard.caughtUp();
  await heard.onAir(8);
  await heard.caughtUp();
  for (const file of await heard.files()) {
    const original = heard.broadcast.folder.stream("demo").files.get(file);
    assert.deepEqual((await heard.segment(file))?.bytes, original);
  }
  assert.ok(heard.network.cuts > 0);
});

Deno.test("a box that tells nothing is taken for gone, and asked again", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(5);
  await heard.caughtUp();
  heard.network.stall();
  const feeds = heard.network.feeds;
  await until("another feed is asked for", async () => {
    await heard.pass(1);
    return heard.network.feeds > feeds;
  });
  assert.notEqual(await heard.heard(), "");
  heard.network.mend();
  await until("it is heard again", async () => {
    await heard.pass(1);
    return await heard.heard() === heard.original && heard.out.audiences.length === 1;
  });
});

Deno.test("once a feed was opened again, who asks for what is new has it without delay", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  const low = () => heard.heard("low-media.m3u8");
  await until("there is a playlist", async () => await low() !== "");
  const { feeds } = heard.network;
  heard.out.close();
  await until("the feed is broken", async () => {
    await heard.exchange();
    return heard.distributor.caughtUp() === undefined;
  });
  assert.ok(await heard.replica.catchUp(), "nobody is waited for");
  await until("it is opened again", async () => {
    await heard.pass(0.1);
    return heard.network.feeds > feeds && heard.distributor.caughtUp() !== undefined;
  });
  for (let i = 0; i < 3; i++) {
    // Nothing is asked again so soon.
    await heard.pass(0.1);
    let isToldAll = false;
    heard.replica.catchUp().then((told) => isToldAll = told);
    await until("it has been told all, while time stands still", () => isToldAll);
  }
});

Deno.test("a segment that its box does not give in time is given up, and others do not wait", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(5);
  await heard.caughtUp();
  const [first = "", second = ""] = await heard.files();
  const go = Promise.withResolvers<void>();
  heard.mayRead = go.promise;
  const refused = assert.rejects(heard.segment(first), SegmentUnavailable);
  await until("it is asked for", () => heard.asked.includes(first));
  await heard.broadcast.clock.advance(1500);
  await refused;
  await assert.rejects(heard.segment(second), SegmentUnavailable);
  assert.ok(!heard.asked.includes(second));
  go.resolve();
  await heard.pass(1.5);
  assert.ok(await heard.segment(first) !== undefined);
});

Deno.test("a name that its box does not know is not there, and is asked for once a second", async () => {
  await using heard = await HeardElsewhere.start();
  heard.view.give("other", "a");
  const missing = await heard.anywhere.hls.readElsewhere("demo", "1-2.ts");
  await heard.anywhere.hls.readElsewhere("demo", "1-2.ts");
  assert.equal(missing, undefined);
  assert.deepEqual(heard.asked, ["1-2.ts"]);
  await heard.pass(1.5);
  await heard.anywhere.hls.readElsewhere("demo", "1-2.ts");
  assert.deepEqual(heard.asked, ["1-2.ts", "1-2.ts"]);
  const playlist = await heard.replica.playlist("other", "playlist.m3u8");
  assert.equal(playlist, undefined);
  await until("nothing is served under it", async () => {
    await heard.pass(1);
    return !heard.replica.has("other");
  });
});

Deno.test("a box that reads nothing does not fill the memory of the one that has the broadcast", async () => {
  await using heard = await HeardElsewhere.start();
  const { out, broadcast: { clock, hls } } = heard;
  await heard.onAir(2);
  const subscribe = [{ kind: "origin", request: { kind: "subscribe", name: "demo" } }];
  const headers = { "echo-from": "c/run" };
  const body = JSON.stringify(subscribe);
  const answer = await out.routes.request("/", { method: "POST", headers, body });
  assert.ok(hls.distributor.isWanted("demo"));
  await clock.advance(12_000);
  assert.equal(out.audiences.length, 0);
  assert.ok(!hls.distributor.isWanted("demo"));
  await answer.body?.cancel();
});

Deno.test("what is not sent of a feed has a bound", () => {
  let isOver = false;
  const source = new FeedSource(() => isOver = true);
  const megabyte = new Uint8Array(2 ** 20);
  for (let i = 0; i < 95; i++) source.write({ megabyte });
  assert.ok(!isOver && source.next() !== undefined);
  source.write({ megabyte });
  assert.ok(isOver && source.next() === undefined);
});

Deno.test("a name that has gone to a third box is heard from there, and never is not there", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(5);
  await heard.caughtUp();
  const before = await heard.heard();
  heard.view.give("demo", "c");
  await heard.pass(2);
  assert.equal(await heard.heard(), before);
  heard.view.give("demo", "a");
  await heard.onAir(2);
  await heard.caughtUp();
  assert.notEqual(await heard.heard(), before);
});

Deno.test("what this box has got itself is not ended when its former box is gone", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(5);
  await heard.caughtUp();
  const before = await heard.heard();
  heard.view.give("demo", "b");
  await heard.pass(5);
  assert.equal(await heard.heard(), before);
  await heard.a[Symbol.asyncDispose]();
  heard.view.miss("a");
  await heard.pass(10);
  assert.equal(await heard.heard(), before);
  assert.ok(heard.replica.has("demo"));
});
