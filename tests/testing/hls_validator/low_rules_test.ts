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
  "goes back at segment 105": [/21:06:05\.\d+Z/, "21:06:03.000Z"],
  "is 990 ms later at segment 105": [/21:06:05\.\d+Z/, "21:06:05.000Z"],
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

/** What is wrong in the first version of the next server, and how it becomes so. */
const WRONG_RESTARTS: Readonly<Record<string, [from: RegExp, to: string]>> = {
  "the first number goes from 100 by -1": [/MEDIA-SEQUENCE:100/, "MEDIA-SEQUENCE:99"],
  "EXT-X-DISCONTINUITY-SEQUENCE is 3": [/DISCONTINUITY-SEQUENCE:2/, "DISCONTINUITY-SEQUENCE:3"],
  "segment 104 is not whole": [/#EXTINF.*\n104-.*\n[^]*HINT.*/, '#EXT-X-PRELOAD-HINT:URI="x"'],
  "segment 100 was": [/21:06:00\.000Z/, "21:06:00.001Z"],
  "segment 104 was": [/(#EXT-X-PROGRAM-DATE-TIME.*04\.)010Z/, "$1011Z"],
  "is 0.00513": [/EXTINF:1\.00267,\n103/, "EXTINF:1.00780,\n103"],
};

for (const [breach, [from, to]] of Object.entries(WRONG_RESTARTS)) {
  Deno.test(`a server that goes on so that ${breach} breaks a rule`, async () => {
    const [before, after] = await aroundRestart();
    const wrong = after.replace(from, to).replace('URI="x"', 'TYPE=PART,URI="104-1-zzzz.9.m4s"');
    assert.notEqual(wrong, after);
    const breaches = breachesOfRestart(before, wrong);
    assert.ok(breaches.some((what) => what.includes(breach)), breaches.join("\n"));
  });
}

Deno.test("another server lists again what was shown, and only where one was killed", async () => {
  const [before, after] = await aroundRestart();
  assert.deepEqual(breachesOfRestart(before, after), []);
  assert.deepEqual(breachesOfRestart(before, after, false), ["it is made anew as zzzz"]);
});

function breachesOfRestart(before: string, after: string, isExpected = true): string[] {
  const breaches: string[] = [];
  const rules = new LowRules((what) => breaches.push(what));
  rules.observe(parseLowPlaylist(before));
  if (isExpected) rules.expectRestart();
  rules.observe(parseLowPlaylist(after));
  return breaches;
}

/** The last version before a server is killed while a segment is open, and the next one's first. */
async function aroundRestart(): Promise<[before: string, after: string]> {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(4 * 47 + 20);
  const before = broadcast.versions.at(-1) ?? "";
  await broadcast.send(47);
  const after = broadcast.versions.at(-1)?.replaceAll("k3f9", "zzzz") ?? "";
  return [before, after];
}

/** The last two versions of a broadcast that keeps the rules. */
async function lastVersions(): Promise<[before: string, after: string]> {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(5 * 47 + 20);
  const [before = "", after = ""] = broadcast.versions.slice(-2);
  assert.deepEqual(broadcast.breaches, []);
  return [before, after];
}
