/** Shows that are on air, from their start, out of their recordings. */
import assert from "node:assert/strict";
import { identityOf } from "../../../src/record/files.ts";
import { Rewinds } from "../../../src/record/rewind/rewinds.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { SECOND } from "../../../testing/record/archive.ts";
import { Rewound, urisOf, valuesOf } from "../../../testing/record/rewound.ts";

Deno.test("a show may be heard from its start while it is on air, and to its end", async () => {
  await using house = await Rewound.open();
  assert.equal(await house.playlist(), undefined, "nothing is there yet");
  const begun = new Date(house.clock.now()).toISOString();
  const show = house.archive.begin("demo");
  await house.play(show, 20);
  const text = await house.listing(3);
  const segments = urisOf(text);
  assert.match(text, /^#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:10\n/);
  assert.deepEqual(valuesOf(text, "EXT-X-PLAYLIST-TYPE"), ["EVENT"]);
  assert.deepEqual(valuesOf(text, "EXT-X-PROGRAM-DATE-TIME"), [begun]);
  assert.deepEqual(valuesOf(text, "EXT-X-MAP"), ['URI="show/1795443121-0.mp4"']);
  assert.deepEqual(segments, [0, 1, 2].map((n) => `show/1795443121-${n}.m4s`));
  for (const seconds of valuesOf(text, "EXTINF")) assert.equal(seconds, "6.01600,");
  assert.deepEqual(await house.frames(text), show.frames.slice(0, 18 * SECOND));

  show.audio(20);
  show.end();
  await house.archive.reach("record-complete", 1);
  const over = await house.listing(4);
  assert.ok(!over.includes("#EXT-X-ENDLIST"), "the DJ may come back");
  const live = house.live.get("demo");
  if (live !== undefined) live.ended = true;
  const ended = await house.listing(4);
  assert.ok(ended.endsWith("#EXT-X-ENDLIST\n"));
  assert.deepEqual(await house.frames(ended), show.frames);

  house.live.delete("demo");
  assert.equal(await house.playlist(), undefined, "it is gone with the live playlist");
  assert.equal((await house.app.request(`/demo/${segments[0]}`)).status, 404);
});

Deno.test("another configuration and another session are discontinuities, and have init sections of their own", async () => {
  await using house = await Rewound.open();
  const show = house.archive.begin("demo");
  await house.play(show, 7);
  show.configure(audioConfig({ channelConfiguration: 1 }));
  await house.play(show, 7);
  show.end();
  await house.archive.reach("record-complete", 2);
  const again = house.archive.begin("demo");
  await house.play(again, 7);
  again.end();
  await house.archive.reach("record-complete", 3);
  const text = await house.listing(6);
  const tags = text.split("\n").filter((line) => /DISCONTINUITY$|MAP/.test(line));
  assert.deepEqual(tags.map((line) => line.replace(/:.*-/, " ")), [
    '#EXT-X-MAP 0.mp4"',
    "#EXT-X-DISCONTINUITY",
    '#EXT-X-MAP 1.mp4"',
    "#EXT-X-DISCONTINUITY",
    '#EXT-X-MAP 2.mp4"',
  ]);
  assert.equal(valuesOf(text, "EXT-X-PROGRAM-DATE-TIME").length, 3);
  assert.deepEqual(await house.frames(text), [...show.frames, ...again.frames]);
  const [first, second, third] = await Promise.all(
    valuesOf(text, "EXT-X-MAP").map((value) => house.bytes(value.slice(5, -1))),
  );
  assert.deepEqual(first, third);
  assert.notDeepEqual(first, second);
});

Deno.test("the silence of a hold is served before it is written, and is the same when it is", async () => {
  await using house = await Rewound.open();
  const show = house.archive.begin("demo");
  await house.play(show, 8);
  await house.hold(show, 14);
  const held = await house.listing(3);
  const before = await Promise.all(urisOf(held).map((uri) => house.bytes(uri)));
  assert.deepEqual(await house.frames(held), show.frames.slice(0, 18 * SECOND));
  await house.play(show, 8);
  const text = await house.listing(5);
  assert.ok(text.startsWith(held), "what was listed stays as it was");
  const after = await Promise.all(urisOf(held).map((uri) => house.bytes(uri)));
  assert.deepEqual(after, before);
  assert.deepEqual(await house.frames(text), show.frames.slice(0, 30 * SECOND));
  show.end();
});

Deno.test("the silence of a DJ who does not come back stays in the show, and not in the file", async () => {
  await using house = await Rewound.open();
  const show = house.archive.begin("demo");
  await house.play(show, 8);
  await house.hold(show, 14);
  const held = await house.listing(3);
  show.end();
  await house.archive.reach("record-complete", 1);
  const over = await house.listing(4);
  assert.ok(over.startsWith(held));
  assert.deepEqual(await house.frames(over), show.frames);
  assert.deepEqual(await house.archive.frames("demo.mp4"), show.frames.slice(0, 8 * SECOND));
});

Deno.test("short silences are where they were", async () => {
  await using house = await Rewound.open();
  const show = house.archive.begin("demo");
  for (let i = 0; i < 12; i++) {
    show.audio(30);
    show.silence(5 + 9 * i);
    await house.clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await house.play(show, 4);
  show.end();
  await house.archive.reach("record-complete", 1);
  assert.deepEqual(await house.archive.frames("demo.mp4"), show.frames);
  assert.deepEqual(await house.frames(await house.listing(4)), show.frames);
});

Deno.test("after a restart it is read from the file, and goes on behind a discontinuity", async () => {
  const house = await Rewound.open();
  const { path } = house.archive.folder;
  const show = house.archive.begin("demo");
  await house.play(show, 20);
  const text = await house.listing(3);
  show.end();
  await house.stop();
  await using later = await Rewound.open({ path, clock: house.clock });
  const again = await later.listing(4);
  assert.ok(again.startsWith(text));
  assert.deepEqual(await later.frames(again), show.frames);
  const next = later.archive.begin("demo");
  await later.play(next, 8);
  const both = await later.listing(5);
  assert.ok(both.startsWith(again));
  assert.equal(both.split("#EXT-X-DISCONTINUITY\n").length, 2);
  assert.deepEqual(await later.frames(both), [...show.frames, ...next.frames.slice(0, 6 * SECOND)]);
  next.end();
});

Deno.test("silence that was shown keeps its numbers after a restart", async () => {
  const house = await Rewound.open();
  const { path } = house.archive.folder;
  const show = house.archive.begin("demo");
  await house.play(show, 8);
  await house.hold(show, 14);
  const held = await house.listing(3);
  show.end();
  await house.stop();
  await using later = await Rewound.open({ path, clock: house.clock });
  const again = await later.listing(4);
  assert.ok(again.startsWith(held));
  const frames = await later.frames(again);
  assert.deepEqual(frames.slice(0, show.frames.length), show.frames);
});

Deno.test("after a restart without its live playlist a show is gone", async () => {
  const house = await Rewound.open();
  const { path } = house.archive.folder;
  const show = house.archive.begin("demo");
  await house.play(show, 8);
  show.end();
  await house.stop();
  await using later = await Rewound.open({ path, clock: house.clock, live: new Map() });
  assert.deepEqual(await Array.fromAsync(Deno.readDir(`${path}/.shows`)), []);
  later.live.set("demo", { ended: false });
  assert.equal(await later.playlist(), undefined);
});

Deno.test("a recording that is continued is heard from its session's first frame on", async () => {
  await using house = await Rewound.open({ append: true });
  await house.archive.record("demo", 9);
  house.live.set("demo", { ended: false });
  const show = house.archive.begin("demo");
  await house.play(show, 8);
  show.end();
  await house.archive.reach("record-complete", 2);
  assert.equal((await house.archive.frames("demo.mp4")).length, 17 * SECOND);
  const text = await house.listing(2);
  assert.deepEqual(await house.frames(text), show.frames);
});

Deno.test("with append, both sessions of a show are in it after a restart, from one file", async () => {
  const house = await Rewound.open({ append: true });
  const { path } = house.archive.folder;
  const first = house.archive.begin("demo");
  await house.play(first, 8);
  first.end();
  await house.archive.reach("record-complete", 1);
  const second = house.archive.begin("demo");
  await house.play(second, 8);
  second.end();
  await house.archive.reach("record-complete", 2);
  const text = await house.listing(4);
  assert.equal(text.split("#EXT-X-DISCONTINUITY\n").length, 2);
  await house.stop();
  await using later = await Rewound.open({ path, clock: house.clock, append: true });
  const again = await later.listing(4);
  assert.equal(again, text);
  assert.deepEqual(await later.frames(again), [...first.frames, ...second.frames]);
});

Deno.test("nothing outside the bound is listed or served", async () => {
  await using house = await Rewound.open({ boundMs: 60_000 });
  const show = house.archive.begin("demo");
  await house.play(show, 20);
  const early = urisOf(await house.listing(3));
  await house.play(show, 70);
  const text = await house.playlist() ?? "";
  assert.deepEqual(valuesOf(text, "EXT-X-PLAYLIST-TYPE"), []);
  const segments = urisOf(text);
  const seconds = segments.length * 6.016;
  assert.ok(seconds <= 60 && seconds >= 36, `${seconds} s`);
  const first = Number(valuesOf(text, "EXT-X-MEDIA-SEQUENCE")[0]);
  assert.equal(segments[0], `show/1795443120-${first}.m4s`);
  const from = first * 6 * SECOND;
  const frames = await house.frames(text);
  assert.deepEqual(frames, show.frames.slice(from, from + frames.length));
  for (const uri of early) assert.equal((await house.app.request(`/demo/${uri}`)).status, 404);
  const served = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, n) => (await house.app.request(`/demo/show/1795443120-${n}.m4s`)).status,
    ),
  );
  const firstServed = served.indexOf(200);
  assert.ok(firstServed * 6.016 >= 90 * 1.00267 - 60 - 0.01, `${firstServed}`);
  assert.ok(firstServed <= first);
  show.end();
});

Deno.test("a file that is renamed is found, and of one that is removed nothing is served", async () => {
  await using house = await Rewound.open();
  const show = house.archive.begin("demo");
  await house.play(show, 8);
  show.end();
  await house.archive.reach("record-complete", 1);
  const [uri = ""] = urisOf(await house.listing(2));
  const bytes = await house.bytes(uri);
  const { folder } = house.archive;
  await Deno.rename(folder.pathOf("demo.mp4"), folder.pathOf("demo.20200101T000000Z.mp4"));
  assert.deepEqual(await house.bytes(uri), bytes);
  await Deno.rename(folder.pathOf("demo.20200101T000000Z.mp4"), folder.pathOf("demo.mp4"));
  assert.deepEqual(await house.bytes(uri), bytes);
  await Deno.remove(folder.pathOf("demo.mp4"));
  await Deno.writeFile(folder.pathOf("demo.mp4"), new Uint8Array(100_000));
  assert.equal((await house.app.request(`/demo/${uri}`)).status, 404);
});

Deno.test("it is told which files are needed, until the show is over", async () => {
  await using house = await Rewound.open();
  const { folder } = house.archive;
  const unopened = new Rewinds({ clock: house.clock, path: folder.path, boundMs: Infinity });
  assert.ok(unopened.holds("1-1"), "an earlier run may have kept something");
  await unopened.close();
  const show = house.archive.begin("demo");
  await house.play(show, 8);
  show.end();
  await house.archive.reach("record-complete", 1);
  const identity = identityOf(await Deno.stat(folder.pathOf("demo.mp4")));
  assert.deepEqual([house.rewinds.holds(identity), house.rewinds.holds("1-1")], [true, false]);
  house.live.delete("demo");
  await house.clock.advance(6000);
  assert.equal(house.rewinds.holds(identity), false);
});

Deno.test("the earliest moment that may be heard is told once there is one", async () => {
  await using house = await Rewound.open({ boundMs: 30_000 });
  const begun = house.clock.now();
  const show = house.archive.begin("demo");
  assert.equal(house.rewinds.earliest("demo"), undefined);
  await house.play(show, 7);
  assert.equal(house.rewinds.earliest("demo"), begun);
  await house.play(show, 60);
  const earliest = house.rewinds.earliest("demo") ?? NaN;
  const behindMs = house.clock.now() - earliest;
  assert.ok(behindMs <= 30_000 && behindMs > 20_000, `${behindMs} ms`);
  house.live.delete("demo");
  assert.equal(house.rewinds.earliest("demo"), undefined);
  show.end();
});
