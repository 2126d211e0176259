/** What the benchmark's listeners of low latency read, and what is told of it. */
import assert from "node:assert/strict";
import { frameNumber, setFrameNumber } from "../../bench/access_units.ts";
import { HeardParts, lastFrameOf } from "../../bench/heard_parts.ts";
import { newsOf } from "../../bench/low_load.ts";
import { Schedule } from "../../bench/schedule.ts";
import { Fmp4Packager } from "../../src/hls/fmp4_packager.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { LowBroadcast } from "../../testing/hls/low_broadcast.ts";

Deno.test("a version tells its newest part and the one that comes next", async () => {
  const broadcast = new LowBroadcast();
  await broadcast.configure(audioConfig());
  await broadcast.send(3 * 47);
  for (let version = 0; version < 8; version++) {
    const { hint, segments } = broadcast.playlist;
    const news = newsOf(new TextEncoder().encode(broadcast.versions.at(-1)));
    const parts = segments.flatMap(({ parts }) => parts);
    assert.deepEqual([news?.newest, news?.hint.uri], [parts.at(-1)?.uri, hint]);
    assert.ok(hint?.startsWith(`${news?.hint.sequence}-`));
    assert.ok(hint?.endsWith(`.${news?.hint.part}.m4s`));
    const before = broadcast.versions.length;
    while (broadcast.versions.length === before) await broadcast.send(1);
  }
});

Deno.test("a playlist that has ended brings no news, and neither does a refusal", () => {
  for (const text of ["#EXTM3U\n#EXT-X-ENDLIST\n", '{"code":503}', ""]) {
    assert.equal(newsOf(new TextEncoder().encode(text)), undefined);
  }
});

Deno.test("a part's delay counts from when its last frame was due", () => {
  const part = partOf([7, 8, 9]);
  assert.equal(lastFrameOf(part), 9);
  const heard = new HeardParts();
  const startedAtMs = performance.timeOrigin + performance.now();
  for (let answer = 0; answer < 3; answer++) heard.answered(1, "5-1-a.0.m4s");
  heard.holds(1, "5-1-a.0.m4s", part);
  heard.answered(0, "5-1-a.1.m4s");
  const [found, ...others] = heard.heard(2, startedAtMs);
  assert.deepEqual(others, [], "what nobody has is not told of");
  assert.equal(found?.answers, 3);
  assert.equal(found?.lastFrameAtMs, startedAtMs + new Schedule(2).timeMs(1, 9));
  assert.ok((found?.lastAnswerAtMs ?? 0) >= startedAtMs);
});

/** A part of numbered frames. */
function partOf(numbers: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const packager = new Fmp4Packager(audioConfig(), ({ bytes }) => parts.push(bytes.slice()));
  packager.begin(numbers.length);
  for (const number of numbers) {
    const frame = new Uint8Array(40 + number);
    setFrameNumber(frame, 0, number);
    assert.equal(frameNumber(frame), number);
    packager.write(frame);
  }
  packager.end();
  return parts[0] ?? new Uint8Array();
}
