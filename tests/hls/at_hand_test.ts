/** What an origin has at hand. */
import assert from "node:assert/strict";
import { localOrigin } from "../../src/hls/local_origin.ts";
import { setUp } from "../../testing/hls/stream_fixture.ts";

const PLAYLISTS = ["playlist.m3u8", "index.m3u8"];

Deno.test("what is at hand is the same object as long as it is the same version", async () => {
  const { stream, feeder, broadcast, playlist, distributor, clock, files } = setUp();
  const readFile = (_: string, file: string) => Promise.resolve(files.files.get(file)?.slice());
  const origin = localOrigin(distributor, { clock, readFile });
  stream.join(feeder);
  await broadcast(1);
  assert.equal(origin.atHand("demo", "playlist.m3u8"), undefined, "nobody has asked for it");
  await origin.playlist("demo", "playlist.m3u8");
  await broadcast(1);
  const [first = "", second = ""] = playlist().segments.map(({ uri }) => uri);
  for (const file of [...PLAYLISTS, second]) {
    const there = origin.atHand("demo", file);
    assert.notEqual(there, undefined);
    assert.equal(origin.atHand("demo", file), there);
    const asked = file === second ? origin.segment("demo", file) : origin.playlist("demo", file);
    assert.equal(await asked, there);
    assert.equal(origin.atHand("other", file), undefined);
  }
  assert.equal(origin.atHand("demo", first), undefined, "it was on disk before anybody asked");
  const fromDisk = await origin.segment("demo", first);
  assert.equal(origin.atHand("demo", first), fromDisk);
  const old = PLAYLISTS.map((file) => origin.atHand("demo", file));
  await broadcast(1);
  PLAYLISTS.forEach((file, i) => assert.notEqual(origin.atHand("demo", file), old[i]));
  origin.close();
  stream.close();
});
