/** What the tests' own rules of low latency find in a playlist that breaks them. */
import assert from "node:assert/strict";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { LowBroadcast } from "../../../testing/hls/low_broadcast.ts";
import { parseLowPlaylist } from "../../../testing/hls_validator/low_playlist_reader.ts";
import { LowRules } from "../../../testing/hls_validator/low_rules.ts";
import { PlaylistError } from "../../../testing/hls_validator/media_playlist.ts";

/** What is wrong in a version, and how it becomes so. */
const WRONG_VERSIONS: Readonly<Record<string, [from: RegExp, to: string]>> = {
  "is not the part that comes next": [/HINT:(.*)\.1\.m4s/, "HINT:$1.2.m4s"],
  "has 0 parts": [/#EXT-X-PART.*URI="104.*\n/g, ""],
  "has no time": [/#EXT-X-PROGRAM-DATE-TIME.*\n/, ""],
  "is longer than the target duration": [/EXTINF:1\.00267/, "EXTINF:1.60000"],
  "lasts 0.5 s": [/DURATION=0\.34133(.*)\n#EXT-X-PRELOAD/, "DURATION=0.50000$1\n#EXT-X-PRELOAD"],
  "is the name of part 1": [/104-(.*)\.1\.m4s/, "104-$1.0.m4s"],
  "is named 99-": [/\n100-/, "\n99-"],
  "what never changes": [/TARGETDURATION:1/, "TARGETDURATION:2"],
  "the first number goes": [/MEDIA-SEQUENCE:100/, "MEDIA-SEQUENCE:99"],
  "EXT-X-DISCONTINUITY-SEQUENCE is": [/DISCONTINUITY-SEQUENCE:2/, "DISCONTINUITY-SEQUENCE:3"],
  "is another one": [/\n101-1795640761-k3f9/, "\n101-1795640761-zzzz"],
  "changes from": [/21:06:00\.000Z/, "21:06:00.001Z"],
  "is the name of 100 too": [/\n101-1795640761-k3f9/, "\n100-1795640760-k3f9"],
};

for (const [breach, [from, to]] of Object.entries(WRONG_VERSIONS)) {
  Deno.test(`a version of which something ${breach} breaks a rule`, async () => {
    const [before, after] = await lastVersions();
    const breaches: string[] = [];
    const rules = new LowRules((what) => breaches.push(what));
    rules.observe(parseLowPlaylist(before));
    assert.equal(breaches.length, 0);
    const wrong = after.replace(from, to);
    assert.notEqual(wrong, after);
    rules.observe(parseLowPlaylist(wrong));
    assert.ok(breaches.some((what) => what.includes(breach)), breaches.join("\n"));
  });
}

Deno.test("a version whose tags are not in their order is none", async () => {
  const [, text] = await lastVersions();
  const wrong = [
    text.trimEnd(),
    text.replace("#EXT-X-INDEPENDENT-SEGMENTS\n", ""),
    text.replace(/#EXT-X-MAP.*\n/, ""),
    text.replace(/#EXT-X-PRELOAD-HINT.*\n/, ""),
    text.replace(/(#EXT-X-PART.*\n)(#EXTINF.*\n)/, "$2$1"),
    text.replace(/INDEPENDENT=YES,/, ""),
    text.replace(/EXTINF:1\.00267/, "EXTINF:1.003"),
  ];
  for (const version of wrong) {
    assert.notEqual(version, text);
    assert.throws(() => parseLowPlaylist(version), PlaylistError);
  }
});

/** The last two versions of a broadcast that keeps the rules. */
async function lastVersions(): Promise<[before: string, after: string]> {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(5 * 47 + 20);
  const [before = "", after = ""] = broadcast.versions.slice(-2);
  assert.deepEqual(broadcast.breaches, []);
  return [before, after];
}
