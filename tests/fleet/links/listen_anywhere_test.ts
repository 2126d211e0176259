/** A broadcast at one box is heard at another. */
import assert from "node:assert/strict";
import { HeardElsewhere } from "../../../testing/fleet/heard_elsewhere.ts";
import { until } from "../../../testing/until.ts";

Deno.test("listeners at another box get the same playlists and the same segments", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(5);
  await heard.caughtUp();
  const files = await heard.files();
  assert.ok(files.length >= 3);
  for (const file of files) {
    const original = heard.broadcast.folder.stream("demo").files.get(file);
    assert.deepEqual((await heard.segment(file))?.bytes, original);
  }
  const a = heard.broadcast.hls.find("demo");
  const master = await heard.heard("index.m3u8");
  assert.equal(master, a?.masterPlaylist);
});

Deno.test("a segment crosses once, however many threads and listeners want it", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  await heard.caughtUp();
  const before = await heard.files();
  const replicas = [heard.replica, heard.newReplica(), heard.newReplica()];
  await Promise.all(replicas.flatMap((replica) => {
    return before.flatMap((file) => [heard.segment(file, replica), heard.segment(file, replica)]);
  }));
  await heard.onAir(4);
  await heard.caughtUp();
  const after = await heard.files();
  await Promise.all(
    replicas.flatMap((replica) => after.map((file) => heard.segment(file, replica))),
  );
  const counts = Map.groupBy(heard.asked, (file) => file);
  assert.deepEqual([...counts.keys()].sort(), [...before].sort());
  assert.ok([...counts.values()].every(({ length }) => length === 1));
  const { told, asked } = heard.anywhere.segments.arrivals;
  const all = new Set([...before, ...heard.listed]);
  assert.equal(asked, before.length);
  assert.equal(told + asked, all.size);
});

Deno.test("nobody listens: nothing is asked of the box that has the broadcast", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  await heard.caughtUp();
  assert.ok(heard.broadcast.hls.distributor.isWanted("demo"));
  await heard.broadcast.clock.advance(62_000);
  await until("the subscription is over", () => !heard.broadcast.hls.distributor.isWanted("demo"));
  await until("the feed is closed", () => heard.out.audiences.length === 0);
});

Deno.test("who waits at another box has the next version as soon as it is there", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  await heard.caughtUp();
  const known = await heard.replica.playlist("demo", "playlist.m3u8");
  const next = heard.replica.wait("demo", "playlist.m3u8", {
    ...{ newerThan: known?.etag ?? "", maxMs: 10_000 },
  });
  await heard.onAir(1.5);
  const newer = await next;
  assert.notEqual(newer?.etag, known?.etag);
});

Deno.test("low latency is heard at another box, with each part in the version that lists it", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  const low = () => heard.heard("low-media.m3u8");
  await until("there is a playlist", async () => await low() !== "");
  const a = () =>
    new TextDecoder().decode(
      heard.broadcast.hls.find("demo")?.low.playlist("low-media.m3u8")?.text,
    );
  await heard.onAir(2);
  await until("it has the newest version", async () => await low() === a());
  const parts = [...(await low()).matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].map(([, uri]) => uri);
  assert.ok(parts.length > 4);
  for (const part of parts.slice(-4)) {
    assert.ok(part !== undefined);
    const original = heard.broadcast.hls.find("demo")?.low.segment(part);
    assert.deepEqual((await heard.segment(part))?.bytes, original);
    assert.ok(!heard.asked.includes(part));
  }
  const [, init] = /#EXT-X-MAP:URI="([^"]+)"/.exec(await low()) ?? [];
  assert.ok(init !== undefined && await heard.segment(init) !== undefined);
});

Deno.test("who asks another box for what it has not been told yet waits until it is", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  const low = () => heard.heard("low-media.m3u8");
  await until("there is a playlist", async () => await low() !== "");
  await heard.onAir(1);
  heard.network.stall();
  const before = await low();
  await heard.onAir(1);
  const newest = new TextDecoder().decode(
    heard.broadcast.hls.find("demo")?.low.playlist("low-media.m3u8")?.text,
  );
  assert.notEqual(newest, before);
  const caughtUp = heard.replica.catchUp();
  heard.network.mend();
  assert.ok(await caughtUp);
  assert.equal(await low(), newest);
});

Deno.test("the box that has a broadcast knows how many listen elsewhere", async () => {
  await using heard = await HeardElsewhere.start();
  await heard.onAir(4);
  await heard.caughtUp();
  heard.listeners = 7;
  await until("it is told", async () => {
    await heard.broadcast.clock.advance(1000);
    return heard.out.audiences[0]?.get("demo") === 7;
  });
});

Deno.test("a broadcast that is over is known for some minutes, and as long as somebody hears it", async () => {
  await using heard = await HeardElsewhere.start();
  const { anywhere: { hls }, replica } = heard;
  await heard.onAir(4);
  await heard.caughtUp();
  heard.view.give("unheard", "a");
  for (const name of ["unheard", "demo"]) heard.view.give(name, "a", { state: "over" });
  for (let minute = 0; minute < 4; minute++) {
    await heard.listen(60);
    assert.ok(replica.has("unheard") && hls.names.has("unheard"));
  }
  await heard.listen(70);
  assert.ok(!replica.has("unheard") && !hls.names.has("unheard"));
  assert.ok(replica.has("demo"), "somebody hears it");
  assert.equal(await heard.heard(), heard.original);
  await heard.pass(70);
  assert.ok(!replica.has("demo") && !hls.names.has("demo"));
  heard.view.give("demo", "a");
  assert.ok(replica.has("demo") && hls.names.has("demo"));
  await heard.caughtUp();
});

Deno.test("a show that begins while its box is known to have nothing of it is heard at once", async () => {
  await using heard = await HeardElsewhere.start();
  assert.equal(await heard.heard(), "");
  await heard.pass(0.5);
  await heard.onAir(2);
  assert.equal(await heard.heard(), "");
  heard.view.give("demo", "a");
  // Its box does not answer at once.
  await heard.broadcast.clock.advance(1000);
  await until("it is heard", async () => {
    await heard.exchange();
    return heard.original !== "" && await heard.heard() === heard.original;
  });
  await heard.listen(20);
  assert.equal(await heard.heard(), heard.original);
});

Deno.test("a show of which its box has nothing is not there, whatever is told of it meanwhile", async () => {
  await using heard = await HeardElsewhere.start();
  assert.equal(await heard.heard(), "");
  await heard.pass(2);
  heard.view.give("demo", "a");
  assert.ok(heard.replica.has("demo"));
  await heard.pass(5);
  assert.ok(!heard.replica.has("demo"));
  assert.equal(await heard.heard(), "");
});
