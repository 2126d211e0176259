/** How benchmarks tell that a playlist is late. */
import assert from "node:assert/strict";
import { unlistedMs } from "../../bench/listener_watch.ts";
import { renderPlaylist } from "../../src/hls/playlist.ts";

const START_MS = Date.UTC(2026, 0, 1);

const PLAYLIST = renderPlaylist({
  targetDuration: 2,
  mediaSequence: 7,
  discontinuitySequence: 0,
  segments: [0, 1].map((index) => ({
    uri: `${7 + index}-1.ts`,
    durationUs: 2_000_000,
    discontinuity: false,
    wallMs: START_MS + 2000 * index,
  })),
  ended: false,
});

Deno.test("the segment behind the newest is due once its audio is complete", () => {
  assert.equal(unlistedMs(PLAYLIST, START_MS + 6000), 0);
  assert.equal(unlistedMs(PLAYLIST, START_MS + 7200), 1200);
  assert.equal(unlistedMs(PLAYLIST, START_MS + 5000), -1000);
});

Deno.test("what is no playlist, or an empty one, tells nothing", () => {
  for (const text of ["", "404 Not Found", "#EXTM3U\n"]) {
    assert.equal(unlistedMs(text, 0), undefined);
  }
});
