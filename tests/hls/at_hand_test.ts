/** What an origin has at hand. */
import assert from "node:assert/strict";
import { LocalOrigin } from "../../src/hls/local_origin.ts";
import { servedStream } from "../../testing/hls/served_stream.ts";

const SEGMENT = new Uint8Array(376).map((_, i) => i);

Deno.test("what is at hand is the same object as long as it is the same version", () => {
  let text = new TextEncoder().encode("#EXTM3U\n");
  let masterPlaylist = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nplaylist.m3u8\n";
  const stream = () => servedStream({ playlist, masterPlaylist, segment });
  let playlist = { text, etag: '"1"' };
  const segment = (file: string) => file === "5-1700000000.ts" ? SEGMENT : undefined;
  let demo = stream();
  const readFile = () => Promise.resolve(undefined);
  const find = (name: string) => name === "demo" ? demo : undefined;
  const origin = new LocalOrigin({ find, readFile });
  for (const file of ["playlist.m3u8", "index.m3u8", "5-1700000000.ts"]) {
    const first = origin.atHand("demo", file);
    assert.notEqual(first, undefined);
    assert.equal(origin.atHand("demo", file), first);
    const asked = file.endsWith(".ts")
      ? origin.segment("demo", file)
      : origin.playlist("demo", file);
    assert.equal(asked, first);
    assert.equal(origin.atHand("other", file), undefined);
  }
  const old = [origin.atHand("demo", "playlist.m3u8"), origin.atHand("demo", "index.m3u8")];
  text = new TextEncoder().encode("#EXTM3U\n#EXT-X-ENDLIST\n");
  playlist = { text, etag: '"2"' };
  masterPlaylist = masterPlaylist.replace("1", "2");
  demo = stream();
  assert.notEqual(origin.atHand("demo", "playlist.m3u8"), old[0]);
  assert.notEqual(origin.atHand("demo", "index.m3u8"), old[1]);
  assert.equal(origin.atHand("demo", "4-1700000000.ts"), undefined, "that is on disk, if at all");
});
