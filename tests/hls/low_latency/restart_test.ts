/** A server that is killed while somebody listens in low latency, and what the next one shows. */
import assert from "node:assert/strict";
import { StateFiles } from "../../../src/hls/name_states.ts";
import { NO_PREROLL, type Preroll } from "../../../src/hls/preroll.ts";
import { silentEnd } from "../../../src/hls/silent_end.ts";
import { Segmenter } from "../../../src/hls/segmenter.ts";
import { HlsFolder } from "../../../src/hls/stream_files.ts";
import { MPEG_TS } from "../../../src/hls/ts_packager.ts";
import { entityTag } from "../../../src/web/entity_tag.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { encode } from "../../../testing/audio/ffmpeg.ts";
import { concat } from "../../../testing/bytes.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { LowListener } from "../../../testing/hls/low_listener.ts";
import { MemoryFolder } from "../../../testing/hls/memory_files.ts";
import { FRAME_MS } from "../../../testing/hls/on_air.ts";
import { prerollOf } from "../../../testing/hls/preroll_folder.ts";
import { Run } from "../../../testing/hls/run.ts";
import type { SeenLowSegment } from "../../../testing/hls_validator/low_playlist_reader.ts";
import { isLowPreroll } from "../../../testing/hls_validator/low_rules.ts";
import { demux } from "../../../testing/mpegts/timed_collector.ts";
import { withFolder } from "../../../testing/temporary_folder.ts";
import { until } from "../../../testing/until.ts";

const SECOND = 47;

/** What both runs of the server have shown. */
interface Shown {
  readonly before: readonly SeenLowSegment[];
  readonly after: readonly SeenLowSegment[];
  readonly run: Run;
}

interface KillOptions {
  /** Whether somebody listens in low latency. Default true. */
  readonly hears?: boolean;
  /** Whole segments before. Default 5. */
  readonly segments?: number;
  readonly preroll?: Preroll;
}

/** Plays a name, kills the server so many frames into a segment, and goes on with it. */
async function killAfter(path: string, frames: number, options: KillOptions = {}): Promise<Shown> {
  const { hears = true, segments = 5, preroll = NO_PREROLL } = options;
  const clock = new FakeClock();
  const first = await Run.start(`${path}/first`, clock, 1000, { preroll });
  const ingest = first.publish();
  await first.broadcast(ingest, segments);
  const send = (frame: number) => {
    ingest.write(new Uint8Array(100), (segments * SECOND + frame) * FRAME_MS);
  };
  const listener = new LowListener({ hls: first.hls, clock, folder: new MemoryFolder() });
  const look = async (from: LowListener) => {
    await from.look();
    await clock.advance(0);
    await from.look();
  };
  const untilThere = (from: LowListener) =>
    until("it is there in low latency", async () => {
      await look(from);
      return from.versions.length > 0;
    });
  // Behind preroll alone there is nothing in low latency before the first frame.
  const early = segments === 0 ? 1 : 0;
  if (early > 0) send(0);
  if (hears) await untilThere(listener);
  for (let i = early; i < frames; i++) {
    send(i);
    await clock.advance(FRAME_MS);
    if (hears) await look(listener);
  }
  let shown: readonly SeenLowSegment[] = [];
  const folder = new HlsFolder(first.path);
  const states = new StateFiles(folder);
  await until("the disk has all that was shown", async () => {
    if (hears) {
      await look(listener);
      shown = listener.playlist.segments;
    }
    const stream = first.hls.find("demo");
    const { written, shownOpen = [] } = await states.load("demo") ?? {};
    const listed = await folder.read("demo", "playlist.m3u8");
    if (!written || listed === undefined) return false;
    const open = hears ? stream?.next.mediaSequence : undefined;
    return shown.at(-1)?.sequence === open && shownOpen.at(-1)?.sequence === open &&
      entityTag(listed) === stream?.playlist()?.etag && stream.unwritten.length === 0;
  });
  await copyFolder(`${path}/first`, `${path}/second`);
  listener.origin.close();
  first.kill();
  await first.hls.stop();

  const run = await Run.start(`${path}/second`, clock, 1000, { preroll });
  const again = new LowListener({ hls: run.hls, clock, folder: new MemoryFolder() });
  await clock.advance(1500);
  await run.broadcast(run.publish(), 1);
  await untilThere(again);
  assert.deepEqual([...listener.breaches, ...again.breaches], []);
  again.origin.close();
  run.kill();
  await run.hls.stop();
  return { before: shown, after: again.playlist.segments, run };
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    // What is still being written.
    if (name.endsWith(".new")) continue;
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

Deno.test("a number that was shown as open is silence of the old timeline, then comes the break", () =>
  withFolder(async (path) => {
    const { before, after, run } = await killAfter(path, 20);
    const open = before.at(-1);
    assert.ok(open !== undefined && open.whole === undefined && open.parts.length === 1);
    const at = after.findIndex(({ sequence }) => sequence === open.sequence);
    const [last, silent, joined] = after.slice(at - 1);
    assert.ok(last !== undefined && silent !== undefined && joined !== undefined);
    assert.deepEqual([silent.discontinuity, joined.discontinuity], [false, true]);
    assert.equal(silent.map, open.map);
    const [told, was] = [silent, open].map(({ programDateTime }) => Date.parse(programDateTime));
    assert.ok(Math.abs((told ?? NaN) - (was ?? NaN)) <= 1);
    assert.equal(silent.parts[0]?.duration, open.parts[0]?.duration);
    const ts = run.playlist().segments.map(({ discontinuity }) => discontinuity);
    assert.deepEqual(ts.slice(-2), [false, true]);
  }));

Deno.test("silence stands for the newest number alone, however far the broadcast is", () =>
  withFolder(async (path) => {
    const { before, after } = await killAfter(path, SECOND + 17);
    const open = before.at(-1)?.sequence ?? NaN;
    const joined = after.findIndex(({ sequence }) => sequence === open + 1);
    assert.deepEqual(
      after.slice(joined - 2, joined + 1).map(({ discontinuity }) => discontinuity),
      [
        ...[false, false, true],
      ],
    );
  }));

Deno.test("where nobody listened in low latency, no silence is put in", () =>
  withFolder(async (path) => {
    const { run } = await killAfter(path, 20, { hears: false });
    const [last, joined] = run.playlist().segments.slice(4);
    assert.deepEqual([last?.discontinuity, joined?.discontinuity], [false, true]);
  }));

Deno.test("where only the preroll was whole, the silence is behind it, and the show breaks again", () =>
  withFolder(async (path) => {
    const preroll = await prerollOf({
      "live.m3u8": "#EXTM3U\n" + "#EXTINF:1,\na.aac\n#EXT-X-DISCONTINUITY\n".repeat(3),
      "a.aac": await encode({ rate: 44_100 }),
    });
    const { before, after } = await killAfter(path, 20, { segments: 0, preroll });
    const open = before.at(-1);
    assert.deepEqual([before.length, open?.discontinuity, open?.parts.length], [4, true, 1]);
    assert.deepEqual(after.slice(0, 5).map(isLowPreroll), [true, true, true, false, false]);
    const [silent, joined] = after.slice(3);
    assert.equal(silent?.sequence, open?.sequence);
    assert.equal(silent?.map, open?.map);
    assert.ok(silent?.whole !== undefined);
    assert.deepEqual([silent.discontinuity, joined?.discontinuity], [true, true]);
  }));

for (const config of [audioConfig(), audioConfig({ sampleRate: 24000, sbr: true })]) {
  Deno.test(`silence continues a segment to the tick at ${config.sampleRate} Hz`, () => {
    const segments: Uint8Array[] = [];
    const segmenter = new Segmenter(1000, [MPEG_TS], ({ packages: [bytes = new Uint8Array()] }) => {
      segments.push(bytes.slice());
    });
    segmenter.start(config);
    for (let i = 0; segments.length < 3; i++) {
      segmenter.write({
        ...{ data: new Uint8Array(90), position: 1024 * i, dueMs: 0, filler: false },
      });
    }
    const [, , last = new Uint8Array()] = segments;
    const shown = [3, 4].map((sequence) => {
      return {
        sequence,
        config,
        discontinuity: false,
        wallMs: 1000 * sequence,
        beforeUs: undefined,
      };
    });
    const silence = silentEnd(shown, last, { format: MPEG_TS, targetMs: 1000 });
    const packages = silence.map(({ cut: { packages: [bytes = new Uint8Array()] } }) => bytes);
    const { found } = demux(concat([...segments, ...packages]));
    assert.equal(found.badCount, 0);
    const frameMs = 1024_000 / config.sampleRate;
    for (const [i, timeMs = NaN] of found.times.entries()) {
      assert.ok(Math.abs(timeMs - 10_000 - i * frameMs) < 2 / 90, `${i} at ${timeMs}`);
    }
    assert.equal(found.times.length, 5 * Math.ceil(1000 / frameMs));
    const labels = shown.map(({ sequence, wallMs }) => ({
      sequence,
      wallMs,
      discontinuity: false,
    }));
    assert.deepEqual(silence.map(({ label }) => label), labels);
  });
}

Deno.test("what cannot continue a segment does not: another configuration, or a break", () => {
  let last = new Uint8Array();
  const segmenter = new Segmenter(1000, [MPEG_TS], ({ packages: [bytes] }) => {
    last = bytes?.slice() ?? last;
  });
  segmenter.start(audioConfig());
  for (let i = 0; i < SECOND; i++) {
    segmenter.write({ data: new Uint8Array(90), position: 1024 * i, dueMs: 0, filler: false });
  }
  const shown = [
    { config: audioConfig({ sampleRate: 44100 }), discontinuity: false },
    { config: audioConfig(), discontinuity: true },
  ];
  for (const open of shown) {
    const first = { ...open, sequence: 1, wallMs: 1000, beforeUs: undefined };
    const second = { ...first, sequence: 2, wallMs: 2000, discontinuity: false };
    const silence = silentEnd([first, second], last, { format: MPEG_TS, targetMs: 1000 });
    assert.deepEqual(silence.map(({ cut }) => cut.discontinuity), [true, false]);
    assert.deepEqual(silence.map(({ label }) => label.discontinuity), [true, false]);
  }
});

Deno.test("silence is as long as what was cut short, and a frame at least", () => {
  for (const [beforeUs, durationUs] of [[128_000, 128_000], [1, 21_333]]) {
    const first = { sequence: 1, wallMs: 1000, config: audioConfig(), discontinuity: true };
    const shown = [{ ...first, beforeUs: undefined }, { ...first, sequence: 2, beforeUs }];
    const silence = silentEnd(shown, new Uint8Array(), { format: MPEG_TS, targetMs: 1000 });
    assert.deepEqual(silence.map(({ cut }) => cut.durationUs), [durationUs, 1_002_667]);
  }
});
