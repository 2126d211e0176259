/** Who hears the preroll in low latency, and how it is numbered before the show. */
import assert from "node:assert/strict";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { LowListener } from "../../../testing/hls/low_listener.ts";
import { MemoryFolder } from "../../../testing/hls/memory_files.ts";
import { lowNumbers, PREROLL, PrerollShow, tsNumbers } from "../../../testing/hls/preroll_show.ts";
import { Run } from "../../../testing/hls/run.ts";
import { isLowPreroll } from "../../../testing/hls_validator/low_rules.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";
import { until } from "../../../testing/until.ts";

const SECOND = 47;

Deno.test("who comes first hears the preroll, then the show behind a discontinuity", async () => {
  const show = await PrerollShow.start(PREROLL, 5);
  const { broadcast, listener } = show;
  const { segments, hint, dateRanges, targetDuration } = listener.playlist;
  assert.equal(targetDuration, 2);
  assert.deepEqual(segments.map(({ whole }) => whole?.uri), [...lowUris()]);
  assert.ok(segments.every(({ parts }) => parts.length > 0), "a player may begin at any part");
  assert.deepEqual(lowNumbers(listener), tsNumbers(broadcast));
  const [, number] = /^(\d+)-.*\.0\.m4s$/.exec(hint ?? "") ?? [];
  assert.equal(Number(number), (segments.at(-1)?.sequence ?? NaN) + 1);
  assert.deepEqual(dateRanges, []);
  assert.equal((await listener.get("low.m3u8")).status, 200);
  await show.play(5, 40);
  const open = listener.playlist.segments.at(-1);
  assert.deepEqual([open?.discontinuity, open?.whole, open?.parts.length], [true, undefined, 2]);
  await show.stop();
});

Deno.test("the next part of the show is waited for by its own number from the first version on", async () => {
  const show = await PrerollShow.start(PREROLL, 5);
  const { broadcast, ingest, listener } = show;
  const last = listener.playlist.segments.at(-1);
  const queries = [
    `_HLS_msn=${(last?.sequence ?? NaN) + 1}&_HLS_part=0`,
    // A part behind the last one of its segment is the first of the next.
    `_HLS_msn=${last?.sequence}&_HLS_part=${last?.parts.length}`,
  ];
  const asked = queries.map((query) => listener.ask(`low-media.m3u8?${query}`));
  const known = await listener.get(`low-media.m3u8?_HLS_msn=${last?.sequence}`);
  assert.equal(known.status, 200);
  assert.ok(asked.every(({ answer }) => answer === undefined));
  await broadcast.live(ingest, 5, 20);
  for (const { answer } of asked) {
    assert.equal(answer?.status, 200);
    assert.match(await answer.text(), /#EXT-X-PART:[^\n]*-\d+-\w+\.0\.m4s"\n#EXT-X-PRELOAD-HINT/);
  }
  await show.stop();
});

Deno.test("both forms have the same numbers while the preroll is listed, and when it has gone", async () => {
  const show = await PrerollShow.start(PREROLL, 5);
  const { broadcast, listener } = show;
  for (let second = 1; second < 30; second++) {
    if (second === 2) show.ingest.metadata({ title: "One", artist: undefined }, undefined);
    if (second === 5) show.ingest.metadata({ title: "Two", artist: undefined }, undefined);
    await show.play(5 + (second - 1) * SECOND, 5 + second * SECOND);
    const [low, ts] = [lowNumbers(listener), tsNumbers(broadcast)];
    const common = low.filter(([number]) => ts.some(([other]) => other === number));
    assert.ok(common.length >= 3);
    assert.deepEqual(common, ts.filter(([number]) => low.some(([other]) => other === number)));
    if (second === 7) assert.equal(listener.playlist.dateRanges.length, 2);
  }
  assert.ok(!listener.playlist.segments.some(isLowPreroll));
  assert.equal(listener.playlist.discontinuitySequence, 2);
  assert.deepEqual(listener.breaches, []);
  await show.stop();
});

Deno.test("who comes later finds of the preroll what the playlist still has", async () => {
  const show = await PrerollShow.start(PREROLL, 5 * SECOND, false);
  const { broadcast, listener } = show;
  await show.look();
  const listed = tsNumbers(broadcast);
  assert.deepEqual(lowNumbers(listener).slice(0, listed.length), listed);
  await show.stop();
  const later = await PrerollShow.start(PREROLL, 30 * SECOND, false);
  await later.look();
  assert.ok(later.listener.playlist.segments.every((segment) => !isLowPreroll(segment)));
  assert.equal(later.listener.playlist.discontinuitySequence, 2);
  await later.stop();
});

Deno.test("each presentation has it first, and a return of the same one has not", async () => {
  const show = await PrerollShow.start(PREROLL, 3 * SECOND);
  const { broadcast, ingest, listener } = show;
  ingest.end("lost");
  await show.pass(3000);
  show.ingest = broadcast.connect();
  await show.play(0, 2 * SECOND);
  assert.equal(listener.playlist.segments.filter(isLowPreroll).length, 3);
  show.ingest.end("finished");
  await show.pass(15_000);
  assert.equal(listener.playlist.hint, undefined);
  const last = listener.playlist.segments.at(-1)?.sequence;
  const again = new PrerollShow(broadcast);
  await again.play(0, SECOND);
  const { segments } = again.listener.playlist;
  assert.deepEqual(segments.slice(0, 3).map(({ sequence }) => sequence - (last ?? NaN)), [1, 2, 3]);
  assert.ok(segments.slice(0, 3).every(isLowPreroll));
  assert.deepEqual([...listener.breaches, ...again.listener.breaches], []);
  again.listener.origin.close();
  await show.stop();
});

Deno.test("who asked before the show began gets the numbers of the preroll too", () =>
  withFolder(async (path) => {
    const clock = new FakeClock();
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish(), 2);
    first.kill();
    await first.hls.stop();
    // With another target duration the earlier playlist is not gone on with.
    const run = await Run.start(path, clock, 1500, { preroll: PREROLL });
    const listener = new LowListener({ hls: run.hls, clock, folder: new MemoryFolder() });
    await listener.look();
    await clock.advance(0);
    assert.equal(listener.versions.length, 0);
    const ingest = run.publish();
    await run.broadcast(ingest, 2);
    await until("it is there in low latency", async () => {
      await clock.advance(100);
      await listener.look();
      return listener.versions.length > 0;
    });
    assert.deepEqual(lowNumbers(listener).slice(0, 3), tsNumbers(run).slice(0, 3));
    assert.deepEqual(listener.breaches, []);
    listener.origin.close();
    run.kill();
    await run.hls.stop();
  }));

const lowUris = () => PREROLL.entries.map(({ uri }) => PREROLL.low.get(uri)?.uri);
