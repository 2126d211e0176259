/** What of a show's recordings is read after a restart, and what is known without it. */
import assert from "node:assert/strict";
import { identityOf } from "../../../src/record/files.ts";
import { ArchivedFiles } from "../../../src/record/rewind/archived_files.ts";
import { KeptShows } from "../../../src/record/rewind/kept_shows.ts";
import { ShowCopy } from "../../../src/record/rewind/show_copy.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { SECOND, type Show } from "../../../testing/record/archive.ts";
import { Rewound, urisOf, valuesOf } from "../../../testing/record/rewound.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";
import { until } from "../../../testing/until.ts";

Deno.test("nobody waits for a recording that is being read after a restart", async () => {
  const house = await Rewound.open();
  const { path } = house.archive.folder;
  const show = house.archive.begin("demo");
  await house.play(show, 8);
  show.end();
  await house.stop();
  await using later = await Rewound.open({ path, clock: house.clock });
  const question = { name: "demo", known: undefined };
  assert.equal(later.rewinds.news(question), "unread");
  const response = await later.app.request("/demo/show.m3u8");
  assert.deepEqual([response.status, response.headers.get("Retry-After")], [503, "1"]);
  await later.listing(2);
  assert.notEqual(later.rewinds.news(question), "unread");
});

Deno.test("after a restart a short show need not wait until a long one is read", async () => {
  const live = new Map(["long", "short"].map((name) => [name, { ended: false }]));
  const house = await Rewound.open({ live });
  const { path } = house.archive.folder;
  const long = house.archive.begin("long");
  await playLarge(house, long, 100);
  const short = house.archive.begin("short");
  await house.play(short, 20);
  long.end();
  short.end();
  await house.stop();
  await using later = await Rewound.open({ path, clock: house.clock, live });
  const { rewinds, clock } = later;
  const news = (name: string) => rewinds.news({ name, known: undefined });
  assert.deepEqual([news("long"), news("short")], ["unread", "unread"]);
  await until("the short one is read", () => news("short") !== "unread");
  assert.equal(news("long"), "unread", "it waits for its turns");
  await until("the long one is read", async () => {
    await clock.advance(10);
    return news("long") !== "unread";
  });
  assert.deepEqual(await later.frames(await later.listing(17, "long"), "long"), long.frames);
});

Deno.test("what is being read when the server stops is given up", async () => {
  const house = await Rewound.open();
  const { path } = house.archive.folder;
  const show = house.archive.begin("demo");
  await playLarge(house, show, 100);
  show.end();
  await house.stop();
  await using later = await Rewound.open({ path, clock: house.clock });
  const timers = later.clock.timerCount;
  assert.equal(later.rewinds.news({ name: "demo", known: undefined }), "unread");
  await until("it waits for its turn", () => later.clock.timerCount > timers);
  await later.rewinds.close();
});

Deno.test("after a restart no more is read of a recording than the bound needs", async () => {
  const house = await Rewound.open({ boundMs: 30_000 });
  const { path } = house.archive.folder;
  const show = house.archive.begin("demo");
  await house.play(show, 300);
  const text = await house.listing(1);
  const { offset } = await until("it is kept where to begin", async () => {
    const [kept] = (await new KeptShows(path).load("demo"))?.pieces ?? [];
    return (kept?.first?.segments ?? 0) >= 20 && kept?.first;
  });
  show.end();
  await house.stop();
  const file = await Deno.open(`${path}/demo.mp4`, { read: true, write: true });
  await file.seek(20_000, Deno.SeekMode.Start);
  await file.write(new Uint8Array(offset - 20_000));
  file.close();
  await using later = await Rewound.open({ path, clock: house.clock, boundMs: 30_000 });
  const again = await later.listing(2);
  const first = (playlist: string) => Number(valuesOf(playlist, "EXT-X-MEDIA-SEQUENCE")[0]);
  assert.ok(first(again) >= first(text) && first(again) < 50);
  const from = first(again) * 6 * SECOND;
  const frames = await later.frames(again);
  assert.deepEqual(frames, show.frames.slice(from, from + frames.length));
});

Deno.test("pieces that nobody may hear any more are forgotten, and the others keep their numbers", async () => {
  const house = await Rewound.open({ boundMs: 30_000 });
  const { path } = house.archive.folder;
  for (let session = 1; session <= 12; session++) {
    const show = house.archive.begin("demo");
    await house.play(show, 14);
    show.end();
    await house.archive.reach("record-complete", session);
    await house.playlist();
  }
  const text = await house.listing(2);
  const kept = await new KeptShows(path).load("demo");
  assert.ok((kept?.pieces.length ?? 0) <= 8, `${kept?.pieces.length} pieces are kept`);
  assert.equal((kept?.forgotten?.pieces ?? 0) + (kept?.pieces.length ?? 0), 12);
  assert.ok(urisOf(text).at(-1)?.endsWith("-35.m4s"), text);
  const news = house.rewinds.news({ name: "demo", known: undefined });
  assert.ok(typeof news === "object" && news.pieces.length <= 8);
  const copy = new ShowCopy(news.start, 30_000);
  copy.take(news);
  assert.equal(new TextDecoder().decode(copy.version?.text), text, "who asks first gets the same");
  await house.stop();
  await using later = await Rewound.open({ path, clock: house.clock, boundMs: 30_000 });
  assert.equal(await later.listing(2), text);
});

Deno.test("what the archive's rules delete is not listed any more, and the rest keeps its numbers", async () => {
  const house = await Rewound.open();
  const { path } = house.archive.folder;
  const record = async (session: number) => {
    const show = house.archive.begin("demo");
    await house.play(show, 14);
    show.end();
    await house.archive.reach("record-complete", session);
  };
  await record(1);
  await record(2);
  const before = await house.listing(6);
  const { size } = await Deno.stat(`${path}/demo.mp4`);
  house.archive.recorder.rules = { maxAgeMs: 0, maxBytes: 2.5 * size };
  await record(3);
  const isShort = (text: string | undefined) =>
    text?.includes("#EXT-X-MEDIA-SEQUENCE:3\n") && urisOf(text).length === 6 && text;
  const text = await until("the first is gone", async () => isShort(await house.playlist()));
  assert.deepEqual(urisOf(text).slice(0, 3), urisOf(before).slice(3));
  assert.deepEqual(valuesOf(text, "EXT-X-DISCONTINUITY-SEQUENCE"), ["1"]);
  assert.deepEqual(valuesOf(text, "EXT-X-PLAYLIST-TYPE"), []);
  for (const uri of urisOf(text)) await house.bytes(uri);
  await house.stop();

  for await (const { name } of Deno.readDir(path)) {
    if (/^demo\..*Z\.mp4$/.test(name)) await Deno.remove(`${path}/${name}`);
  }
  await using later = await Rewound.open({ path, clock: house.clock });
  assert.deepEqual(urisOf(await later.listing(3)), urisOf(text).slice(3));
});

Deno.test("a file that is not there is looked for in the whole folder a few times only", async () => {
  await withFolder(async (path) => {
    const files = new ArchivedFiles(path);
    const known = { file: "demo.mp4", identity: "17-1" };
    for (let i = 0; i < 3; i++) assert.equal(await files.open("demo", known), undefined);
    await Deno.writeTextFile(`${path}/demo.20200101T000000Z.mp4`, "there");
    const identity = identityOf(await Deno.stat(`${path}/demo.20200101T000000Z.mp4`));
    using found = await files.open("demo", { ...known, identity });
    assert.ok(found !== undefined);
    const readDir = Deno.readDir;
    let reads = 0;
    Deno.readDir = (...path) => {
      reads++;
      return readDir(...path);
    };
    try {
      assert.equal(await files.open("demo", known), undefined);
    } finally {
      Deno.readDir = readDir;
    }
    assert.equal(reads, 0);
  });
});

Deno.test("of a show that may be heard from its start, the newest thousand pieces may be heard", async () => {
  await using house = await Rewound.open();
  const { clock, rewinds } = house;
  for (let i = 0; i < 1100; i++) {
    const piece = rewinds.index("demo", audioConfig(), clock.now());
    const part = { file: "demo.mp4", identity: `17-${i}`, continues: undefined };
    piece?.written(part, { frames: SECOND, offset: 1000, bytes: 10, wallMs: clock.now() });
    piece?.over();
  }
  await clock.advance(5000);
  const news = rewinds.news({ name: "demo", known: undefined });
  assert.ok(typeof news === "object");
  assert.equal(news.pieces.length, 1000);
  assert.deepEqual(news.forgotten, { pieces: 100, segments: 100, withSegments: 100 });
});

/** So many seconds, each of which is read by itself, as most are. */
async function playLarge(house: Rewound, show: Show, seconds: number): Promise<void> {
  const { recorder } = house.archive;
  for (let second = 0; second < seconds; second++) {
    const before = recorder.writtenBytes;
    for (let i = 0; i < SECOND; i++) show.write(new Uint8Array(100).fill(second));
    await house.clock.advance(1000);
    while (recorder.writtenBytes === before) await new Promise((resolve) => setTimeout(resolve));
  }
}
