/** How a playlist ends, or does not, and when it is gone. */
import assert from "node:assert/strict";
import { parsePlaylist } from "../../src/hls/playlist.ts";
import { setUp } from "../../testing/hls/stream_fixture.ts";

Deno.test("a teardown ends the playlist at once", async () => {
  const { stream, feeder, broadcast, add, clock, leave, playlist } = setUp();
  stream.join(feeder);
  await broadcast(3);
  add(300);
  leave("teardown");
  await clock.advance(0);
  assert.equal(playlist().ended, true);
  assert.equal(playlist().segments.length, 4, "with what was open");
});

Deno.test("who is back while the end is being written is not ended", async () => {
  const { stream, feeder, broadcast, add, clock, leave, playlist, files } = setUp();
  stream.join(feeder);
  await broadcast(3);
  files.delay = () => new Promise((resolve) => clock.after(20, () => resolve(true)));
  add(300);
  leave("teardown");
  await clock.advance(10);
  stream.join(feeder);
  await broadcast(5);
  assert.equal(playlist().ended, false);
  assert.ok(playlist().segments.some(({ discontinuity }) => discontinuity));
});

Deno.test("a goodbye ends the playlist after 10 s, if nobody is back", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist } = setUp();
  stream.join(feeder);
  await broadcast(3);
  leave("finished");
  await clock.advance(9999);
  assert.equal(playlist().ended, false);
  await clock.advance(1);
  assert.equal(playlist().ended, true);
});

Deno.test("a teardown after a goodbye ends the playlist at once, by who said it", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist } = setUp();
  stream.join(feeder);
  await broadcast(3);
  leave("finished");
  stream.endNow(6);
  await clock.advance(0);
  assert.equal(playlist().ended, false);
  stream.endNow(7);
  await clock.advance(0);
  assert.equal(playlist().ended, true);
});

Deno.test("who is back within 10 s of a goodbye joins with a discontinuity", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist, sequences } = setUp();
  stream.join(feeder);
  await broadcast(3);
  leave("finished");
  await clock.advance(9000);
  stream.join(feeder);
  await broadcast(30);
  assert.equal(playlist().ended, false);
  assert.deepEqual(sequences(), [...Array(12).keys()].map((i) => 121 + i));
  assert.equal(playlist().discontinuitySequence, 1, "the tag has left the window");
});

Deno.test("after its end, a name begins a presentation with higher numbers", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist, sequences } = setUp();
  stream.join(feeder);
  await broadcast(3);
  leave("teardown");
  await clock.advance(0);
  stream.join(feeder);
  await broadcast(2);
  assert.deepEqual(sequences(), [103, 104]);
  assert.equal(playlist().discontinuitySequence, 1);
  assert.equal(playlist().segments[0]?.discontinuity, false);
  assert.equal(playlist().ended, false);
});

Deno.test("a lost broadcast's playlist never ends; it goes with its last segment", async () => {
  const { stream, feeder, broadcast, clock, leave, playlist, files, counts } = setUp();
  stream.join(feeder);
  await broadcast(20);
  leave("lost");
  await clock.advance(11_999);
  stream.sweep();
  assert.equal(counts.released, 0);
  await clock.advance(1);
  stream.sweep();
  assert.equal(counts.released, 1, "its last listener has heard it");
  await clock.advance(37_000);
  stream.sweep();
  assert.equal(playlist().ended, false);
  await clock.advance(1000);
  stream.sweep();
  await clock.advance(0);
  assert.equal(counts.gone, 1);
  assert.equal(stream.playlist(), undefined);
  assert.equal(files.files.size, 0);
  assert.equal(clock.timerCount, 0);
});

Deno.test("at a shutdown the open segment is listed and on disk, and nothing is ended", async () => {
  const { stream, feeder, broadcast, add, leave, playlist, files, clock } = setUp();
  stream.join(feeder);
  await broadcast(3);
  add(1000);
  await clock.advance(100);
  add(300);
  leave("shutdown");
  await stream.flush();
  stream.close();
  assert.deepEqual([playlist().segments.length, playlist().ended], [5, false]);
  assert.equal(
    parsePlaylist(new TextDecoder().decode(files.files.get("playlist.m3u8")))?.segments.length,
    5,
  );
  assert.equal(clock.timerCount, 0);
});
