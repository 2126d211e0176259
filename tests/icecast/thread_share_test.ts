/** What a source may take of the time of the thread. */
import assert from "node:assert/strict";
import { ThreadShare } from "../../src/icecast/thread_share.ts";

/** Reads of which each takes `tookMs`, one each `everyMs`. @returns the pauses */
function readAll(count: number, { tookMs, frames, everyMs }: {
  readonly tookMs: number;
  readonly frames: number;
  readonly everyMs: number;
}): number[] {
  const share = new ThreadShare();
  return Array.from({ length: count }, (_, i) => share.took(tookMs, frames, 1000 + i * everyMs));
}

Deno.test("who sends audio is not held up, however much is made of it at a time", () => {
  for (const reading of [{ tookMs: 1, frames: 4 }, { tookMs: 40, frames: 40 }]) {
    assert.ok(readAll(10_000, { ...reading, everyMs: 50 }).every((pause) => pause === 0));
  }
});

Deno.test("a read that was held up once is not the source's fault", () => {
  assert.deepEqual(readAll(3, { tookMs: 500, frames: 1, everyMs: 300 }), [0, 0, 0]);
});

Deno.test("who takes long for nothing gets a fiftieth of the time", () => {
  const share = new ThreadShare();
  let now = 1000;
  let taken = 0;
  while (now < 101_000) {
    now += 3;
    taken += 3;
    now += share.took(3, 0, now);
  }
  assert.ok(taken < 2100, `${taken} ms of 100 s`);
});

Deno.test("a frame now and then buys no time", () => {
  const pauses = readAll(100, { tookMs: 3, frames: 1, everyMs: 3 });
  assert.ok(pauses.at(-1) === 500);
});
