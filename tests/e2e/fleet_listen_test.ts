/** What is published at one box is heard at every box, and crosses to each of them once. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { Fleet } from "../../testing/fleet/fleet.ts";
import { NameWatch } from "../../testing/fleet/name_watch.ts";
import { type Delay, PartTimes } from "../../testing/fleet/part_times.ts";
import { until } from "../../testing/until.ts";

const NAME = "demo";
/** `deno task test:fleet` measures for longer, and holds the delay to what is promised. */
const IS_LONG = Deno.env.has("FLEET_ROUNDS");
const SEGMENTS = IS_LONG ? 60 : 8;
const MAX_DELAY_MS = 150;
const LISTENERS = 10;
/** Playlists and frames of the feed beside the bytes of segments. */
const MOST_BYTES = 1.5;

scenario("what is published at one box is heard at every box", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 400 });
  await using fleet = await Fleet.start({ env: { HLS_WEB_INDEX: "1" } });
  await using _encoder = new Encoder(clip, fleet.box("a").rtmpUrl(`live/${NAME}`));
  await t.step("a segment crosses once to a box, however many listen there", () => {
    return crossesOnce(fleet);
  });
  await t.step("it is the same in both forms, under the same URL", () => isTheSame(fleet));
  await t.step("pages and endless streams are there", () => hasPages(fleet));
});

async function crossesOnce(fleet: Fleet): Promise<void> {
  const atB = new Map([["b", fleet.box("b").playlistUrl(NAME)]]);
  await using watch = new NameWatch(NAME, atB);
  await watch.goesOn(5);
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < LISTENERS; i++) stack.use(new NameWatch(NAME, atB));

  const [before, bytesBefore] = [watch.newest, bytesFrom(fleet, "a", "b")];
  await watch.goesOn(SEGMENTS);
  const bytes = bytesFrom(fleet, "a", "b") - bytesBefore;
  const times = bytes / watch.bytesAfter(before);
  console.log(`${LISTENERS + 1} listeners: ${times.toFixed(2)} bytes cross for each of a segment`);
  assert.ok(times < MOST_BYTES, `${bytes} bytes crossed`);
  // Nobody listens at the third box.
  assert.ok(bytesFrom(fleet, "a", "c") < bytes / 2);
}

async function isTheSame(fleet: Fleet): Promise<void> {
  const urls = fleet.playlistUrls(NAME);
  await using watch = new NameWatch(NAME, urls);
  await using low = new NameWatch(NAME, urls, "low-media.m3u8");
  await using stack = new AsyncDisposableStack();
  for (const url of urls.values()) stack.use(new BothFormsFollower(url));
  await watch.goesOn(3);
  await low.goesOn(1);

  const times = [...urls.values()].map((url) => stack.use(new PartTimes(url)));
  await watch.goesOn(SEGMENTS);
  const [atOwner, ...elsewhere] = times;
  for (const other of elsewhere) {
    const delay = atOwner?.delayOf(other);
    assert.ok(delay !== undefined && delay.parts > SEGMENTS, "parts come to every box");
    printDelay(delay);
    if (IS_LONG) assert.ok(delay.median <= MAX_DELAY_MS, `${delay.median} ms later`);
  }
  assert.deepEqual([...watch.missing, ...low.missing], []);
}

async function hasPages(fleet: Fleet): Promise<void> {
  for (const box of fleet.others("a")) {
    const folder = new URL(".", fleet.box(box).playlistUrl(NAME));
    await until(`${box} has the page`, () => isThere(folder));
    await until(`${box} has the stream`, () => plays(new URL("stream.aac", folder)));
    await until(`${box} lists it`, () => lists(new URL("/", folder), NAME));
  }
}

/** Bytes that `asking` has got from `asked`. */
function bytesFrom({ network }: Fleet, asked: string, asking: string): number {
  return network?.answeredBytes(asking, asked) ?? NaN;
}

function printDelay({ median, most, parts }: Delay): void {
  console.log(
    `${parts} parts come ${
      median.toFixed(1)
    } ms later than at the owner, but for one in a hundred ` +
      `${most.toFixed(1)} ms at most`,
  );
}

async function isThere(url: URL): Promise<boolean> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status === 200;
}

async function lists(url: URL, name: string): Promise<boolean> {
  return (await (await fetch(url)).text()).includes(name);
}

/** Whether some seconds of audio come. */
async function plays(url: URL): Promise<boolean> {
  const response = await fetch(url);
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > LISTENED_BYTES) break;
  }
  return response.status === 200 && bytes > LISTENED_BYTES;
}

const LISTENED_BYTES = 64_000;
