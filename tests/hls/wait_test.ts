/** Waiting for the next version of a playlist. */
import assert from "node:assert/strict";
import { localOrigin } from "../../src/hls/local_origin.ts";
import type { ServedPlaylist } from "../../src/hls/origin.ts";
import { until } from "../../testing/until.ts";
import { setUp } from "../../testing/hls/stream_fixture.ts";

const PLAYLIST = "playlist.m3u8";

/** An origin of the broadcast `demo`, of which one segment is listed. */
async function onAir() {
  const fixture = setUp();
  const { clock, stream, distributor, feeder, broadcast } = fixture;
  stream.join(feeder);
  await broadcast(1);
  const origin = localOrigin(distributor, { clock, readFile: () => Promise.resolve(undefined) });
  await origin.playlist("demo", PLAYLIST);
  const etag = () => stream.playlist()?.etag ?? "";
  const wait = (newerThan: string, maxMs = 3000, signal = new AbortController().signal) =>
    settled(origin.wait("demo", PLAYLIST, { newerThan, maxMs, signal }));
  return { ...fixture, origin, etag, wait };
}

/** A wait, and what came of it so far. */
interface Wait {
  readonly result: Promise<ServedPlaylist | undefined>;
  over: boolean;
}

function settled(result: Promise<ServedPlaylist | undefined>): Wait {
  const wait = { result, over: false };
  result.then(() => wait.over = true);
  return wait;
}

Deno.test("who has an older version gets the newest at once", async () => {
  const { wait, etag } = await onAir();
  assert.equal((await wait('"older"').result)?.etag, etag());
});

Deno.test("all who have the newest version get the next one when it is out", async () => {
  const { wait, etag, broadcast, clock } = await onAir();
  const waits = [wait(etag()), wait(etag())];
  await clock.advance(1000);
  assert.deepEqual(waits.map(({ over }) => over), [false, false]);
  await broadcast(1);
  assert.deepEqual(waits.map(({ over }) => over), [true, true]);
  for (const { result } of waits) assert.equal((await result)?.etag, etag());
});

Deno.test("a wait ends when its time is over, and nothing else does", async () => {
  const { origin, wait, etag, clock } = await onAir();
  const [short, long] = [wait(etag(), 2000), wait(etag(), 5000)];
  await clock.advance(1999);
  assert.deepEqual([short.over, long.over], [false, false]);
  await clock.advance(1);
  assert.equal(await short.result, undefined);
  assert.equal(long.over, false);
  origin.close();
  assert.equal(await long.result, undefined, "the server stops");
});

Deno.test("whoever goes away waits no longer", async () => {
  const { wait, etag, broadcast } = await onAir();
  const gone = new AbortController();
  const [first, second] = [wait(etag(), 3000, gone.signal), wait(etag())];
  gone.abort();
  assert.equal(await first.result, undefined);
  assert.equal(second.over, false);
  assert.equal(await wait(etag(), 3000, gone.signal).result, undefined, "also before it begins");
  await broadcast(1);
  assert.equal((await second.result)?.etag, etag());
});

Deno.test("nobody waits for what is not there, nor for what goes", async () => {
  const { origin, wait, etag, leave, stream, clock } = await onAir();
  const options = { newerThan: '"x"', maxMs: 3000 };
  assert.equal(await origin.wait("nobody", PLAYLIST, options), undefined);
  assert.equal(await origin.wait("demo", "none.m3u8", options), undefined);
  leave("lost");
  await clock.advance(38_000);
  const last = wait(etag(), 3_600_000);
  await clock.advance(2000);
  stream.sweep();
  assert.equal(await last.result, undefined);
});

Deno.test("so many may wait, and then the address with the most loses its oldest wait", async () => {
  const { origin, wait, etag, broadcast } = await onAir();
  const options = { newerThan: etag(), maxMs: 3000 };
  const honest = origin.wait("demo", PLAYLIST, { ...options, client: "198.51.100.1" });
  const waits = Array.from({ length: 10_000 - 1 }, () => wait(etag()));
  const another = origin.wait("demo", PLAYLIST, { ...options, client: "198.51.100.2" });
  const [first, ...others] = waits;
  assert.equal(await first?.result, undefined);
  assert.equal(others.filter(({ over }) => over).length, 0);
  await broadcast(1);
  assert.deepEqual([await honest, await another].map((newest) => newest?.etag), [etag(), etag()]);
  await until("all have the next version", () => others.every(({ over }) => over));
  assert.equal((await wait('"older"').result)?.etag, etag(), "there is room again");
});
