/** The rules for playlists catch each breach of them, and nothing else. */
import assert from "node:assert/strict";
import {
  parseMediaPlaylist,
  PlaylistError,
} from "../../../testing/hls_validator/media_playlist.ts";
import { type Exception, PlaylistRules } from "../../../testing/hls_validator/playlist_rules.ts";

const T0 = Date.UTC(2026, 0, 1);

interface Written {
  targetDuration?: number;
  discontinuitySequence?: number;
  durations?: Record<number, number>;
  times?: Record<number, number>;
  tags?: number[];
  uris?: Record<number, string>;
  ended?: boolean;
}

/** A playlist of one second segments `first` to `last`. */
function write(first: number, last: number, written: Written = {}): string {
  const { targetDuration = 1, discontinuitySequence = 0, durations = {}, times = {}, tags = [] } =
    written;
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    `#EXT-X-TARGETDURATION:${targetDuration}`,
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`,
  ];
  for (let n = first; n <= last; n++) {
    if (tags.includes(n)) lines.push("#EXT-X-DISCONTINUITY");
    const time = new Date(times[n] ?? T0 + n * 1000).toISOString();
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${time}`);
    lines.push(`#EXTINF:${(durations[n] ?? 1).toFixed(6)},`, written.uris?.[n] ?? `${n}-17.ts`);
  }
  if (written.ended) lines.push("#EXT-X-ENDLIST");
  return lines.join("\n") + "\n";
}

interface Version {
  readonly text: string;
  /** Milliseconds; one second after the version before where it is not said. */
  readonly at?: number;
}

/** What is wrong with versions that are seen one after the other. */
function breachesOf(versions: readonly Version[], ...exceptions: Exception[]): string[] {
  const breaches: string[] = [];
  const rules = new PlaylistRules({
    exceptions: new Set(exceptions),
    onBreach: (breach) => breaches.push(breach),
  });
  let now = 0;
  for (const { text, at } of versions) {
    now = at ?? now + 1000;
    rules.observe(parseMediaPlaylist(text), { askedAt: now - 10, answeredAt: now });
  }
  return breaches;
}

function assertBreach(versions: readonly string[], breach: RegExp, ...exceptions: Exception[]) {
  const breaches = breachesOf(versions.map((text) => ({ text })), ...exceptions);
  assert.equal(breaches.length, 1, `not one breach: ${breaches.join("; ")}`);
  assert.match(breaches[0] ?? "", breach);
}

Deno.test("a window that grows and slides is in order", () => {
  const versions = [write(1, 4), write(1, 5), write(1, 12), write(2, 13), write(4, 15)];
  assert.deepEqual(breachesOf(versions.map((text) => ({ text }))), []);
});

Deno.test("discontinuities that come and leave in order break no rule", () => {
  const versions = [
    write(1, 12, { tags: [2] }),
    write(2, 13, { tags: [2, 13] }),
    write(3, 14, { tags: [13], discontinuitySequence: 1 }),
  ];
  assert.deepEqual(breachesOf(versions.map((text) => ({ text }))), []);
});

Deno.test("a media sequence that goes back is caught", () => {
  assertBreach([write(2, 14), write(1, 14)], /MEDIA-SEQUENCE goes back/);
});

Deno.test("a media sequence that counts other than the segments that left is caught", () => {
  const uris = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, `${i + 1}-17.ts`]));
  const breaches = breachesOf([{ text: write(2, 14) }, { text: write(3, 16, { uris }) }]);
  assert.ok(breaches.some((breach) => breach.includes("segment 3 changes")), String(breaches));
  assert.ok(breaches.some((breach) => breach.includes("is named")), String(breaches));
});

Deno.test("a media sequence that jumps over segments is caught", () => {
  assertBreach([write(1, 13), write(20, 33, { tags: [20] })], /MEDIA-SEQUENCE jumps/);
});

Deno.test("segments removed at the end are caught", () => {
  assertBreach([write(1, 14), write(1, 13)], /removed at the end/);
});

Deno.test("changed attributes of a listed segment are caught", () => {
  for (
    const changed of [
      { durations: { 3: 0.995 } },
      { times: { 3: T0 + 3001 } },
      { tags: [3] },
      { uris: { 3: "3-18.ts" } },
    ]
  ) {
    assertBreach([write(1, 5), write(1, 6, changed)], /segment 3 changes from/);
  }
});

Deno.test("a discontinuity sequence is caught that counts too little or too much", () => {
  const before = write(1, 13, { tags: [1] });
  assertBreach([before, write(2, 14)], /DISCONTINUITY-SEQUENCE is 0, 1 is due/);
  const tooMuch = write(2, 14, { discontinuitySequence: 1 });
  assertBreach([write(1, 13), tooMuch], /DISCONTINUITY-SEQUENCE is 1, 0 is due/);
});

Deno.test("a target duration that changes is caught", () => {
  const longer = write(1, 6, { targetDuration: 2 });
  assertBreach([write(1, 5), longer], /TARGETDURATION changes from 1 to 2/);
});

Deno.test("a duration that rounds to more than the target duration is caught", () => {
  assertBreach([write(1, 1, { durations: { 1: 1.5 } })], /EXTINF 1.5 over/);
  assert.deepEqual(breachesOf([{ text: write(1, 1, { durations: { 1: 1.499 } }) }]), []);
});

Deno.test("a window that is cut too short is caught", () => {
  assertBreach([write(1, 12), write(3, 13)], /removed down to 11 of 11 s/);
  const long = { targetDuration: 8, durations: { 1: 8, 2: 8, 3: 8, 4: 8, 5: 8 } };
  const times = { 2: T0 + 9000, 3: T0 + 17000, 4: T0 + 25000, 5: T0 + 33000 };
  const versions = [write(1, 4, { ...long, times }), write(3, 5, { ...long, times })];
  assertBreach(versions, /removed down to 3 of 24 s/);
});

Deno.test("a program date and time that goes back, jumps or lacks is caught", () => {
  const back = write(1, 3, { times: { 3: T0 + 1999 } });
  assertBreach([back], /goes back at segment 3/);
  assertBreach([write(1, 2, { times: { 2: T0 + 2600 } })], /1600 ms later at segment 2/);
  assertBreach([write(1, 2, { times: { 2: T0 + 1900 } })], /900 ms later at segment 2/);
  const none = write(1, 2).replace(/#EXT-X-PROGRAM.*\n/, "");
  assertBreach([none], /segment 1 has no EXT-X-PROGRAM-DATE-TIME/);
});

Deno.test("a program date and time may creep, step forward a little, and jump at a discontinuity", () => {
  for (const time of [T0 + 1990, T0 + 2010, T0 + 2500]) {
    assert.deepEqual(breachesOf([{ text: write(1, 2, { times: { 2: time } }) }]), []);
  }
  const jump = write(1, 2, { times: { 2: T0 + 9000 }, tags: [2] });
  assert.deepEqual(breachesOf([{ text: jump }]), []);
});

Deno.test("an end is caught unless it is deliberate", () => {
  const versions = [write(1, 5), write(1, 6, { ended: true })];
  assertBreach(versions, /EXT-X-ENDLIST in a broadcast/);
  assert.deepEqual(breachesOf(versions.map((text) => ({ text })), "deliberateEnd"), []);
});

Deno.test("segments behind the end, and an end that is taken back, are caught", () => {
  const ended = write(1, 5, { ended: true });
  const longer = write(1, 6, { ended: true });
  assertBreach([ended, longer], /behind EXT-X-ENDLIST/, "deliberateEnd");
  assertBreach([ended, write(1, 6)], /same presentation goes on/, "deliberateEnd");
});

Deno.test("after an end, the next presentation has higher numbers", () => {
  const ended = write(1, 5, { ended: true, tags: [2] });
  const good = write(6, 7, { discontinuitySequence: 2 });
  assert.deepEqual(breachesOf([{ text: ended }, { text: good }], "deliberateEnd"), []);
  const same = write(6, 7, { discontinuitySequence: 1 });
  assertBreach([ended, same], /DISCONTINUITY-SEQUENCE is 1 after/, "deliberateEnd");
});

Deno.test("a server that was down may jump over numbers, but not back", () => {
  const skips = [write(1, 5), write(100, 101, { tags: [100] })];
  assert.deepEqual(breachesOf(skips.map((text) => ({ text })), "serverDown"), []);
  assertBreach([write(100, 101), write(1, 5)], /goes back/, "serverDown");
});

Deno.test("a version that is late for certain is caught, once", () => {
  const stands = write(1, 4);
  const versions = [0, 800, 1600, 2400].map((at) => ({ text: stands, at }));
  const breaches = breachesOf([...versions, { text: write(1, 5), at: 2600 }]);
  assert.deepEqual(breaches, ["no new segment for 1590 ms"]);
  assert.deepEqual(breachesOf(versions, "afterHold"), []);
  assert.equal(breachesOf(versions, "deliberateEnd").length, 1, "silence follows a goodbye");
});

Deno.test("a version that may have been in time between two requests is not late", () => {
  const versions = [{ text: write(1, 4), at: 0 }, { text: write(1, 4), at: 1450 }];
  assert.deepEqual(breachesOf([...versions, { text: write(1, 5), at: 2900 }]), []);
});

Deno.test("versions that follow each other too soon are caught", () => {
  const versions = [
    { text: write(1, 3), at: 0 },
    { text: write(1, 3), at: 950 },
    { text: write(1, 4), at: 1000 },
    { text: write(1, 5), at: 1400 },
  ];
  assert.deepEqual(breachesOf(versions), ["two versions within 460 ms"]);
});

Deno.test("a segment of another name, twice the same, or of no length is caught", () => {
  assertBreach([write(1, 2, { uris: { 2: "3-17.ts" } })], /segment 2 is named 3-17.ts/);
  assertBreach([write(1, 2, { durations: { 2: 0 } })], /EXTINF 0/);
  const twice = breachesOf([{ text: write(1, 2, { uris: { 2: "1-17.ts" } }) }]);
  assert.ok(twice.includes("a URI is listed twice"));
});

Deno.test("a text that is no live playlist is an error", () => {
  const good = write(1, 2);
  for (
    const bad of [
      "",
      good.slice(8),
      good.slice(0, -1),
      good.replace("#EXT-X-VERSION:3\n", ""),
      good.replace("#EXT-X-VERSION:3", "#EXT-X-VERSION:3\n#EXT-X-VERSION:3"),
      good.replace("#EXT-X-MEDIA-SEQUENCE:1\n", "") + "#EXT-X-MEDIA-SEQUENCE:1\n",
      good.replace("MEDIA-SEQUENCE:1", "MEDIA-SEQUENCE:-1"),
      good.replace("#EXTINF:1.000000,\n", ""),
      good.replace("1.000000,", "1,"),
      good.replace("1.000000,", "1.000000"),
      good.replace(/#EXT-X-PROGRAM-DATE-TIME:.*/, "#EXT-X-PROGRAM-DATE-TIME:today"),
      good.replace("#EXTINF", "#EXT-X-UNKNOWN:1\n#EXTINF"),
      good.replace("1-17.ts", "#comment"),
      good + "#EXTINF:1.000000,\n",
      good + "#EXT-X-ENDLIST\n3-17.ts\n",
      good + "\n",
    ]
  ) {
    assert.throws(() => parseMediaPlaylist(bad), PlaylistError, bad);
  }
});
