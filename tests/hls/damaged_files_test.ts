/** What a start makes of files that were damaged since the last run. */
import assert from "node:assert/strict";
import { parseAudioSpecificConfig } from "../../src/audio/aac/audio_specific_config.ts";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { BitWriter } from "../../src/audio/bits.ts";
import { StateFiles } from "../../src/hls/name_states.ts";
import { parsePlaylist, renderPlaylist, restorePlaylist } from "../../src/hls/playlist.ts";
import { loadPreroll, PrerollError } from "../../src/hls/preroll.ts";
import { MAX_SHOWN_SEGMENTS } from "../../src/hls/silent_end.ts";
import { HlsFolder } from "../../src/hls/stream_files.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { Run } from "../../testing/hls/run.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const WALL = Date.UTC(2026, 10, 23, 20, 0, 0);
const PLAYLIST = {
  targetDuration: 1,
  mediaSequence: 1700000000,
  discontinuitySequence: 3,
  segments: [
    { uri: "/prerole/a.ts", durationUs: 999_000, discontinuity: false, wallMs: undefined },
    ...[1, 2, 3].map((i) => ({
      uri: `${1700000000 + i}-${WALL / 1000 + i}.ts`,
      durationUs: 1_002_667,
      discontinuity: i === 1,
      wallMs: WALL + i * 1003,
    })),
  ],
  ended: false,
};

/** What may stand under the name of a file that is to be read, made at a path. */
const ODD: Readonly<Record<string, (path: string) => void | Promise<void>>> = {
  "a pipe": async (path) => {
    await new Deno.Command("mkfifo", { args: [path] }).output();
  },
  "a folder": (path) => Deno.mkdir(`${path}/more`, { recursive: true }),
  "a link to nothing": (path) => Deno.symlink("/nowhere/at/all", path),
  "a link to itself": (path) => Deno.symlink(path, path),
  "an endless device": (path) => Deno.symlink("/dev/zero", path),
  "a file of 4 GB": async (path) => {
    using file = await Deno.create(path);
    await file.truncate(4 * 2 ** 30);
  },
  "a file of zeros": (path) => Deno.writeFile(path, new Uint8Array(500)),
  "noise": (path) => Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(500))),
};

Deno.test("a playlist is taken up as it was written", () => {
  assert.deepEqual(restorePlaylist(renderPlaylist(PLAYLIST), "ts"), PLAYLIST);
  const ended = { ...PLAYLIST, ended: true };
  assert.deepEqual(restorePlaylist(renderPlaylist(ended), "ts"), ended);
  const [preroll, ...own] = PLAYLIST.segments;
  assert.ok(preroll !== undefined);
  const beside = { ...PLAYLIST, segments: [{ ...preroll, uri: "../~prerole/a.ts" }, ...own] };
  assert.deepEqual(restorePlaylist(renderPlaylist(beside), "ts"), beside);
});

Deno.test("a playlist that was cut off is not taken up, but where whole segments are missing at its end", () => {
  const text = renderPlaylist(PLAYLIST);
  for (let length = 0; length < text.length; length++) {
    const cut = text.slice(0, length);
    const taken = restorePlaylist(cut, "ts");
    assert.ok(taken === undefined || /(\.ts|:3)\n$/.test(cut), `cut at ${length}`);
  }
});

Deno.test("a playlist in which a byte is wrong is not taken up, but where that is a length or a name of preroll", () => {
  const text = renderPlaylist(PLAYLIST);
  for (let at = 0; at < text.length; at++) {
    for (const wrong of ["\0", "9", "-", ":", "\n", "#", "/"]) {
      if (text[at] === wrong) continue;
      const taken = restorePlaylist(text.slice(0, at) + wrong + text.slice(at + 1), "ts");
      if (taken === undefined) continue;
      const { mediaSequence, segments } = taken;
      assert.equal(mediaSequence, PLAYLIST.mediaSequence, `${wrong} at ${at}`);
      assert.deepEqual(
        segments.slice(1).map(({ uri }) => uri),
        PLAYLIST.segments.slice(1).map(({ uri }) => uri),
      );
      for (const { durationUs, wallMs } of segments) {
        assert.ok(durationUs > 0 && durationUs < 1_500_000, `${wrong} at ${at}`);
        assert.ok(wallMs === undefined || Math.abs(wallMs - WALL) < 10_000, `${wrong} at ${at}`);
      }
    }
  }
});

for (const [what, make] of Object.entries(ODD)) {
  for (const place of ["demo/playlist.m3u8", ".state/demo.json"]) {
    Deno.test(`${what} in the place of ${place} stops no start, and the others are taken up`, () =>
      withFolder(async (path) => {
        const clock = new FakeClock();
        const first = await Run.start(path, clock);
        await first.broadcast(first.publish("good"), 3);
        await first.broadcast(first.publish("demo"), 3);
        const [highest = 0] = first.numbers("demo").slice(-1);
        const { discontinuitySequence } = first.playlist("demo");
        first.kill();
        await first.hls.stop();
        await Deno.remove(`${path}/${place}`);
        await make(`${path}/${place}`);

        const second = await Run.start(path, clock);
        assert.ok(second.playlist("good").segments.length >= 3);
        await second.broadcast(second.publish("demo"), 2);
        assert.ok(Math.min(...second.numbers("demo").slice(-2)) > highest);
        assert.ok(second.playlist("demo").discontinuitySequence >= discontinuitySequence);
        second.kill();
        await second.hls.stop();
      }));
  }

  Deno.test(`${what} in the place of a preroll is refused by name`, () =>
    withFolder(async (path) => {
      await make(`${path}/live.m3u8`);
      await assert.rejects(loadPreroll(path), PrerollError);
      await Deno.remove(`${path}/live.m3u8`, { recursive: true });
      await Deno.writeTextFile(`${path}/live.m3u8`, "#EXTM3U\n#EXTINF:1,\na.ts\n");
      await make(`${path}/a.ts`);
      await assert.rejects(loadPreroll(path), PrerollError);
    }));

  Deno.test(`${what} in the place of a segment is not sent`, () =>
    withFolder(async (path) => {
      await Deno.mkdir(`${path}/demo`);
      await make(`${path}/demo/1-1.ts`);
      const bytes = await new HlsFolder(path).read("demo", "1-1.ts");
      assert.ok(bytes === undefined || bytes.length === 500);
    }));
}

Deno.test("state that is damaged in any way is not used, and the log says so", () =>
  withFolder(async (path) => {
    await using log = await LogRecorder.start();
    const folder = new HlsFolder(path);
    const states = new StateFiles(folder);
    const numbers = { mediaSequence: 1700000000, discontinuitySequence: 3 };
    const open = { config: audioConfig(), discontinuity: false, wallMs: 1700000000123 };
    const shownOpen = [
      { ...open, sequence: 1, beforeUs: undefined },
      { ...open, sequence: 2, beforeUs: 47 * 1024e6 / 48_000 },
    ];
    const state = { ...numbers, written: true, shownOpen };
    await states.save("demo", state);
    const file = `${path}/.state/demo.json`;
    const whole = await Deno.readTextFile(file);
    for (let length = 0; length < whole.trimEnd().length; length++) {
      await Deno.writeTextFile(file, whole.slice(0, length));
      assert.equal(await states.load("demo"), undefined, `cut at ${length}`);
    }
    assert.equal(log.matching(/demo\.json/).length, whole.trimEnd().length);
    await states.save("demo", state);
    assert.deepEqual(await states.load("demo"), state);
    await Deno.remove(`${path}/.state`, { recursive: true });
    assert.equal(await states.save("demo", state), true, "the folder is made again");
    assert.deepEqual(await states.load("demo"), state);
  }));

Deno.test("a state of as much as it may be is read again, with the longest configuration", () =>
  withFolder(async (path) => {
    const states = new StateFiles(new HlsFolder(path));
    const config = longestConfig();
    const shownOpen = Array.from({ length: MAX_SHOWN_SEGMENTS }, (_, i) => ({
      ...{ sequence: Number.MAX_SAFE_INTEGER - i, wallMs: Number.MAX_SAFE_INTEGER },
      ...{ config, discontinuity: false, beforeUs: 1e9 / 3 },
    }));
    const mediaSequence = Number.MAX_SAFE_INTEGER;
    const state = {
      mediaSequence,
      discontinuitySequence: mediaSequence,
      written: false,
      shownOpen,
    };
    await states.save("demo", state);
    assert.deepEqual(await states.load("demo"), state);
  }));

/** Its program_config_element has all elements that it may have, and a comment. */
function longestConfig(): AudioConfig {
  const writer = new BitWriter();
  const write = (...fields: [value: number, bits: number][]) => {
    for (const [value, bits] of fields) writer.write(value, bits);
  };
  // Object type, sampling frequency index, channel configuration and GASpecificConfig.
  write([2, 5], [3, 4], [0, 4], [0, 3]);
  // ISO/IEC 14496-3 table 4.2: tag, object type, sampling frequency index, how many elements.
  write([0, 4], [1, 2], [3, 4], [15, 4], [15, 4], [15, 4], [3, 2], [7, 3], [15, 4], [0, 3]);
  write([0, 32], [0, 32], [0, 32], [0, 32], [0, 32], [0, 32], [0, 32], [0, 32], [0, 32]);
  // 45 elements of 5 bits for channels, 3 for effects and 7 for data of 4 bits, and 15 of 5 bits.
  write([0, 45 * 5 + 10 * 4 + 15 * 5 - 9 * 32]);
  writer.align();
  write([255, 8]);
  for (let i = 0; i < 255; i++) write([65, 8]);
  return parseAudioSpecificConfig(writer.toBytes());
}

Deno.test("a playlist that cannot be taken up is said, and its segments go in their time", () =>
  withFolder(async (path) => {
    await using log = await LogRecorder.start();
    const clock = new FakeClock(Date.now());
    const first = await Run.start(path, clock);
    await first.broadcast(first.publish(), 3);
    first.kill();
    await first.hls.stop();
    const text = await Deno.readTextFile(`${path}/demo/playlist.m3u8`);
    assert.ok(parsePlaylist(text));
    await Deno.writeTextFile(`${path}/demo/playlist.m3u8`, text.slice(0, -3));
    const second = await Run.start(path, clock);
    assert.equal(second.hls.find("demo")?.playlist(), undefined);
    assert.equal(log.matching(/^warning .*demo.*playlist/).length, 1);
    second.kill();
    await second.hls.stop();
  }));
