/** Where the frames of a source stand in time: gaps become silence, jitter and drift do not. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { DROP, Timeline } from "../../src/session/timeline.ts";

const RATE = 48_000;
const FRAME_MS = 1024_000 / RATE;
const START = 86_400_000;

/** A source's frame: when it was made, what its timestamp says, when it arrives. */
interface Arrival {
  readonly timeMs: number | undefined;
  readonly nowMs: number;
}

interface Outcome {
  placed: number;
  filled: number;
  dropped: number;
  reanchors: number;
  /** When a frame is due minus when it arrived, the furthest from 0. */
  worstErrorMs: number;
  wentBack: boolean;
}

/** Runs `arrivals` over a timeline. Silence is put in while waiting as `waits` says. */
function run(arrivals: Iterable<Arrival>, waits: ReadonlyMap<number, number> = new Map()): Outcome {
  const timeline = new Timeline({ maxDelayMs: 10_000, targetMs: 1000 });
  timeline.configure(RATE, 1024);
  const outcome: Outcome = {
    placed: 0,
    filled: 0,
    dropped: 0,
    reanchors: 0,
    worstErrorMs: 0,
    wentBack: false,
  };
  let lastDue = -Infinity;
  let number = 0;
  for (const { timeMs, nowMs } of arrivals) {
    const wait = waits.get(number) ?? 0;
    for (let i = 0; i < wait; i++) timeline.advance();
    if (wait > 0) timeline.waited(wait);
    number++;
    const fill = timeline.arrive(timeMs, nowMs);
    if (fill === DROP) {
      outcome.dropped++;
      continue;
    }
    for (let i = 0; i < fill; i++) timeline.advance();
    outcome.filled += fill;
    if (timeline.dueMs < lastDue) outcome.wentBack = true;
    lastDue = timeline.dueMs;
    const error = timeline.dueMs - nowMs;
    if (Math.abs(error) > Math.abs(outcome.worstErrorMs)) outcome.worstErrorMs = error;
    timeline.advance();
    outcome.placed++;
  }
  outcome.reanchors = timeline.reanchors;
  return outcome;
}

/** `count` frames of a source whose clock runs at `speed`; `stamp` makes the timestamp of each. */
function* source(
  count: number,
  stamp: (dueMs: number, index: number) => number,
  speed = 1,
): Generator<Arrival> {
  for (let i = 0; i < count; i++) {
    const dueMs = i * FRAME_MS;
    yield { timeMs: stamp(dueMs, i), nowMs: START + dueMs / speed };
  }
}

/** A small deterministic noise from -1 to 1. */
function noise(index: number): number {
  const x = Math.sin(index * 12.9898) * 43758.5453;
  return 2 * (x - Math.floor(x)) - 1;
}

const HOUR_FRAMES = Math.round(3_600_000 / FRAME_MS);

const HONEST: Record<string, (dueMs: number, index: number) => number> = {
  "exact": (due) => due,
  "whole milliseconds": (due) => Math.floor(due),
  "two frames share one": (_, i) => Math.floor(i / 2) * 2 * FRAME_MS,
  "in steps of 40 ms": (due) => Math.floor(due / 40) * 40,
  "jittered by 12 ms": (due, i) => due + 12 * noise(i),
  "jittered by 30 ms": (due, i) => due + 30 * noise(i),
  "from an hour on": (due) => due + 3_600_000,
};

for (const [name, stamp] of Object.entries(HONEST)) {
  Deno.test(`loss-free timestamps that are ${name} get no silence`, () => {
    const outcome = run(source(HOUR_FRAMES / 4, stamp));
    assert.equal(outcome.filled, 0);
    assert.equal(outcome.dropped, 0);
    assert.equal(outcome.reanchors, 0);
    assert.ok(Math.abs(outcome.worstErrorMs) < 50, `${outcome.worstErrorMs} ms`);
  });
}

for (const ppm of [-100, 100, 12.5]) {
  Deno.test(`24 h of drift of ${ppm} ppm get no silence, and what is due follows`, () => {
    const outcome = run(source(24 * HOUR_FRAMES, (due) => due, 1 + ppm / 1e6));
    assert.equal(outcome.filled, 0);
    assert.equal(outcome.reanchors, 0);
    assert.ok(Math.abs(outcome.worstErrorMs) < 250, `${outcome.worstErrorMs} ms`);
    assert.equal(outcome.wentBack, false);
  });
}

Deno.test("timestamps that drift against the frames they are on get no silence", () => {
  const outcome = run(source(4 * HOUR_FRAMES, (due) => due * 1.0000125));
  assert.equal(outcome.filled, 0);
});

/** `count` frames with `lost` of them missing from frame `at` on. */
function* withLoss(count: number, at: number, lost: number): Generator<Arrival> {
  for (let i = 0; i < count; i++) {
    if (i >= at && i < at + lost) continue;
    yield { timeMs: i * FRAME_MS, nowMs: START + i * FRAME_MS };
  }
}

for (const lost of [2, 5, 47, 400]) {
  Deno.test(`${lost} lost frames become ${lost} silent ones`, () => {
    const outcome = run(withLoss(5000, 1000, lost));
    assert.equal(outcome.filled, lost);
    assert.equal(outcome.placed, 5000 - lost);
    assert.equal(outcome.reanchors, 0);
    assert.ok(Math.abs(outcome.worstErrorMs) < 50, `${outcome.worstErrorMs} ms`);
  });
}

Deno.test("a gap longer than the longest delay is not filled, and what is due jumps with it", () => {
  const outcome = run(withLoss(5000, 1000, 600));
  assert.equal(outcome.filled, 0);
  assert.equal(outcome.reanchors, 1);
  assert.ok(Math.abs(outcome.worstErrorMs) < 50, `${outcome.worstErrorMs} ms`);
});

Deno.test("in the first second no gap is filled, because the source's rhythm is not known yet", () => {
  assert.equal(run(withLoss(500, 10, 20)).filled, 0);
});

const LIES: Record<string, (dueMs: number, index: number) => number> = {
  "restart at zero": (due, i) => i < 1000 ? due + 5000 : due - 1000 * FRAME_MS,
  "jump back a second": (due, i) => i < 1000 ? due : due - 1000,
  "jump ahead by hours": (due, i) => i < 1000 ? due : due + 7_200_000,
  "jump ahead by 5 s while no time passes": (due, i) => i < 1000 ? due : due + 5000,
};

for (const [name, stamp] of Object.entries(LIES)) {
  Deno.test(`timestamps that ${name} are followed without silence`, () => {
    const outcome = run(source(5000, stamp));
    assert.equal(outcome.filled, 0);
    assert.equal(outcome.placed, 5000);
    assert.equal(outcome.reanchors, 1);
    assert.ok(Math.abs(outcome.worstErrorMs) < 50, `${outcome.worstErrorMs} ms`);
  });
}

Deno.test("timestamps that repeat for a while lose nothing and add nothing", () => {
  const outcome = run(source(5000, (due, i) => i >= 1000 && i < 1010 ? 1000 * FRAME_MS : due));
  assert.deepEqual([outcome.filled, outcome.placed, outcome.reanchors], [0, 5000, 0]);
});

/** A path that stalls for `stallMs` from frame `at` on, and then brings all at once. */
function* withStall(count: number, at: number, stallMs: number): Generator<Arrival> {
  for (let i = 0; i < count; i++) {
    const due = i * FRAME_MS;
    const held = i >= at && due < at * FRAME_MS + stallMs;
    yield { timeMs: due, nowMs: START + (held ? at * FRAME_MS + stallMs : due) };
  }
}

Deno.test("a burst after a stall comes after the silence, whole", () => {
  const outcome = run(withStall(5000, 1000, 3000), new Map([[1000, 141]]));
  assert.deepEqual([outcome.filled, outcome.dropped, outcome.placed], [0, 0, 5000]);
  assert.ok(outcome.worstErrorMs > 2900, "due as late as it is kept");
  assert.ok(outcome.worstErrorMs < 3100, `${outcome.worstErrorMs} ms`);
});

Deno.test("after a stall of 15 s, what is more than 10 s late is dropped, the oldest first", () => {
  const silent = Math.ceil(15_000 / FRAME_MS);
  const outcome = run(withStall(5000, 1000, 15_000), new Map([[1000, silent]]));
  assert.equal(outcome.dropped, Math.ceil((silent * FRAME_MS - 10_000) / FRAME_MS));
  assert.equal(outcome.placed, 5000 - outcome.dropped);
  assert.equal(outcome.filled, 0);
});

Deno.test("ten stalls in a row leave the broadcast at most the longest delay behind", () => {
  const waits = new Map<number, number>();
  const arrivals: Arrival[] = [];
  for (let i = 0; i < 10_000; i++) {
    const due = i * FRAME_MS;
    const stall = Math.floor(i / 900);
    const held = i % 900 < 141 && stall >= 1 && stall <= 10;
    if (held && i % 900 === 0) waits.set(i, 141);
    arrivals.push({ timeMs: due, nowMs: START + (held ? (stall * 900 + 141) * FRAME_MS : due) });
  }
  const outcome = run(arrivals, waits);
  assert.equal(outcome.filled, 0);
  assert.equal(outcome.placed + outcome.dropped, 10_000);
  assert.equal(outcome.dropped, Math.ceil((1410 * FRAME_MS - 10_000) / FRAME_MS));
});

Deno.test("silence put in while waiting counts for the gap that follows", () => {
  const arrivals = [...withLoss(5000, 1000, 200)];
  assert.equal(run(arrivals, new Map([[1000, 150]])).filled, 50);
  assert.equal(run(arrivals, new Map([[1000, 200]])).filled, 0);
  const tooMuch = run(arrivals, new Map([[1000, 230]]));
  assert.deepEqual([tooMuch.filled, tooMuch.dropped], [0, 0]);
});

Deno.test("audio lost over 15 s of waiting is no late audio: none of what follows is dropped", () => {
  const outcome = run(withLoss(5000, 1000, 700), new Map([[1000, 700]]));
  assert.deepEqual([outcome.filled, outcome.dropped, outcome.placed], [0, 0, 4300]);
});

Deno.test("a source that pauses now and then without catching up is not late, and loses nothing", () => {
  for (const stamped of [true, false]) {
    const waits = new Map<number, number>();
    const arrivals: Arrival[] = [];
    let now = START;
    for (let i = 0; i < 20_000; i++) {
      if (i % 1000 === 999) {
        waits.set(i, 188);
        now += 4000;
      }
      arrivals.push({ timeMs: stamped ? i * FRAME_MS : undefined, nowMs: now });
      now += FRAME_MS;
    }
    const outcome = run(arrivals, waits);
    assert.deepEqual([outcome.filled, outcome.dropped, outcome.placed], [0, 0, 20_000]);
    assert.ok(Math.abs(outcome.worstErrorMs) < 300, `${outcome.worstErrorMs} ms`);
  }
});

Deno.test("audio that is kept late does not move what is due after the burst", () => {
  const outcome = run(withStall(5000, 1000, 9000), new Map([[1000, 422]]));
  assert.deepEqual([outcome.filled, outcome.dropped], [0, 0]);
  assert.ok(outcome.worstErrorMs < 9100, `${outcome.worstErrorMs} ms ahead of real time`);
});

Deno.test("delay that is kept over a new connection counts towards the longest", () => {
  const timeline = new Timeline({ maxDelayMs: 10_000, targetMs: 1000 });
  timeline.configure(RATE, 1024);
  let now = START;
  let dropped = 0;
  for (let connection = 0; connection < 6; connection++) {
    timeline.restart();
    for (let i = 0; i < 1000; i++) {
      if (i === 400) {
        now += 7000;
        for (let silent = 0; silent < 328; silent++) timeline.advance();
        timeline.waited(328);
      }
      if (i < 400 || i >= 728) now += FRAME_MS;
      if (timeline.arrive(i * FRAME_MS, now) === DROP) dropped++;
      else timeline.advance();
    }
  }
  const aheadMs = timeline.dueMs - now;
  assert.ok(aheadMs < 10_500, `${aheadMs} ms ahead of real time`);
  assert.ok(dropped > 1000, `${dropped} frames dropped`);
});

Deno.test("frames without timestamps are placed one behind the other", () => {
  const arrivals = [...source(1000, (due) => due)].map(({ nowMs }) => ({
    timeMs: undefined,
    nowMs,
  }));
  assert.deepEqual([run(arrivals).filled, run(arrivals).placed], [0, 1000]);
});

Deno.test("frames known to be lost become silence, less what was put in while waiting", () => {
  const timeline = new Timeline({ maxDelayMs: 10_000, targetMs: 1000 });
  timeline.configure(RATE, 1024);
  for (let i = 0; i < 100; i++) {
    timeline.arrive(undefined, START + i * FRAME_MS);
    timeline.advance();
  }
  for (let i = 0; i < 30; i++) timeline.advance();
  timeline.waited(30);
  assert.equal(timeline.lose(50, START + 150 * FRAME_MS), 20);
  assert.equal(timeline.lose(1000, START + 150 * FRAME_MS), 0, "too long to fill");
  assert.equal(timeline.reanchors, 1);
});

Deno.test("time goes on over a change of the sample rate", () => {
  const timeline = new Timeline({ maxDelayMs: 10_000, targetMs: 1000 });
  timeline.configure(RATE, 1024);
  timeline.arrive(0, START);
  for (let i = 0; i < 100; i++) timeline.advance();
  const before = timeline.dueMs;
  timeline.configure(22_050, 1024);
  assert.equal(timeline.position, 0);
  assert.equal(timeline.dueMs, before);
});

Deno.test("whatever the timestamps, output is gapless and monotonic and every frame accounted for", () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.constant(FRAME_MS) },
    { weight: 3, arbitrary: fc.double({ min: -60, max: 120, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: -1e7, max: 1e7, noNaN: true }) },
  );
  const arrival = fc.record({
    step,
    late: fc.double({ min: 0, max: 3000, noNaN: true }),
    wait: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, {
      weight: 1,
      arbitrary: fc.integer({ min: 1, max: 700 }),
    }),
  });
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 400 }), (steps) => {
      const waits = new Map<number, number>();
      let time = 0;
      let now = START;
      const arrivals = steps.map(({ step, late, wait }, index) => {
        time += step;
        now += FRAME_MS + (late > 2500 ? late : 0);
        if (wait > 0) waits.set(index, wait);
        return { timeMs: time, nowMs: now };
      });
      const outcome = run(arrivals, waits);
      assert.equal(outcome.placed + outcome.dropped, steps.length);
      assert.equal(outcome.wentBack, false);
      assert.ok(outcome.filled * FRAME_MS <= 10_000 * steps.length);
    }),
    { numRuns: 300 },
  );
});

Deno.test("frames are overdue from when they were due, as far as they count, but for a few", () => {
  const timeline = new Timeline({ maxDelayMs: 10_000, targetMs: 1000 });
  timeline.configure(RATE, 1024);
  assert.equal(timeline.overdueFrames(START, 60_000), 0, "before the first");
  timeline.arrive(0, START);
  timeline.advance();
  const dueMs = START + FRAME_MS;
  assert.equal(timeline.overdueFrames(dueMs - 5, 60_000), 0);
  assert.equal(
    timeline.overdueFrames(dueMs + 250, 60_000),
    0,
    "nobody waited for a quarter second",
  );
  assert.equal(timeline.overdueFrames(dueMs + 300, 60_000), Math.round(300 / FRAME_MS));
  assert.equal(timeline.overdueFrames(dueMs + 25_000, 60_000), Math.round(25_000 / FRAME_MS));
  assert.equal(timeline.overdueFrames(dueMs + 86_400_000, 8000), Math.round(8000 / FRAME_MS));
  assert.equal(timeline.overdueFrames(dueMs + 1000, -5), 0);
});
