/** The last hour of each session, and what it has lost lately. */
import assert from "node:assert/strict";
import {
  type SampledSession,
  SESSION_SAMPLE_MS,
  SessionHistories,
} from "../../../src/stat/live/session_histories.ts";

const NOBODY = new Map<string, number>();

interface Counted {
  readonly bytes?: number;
  readonly frames?: number;
  readonly dropped?: number;
  readonly levelDb?: number;
  readonly tooEarly?: number;
}

function session(id: number, counted: Counted = {}) {
  const { bytes = 0, frames = 0, dropped = 0, levelDb, tooEarly = 0 } = counted;
  const transport = { protocol: "srt", address: "192.0.2.1", tooEarly, close: () => {} } as const;
  return {
    ...{ id, name: `show-${id}`, inputBytes: bytes, transport },
    state: "publishing",
    sound: { isDeadAir: false, levelDb, silentMs: 0 },
    quality: { total_count: frames, drop_count: dropped, bad_count: 0, filler_count: 0 },
  } satisfies SampledSession;
}

/** Samples `sessions` at the times when it is due, from number `first` on. */
function sample(
  histories: SessionHistories,
  count: number,
  sessions: (number: number) => readonly SampledSession[],
  first = 0,
) {
  for (let i = first; i < first + count; i++) {
    histories.sample(sessions(i), NOBODY, i * SESSION_SAMPLE_MS);
  }
}

Deno.test("an hour is kept, the oldest sample first, also after hours", () => {
  const histories = new SessionHistories();
  sample(histories, 1000, (i) => [session(1, { bytes: i * 1250 })]);
  const { at, bitrate } = histories.of(1);
  assert.equal(at.length, 360);
  assert.deepEqual([at[0], at[359]], [6_400_000, 9_990_000]);
  assert.ok(bitrate.every((bits) => bits === 1000));
});

Deno.test("a session that began later has its own times", () => {
  const histories = new SessionHistories();
  sample(histories, 10, (i) => i < 7 ? [session(1)] : [session(1), session(2)]);
  assert.deepEqual(histories.of(2).at, [70_000, 80_000, 90_000]);
  assert.equal(histories.of(1).at.length, 10);
});

Deno.test("a session that is over is forgotten", () => {
  const histories = new SessionHistories();
  sample(histories, 2, () => [session(1)]);
  sample(histories, 1, () => [], 2);
  assert.deepEqual(histories.of(1).at, []);
  assert.deepEqual(histories.lossesOf(1), { lost: null, unread: 0, isTooFast: false });
});

Deno.test("where no audio comes, nobody knows how much is lost", () => {
  const histories = new SessionHistories();
  sample(histories, 3, () => [session(1, { frames: 100 })]);
  assert.deepEqual(histories.of(1).lost, [0, null, null]);
});

Deno.test("digital silence is a level, and one that is not known is none", () => {
  const histories = new SessionHistories();
  const levels = [-20.25, -Infinity, undefined];
  sample(histories, 3, (i) => [session(1, levels[i] === undefined ? {} : { levelDb: levels[i] })]);
  assert.deepEqual(histories.of(1).level, [-20.2, -100, null]);
});

Deno.test("no more is lost than all", () => {
  const histories = new SessionHistories();
  sample(histories, 2, (i) => [session(1, { dropped: i * 50 })]);
  assert.deepEqual(histories.of(1).lost, [null, 100]);
});

Deno.test("that an encoder was too fast is told for a minute, also where another connection counts anew", () => {
  const histories = new SessionHistories();
  const counts = [0, 0, 40, 41, 0, 0, 0, 0, 0, 0, 0, 3];
  const told = counts.map((tooEarly, i) => {
    sample(histories, 1, () => [session(1, { frames: 100 * i, tooEarly })], i);
    return histories.lossesOf(1).isTooFast;
  });
  assert.deepEqual(told.map(Number), [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1]);
});
