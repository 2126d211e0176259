/** Titles in HLS: when they are heard by the playlist, and as ID3 in segments. */
import assert from "node:assert/strict";
import { tagsOf, type TimedTags } from "../../src/session/tags.ts";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";
import { demux } from "../../testing/mpegts/timed_collector.ts";

const song = (title: string) => tagsOf({ title, artist: "Band" }) ?? assert.fail();

/** The wall time of a frame by PROGRAM-DATE-TIME, frames being numbered from the first one heard. */
function wallMsOf({ heard }: Broadcast, frame: number): number {
  let first = 0;
  for (const { durationUs, wallMs = NaN } of heard) {
    const frames = Math.round(durationUs / 1000 / FRAME_MS);
    if (frame < first + frames) return wallMs + (frame - first) * FRAME_MS;
    first += frames;
  }
  return NaN;
}

/** Plays, tags frames as they come, and lets the end be heard. */
async function play(
  broadcast: Broadcast,
  tags: ReadonlyMap<number, string>,
  frames: number,
): Promise<void> {
  const ingest = broadcast.connect();
  for (let i = 0; i < frames; i++) {
    const title = tags.get(i);
    if (title !== undefined) ingest.metadata(song(title), i * FRAME_MS);
    broadcast.send(ingest, i);
    await broadcast.pass(FRAME_MS);
  }
  broadcast.manager.find("demo")?.end("teardown", { code: 0, message: "" });
  await broadcast.pass(2000);
}

Deno.test("a title is told with the wall time at which the playlist has its audio", async () => {
  const told: TimedTags[] = [];
  const broadcast = await Broadcast.start({
    onTags: (name, tags) => {
      assert.equal(name, "demo");
      told.push(tags);
    },
  });
  await play(broadcast, new Map([[0, "A"], [30, "B"], [200, "C"], [400, "D"]]), 500);
  assert.deepEqual(told.map(({ title, position }) => [title, position / 1024]), [
    ["A", 0],
    ["B", 30],
    ["C", 200],
    ["D", 400],
  ]);
  for (const { title, position, wallMs } of told) {
    const offMs = wallMs - wallMsOf(broadcast, position / 1024);
    assert.ok(Math.abs(offMs) < 5, `${title} is ${offMs} ms off`);
  }
  await broadcast.stop();
});

Deno.test("a title keeps to the playlist's times where the clock was set back", async () => {
  const told: TimedTags[] = [];
  const broadcast = await Broadcast.start({ onTags: (_, tags) => told.push(tags) });
  const ingest = broadcast.connect();
  await broadcast.live(ingest, 0, 300);
  broadcast.clock.setWall(broadcast.clock.now() - 3_600_000);
  ingest.metadata(song("A"), 300 * FRAME_MS);
  await broadcast.live(ingest, 300, 500);
  broadcast.manager.find("demo")?.end("teardown", { code: 0, message: "" });
  await broadcast.pass(2000);
  const [title] = told;
  assert.ok(title !== undefined);
  assert.ok(Math.abs(title.wallMs - wallMsOf(broadcast, 300)) < 20);
  await broadcast.stop();
});

/** Where the segments tell which titles: segment and frame of the segment. */
function titlesIn(broadcast: Broadcast): string[] {
  return broadcast.heard.flatMap(({ uri }, i) => {
    const bytes = broadcast.folder.stream("demo").files.get(uri) ?? new Uint8Array();
    const { found } = demux(bytes);
    return found.texts.map(({ title, artist, timeMs }) => {
      const frame = found.times.findIndex((time) => Math.abs((time ?? 0) - (timeMs ?? 0)) < 1);
      return `${title} by ${artist} in ${i} at ${frame}`;
    });
  });
}

Deno.test("with ID3, segments tell a title before its audio, and every tenth again", async () => {
  const broadcast = await Broadcast.start({ id3: true });
  await play(broadcast, new Map([[0, "A"], [60, "B"]]), 47 * 23);
  assert.deepEqual(titlesIn(broadcast), [
    "A by Band in 0 at 0",
    "B by Band in 1 at 13",
    "B by Band in 11 at 0",
    "B by Band in 21 at 0",
  ]);
  assert.ok(!broadcast.heardFrames.includes(-1));
  assert.equal(broadcast.heardFrames.length, 47 * 23);
  await broadcast.stop();
});

Deno.test("without ID3, segments have no stream of tags, whatever is told", async () => {
  const broadcast = await Broadcast.start();
  await play(broadcast, new Map([[0, "A"], [60, "B"]]), 200);
  for (const bytes of broadcast.folder.stream("demo").files.values()) {
    if (bytes[0] === 0x47) assert.deepEqual(demux(bytes).demuxer.streamNames, ["AAC"]);
  }
  await broadcast.stop();
});
