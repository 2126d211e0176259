/** What is reported of playlists that other readers read otherwise, or not at all. */
import assert from "node:assert/strict";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { LowBroadcast } from "../../../testing/hls/low_broadcast.ts";
import { parseLowPlaylist } from "../../../testing/hls_validator/low_playlist_reader.ts";
import { complaintsOf } from "../../../testing/hls_validator/other_readers.ts";

Deno.test("other readers agree with a playlist, and with no other", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(6 * 47);
  const text = broadcast.versions.at(-1) ?? "";
  const seen = parseLowPlaylist(text);
  assert.deepEqual(complaintsOf(text, seen), []);
  const changes: readonly [RegExp, string][] = [
    [/#EXT-X-PART:.*\n/, ""],
    [/#EXTINF:.*\n.*\n/, ""],
    [/(DISCONTINUITY-SEQUENCE):(\d)/, "$1:1$2"],
    [/(PRELOAD-HINT:.*)"/, '$1x"'],
    [/#EXT-X-PRELOAD-HINT.*/, "#EXT-X-ENDLIST"],
  ];
  for (const [pattern, replacement] of changes) {
    const changed = text.replace(pattern, replacement);
    assert.notEqual(changed, text);
    assert.notDeepEqual(complaintsOf(changed, seen), [], String(pattern));
  }
});

Deno.test("what hls-parser prints of a playlist is complained of", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(4 * 47);
  const text = broadcast.versions.at(-1)?.replace("PART-TARGET=0.38400", "PART-TARGET=0.30000") ??
    "";
  const complaints = complaintsOf(text, parseLowPlaylist(broadcast.versions.at(-1) ?? ""));
  assert.match(complaints.join("\n"), /hls-parser: .*PART-TARGET is the maximum duration/);
});

Deno.test("what is no playlist is complained of by both", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(4 * 47);
  const seen = parseLowPlaylist(broadcast.versions.at(-1) ?? "");
  const complaints = complaintsOf("no playlist\n", seen).join("\n");
  assert.match(complaints, /m3u8-parser/);
  assert.match(complaints, /hls-parser/);
});
