/** Broadcasts during which the clock of the box is set. */
import assert from "node:assert/strict";
import type { InputQuality } from "../../src/session/events.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";

/** By how much the box's clock is set, in milliseconds. */
const STEPS = {
  "5 s back": -5000,
  "5 s ahead": 5000,
  "a minute back": -60_000,
  "a minute ahead": 60_000,
  "an hour back": -3_600_000,
  "an hour ahead": 3_600_000,
};

/** When it is set, in milliseconds since the broadcast began. */
const MOMENTS = {
  "before it can be heard": 3000,
  "while the DJ pauses": 61_000,
  "while audio is late": 124_500,
  "between two connections": 189_000,
  "while the DJ is away for 8 s": 254_000,
  "soon after a return": 262_000,
  "while nobody is on air": 403_000,
  "in the show after": 450_000,
};

/** What came of a broadcast. */
interface Outcome {
  /** Numbers of the frames that were heard, in order; -1 for a silent one. */
  readonly frames: readonly number[];
  readonly qualities: readonly InputQuality[];
  readonly log: readonly string[];
  /** How late versions of the playlist came, in target durations. */
  readonly cadences: readonly number[];
  /** Media sequence numbers, by segments' names. */
  readonly sequence: readonly number[];
  /** PROGRAM-DATE-TIME of what was heard. */
  readonly walls: readonly number[];
  /** How far PROGRAM-DATE-TIME at the end is ahead of the clock. */
  readonly aheadMs: number;
}

/** A DJ whose frames are numbered over all connections. */
class Dj {
  readonly qualities: InputQuality[] = [];
  #number = 0;
  #timeMs = 0;
  #ingest: Ingest;

  constructor(readonly broadcast: Broadcast) {
    this.#ingest = broadcast.connect();
  }

  async play(seconds: number): Promise<void> {
    const frames = framesIn(seconds);
    for (let i = 0; i < frames; i++) {
      this.#send();
      if (i % 4 === 3) await this.broadcast.pass(FRAME_MS);
      else this.broadcast.clock.advanceSync(FRAME_MS);
    }
  }

  /** Nothing is sent; timestamps go on. */
  async pause(seconds: number): Promise<void> {
    await this.broadcast.pass(framesIn(seconds) * FRAME_MS);
    this.#timeMs += framesIn(seconds) * FRAME_MS;
  }

  /** Nothing is sent; timestamps stand still. */
  async standStill(seconds: number): Promise<void> {
    await this.broadcast.pass(framesIn(seconds) * FRAME_MS);
  }

  /** Nothing arrives, and then all at once. */
  async stall(seconds: number): Promise<void> {
    await this.broadcast.pass(framesIn(seconds) * FRAME_MS);
    for (let i = 0; i < framesIn(seconds); i++) this.#send();
  }

  async lose(frames: number): Promise<void> {
    await this.broadcast.pass(frames * FRAME_MS);
    this.#timeMs += frames * FRAME_MS;
    this.#ingest.lost(frames);
  }

  async reconnect(seconds: number): Promise<void> {
    this.#ingest.end("lost");
    await this.broadcast.pass(framesIn(seconds) * FRAME_MS);
    this.note();
    this.#ingest = this.broadcast.connect();
    this.#timeMs = 0;
  }

  /** Takes note of how input was so far. */
  note(): void {
    const quality = this.broadcast.manager.find("demo")?.quality;
    if (quality !== undefined) this.qualities.push(quality);
  }

  #send(): void {
    this.broadcast.send(this.#ingest, this.#number++, this.#timeMs);
    this.#timeMs += FRAME_MS;
  }
}

function framesIn(seconds: number): number {
  return Math.round(seconds * 1000 / FRAME_MS);
}

/** Ten minutes in which what can happen does; `steps` sets the clock, by when. */
async function tenMinutes(steps: Readonly<Record<number, number>>): Promise<Outcome> {
  await using log = await LogRecorder.start();
  const broadcast = await Broadcast.start();
  const { clock } = broadcast;
  for (const [at, step] of Object.entries(steps)) {
    clock.after(Number(at), () => clock.setWall(clock.now() + step));
  }
  const dj = new Dj(broadcast);
  await dj.play(60);
  await dj.pause(3);
  await dj.play(60);
  await dj.stall(3);
  await dj.play(62);
  await dj.reconnect(1.5);
  await dj.play(30);
  await dj.pause(3);
  await dj.play(30);
  await dj.reconnect(8);
  await dj.play(50);
  await dj.lose(20);
  await dj.play(25);
  await dj.stall(7);
  await dj.play(40);
  await dj.reconnect(45);
  await dj.play(60);
  await dj.pause(3);
  await dj.play(30);
  await dj.standStill(4);
  await dj.play(75);
  dj.note();
  const aheadMs = (broadcast.heard.at(-1)?.wallMs ?? NaN) - clock.now();
  await broadcast.stop();
  return {
    frames: broadcast.heardFrames,
    qualities: dj.qualities,
    log: log.lines,
    cadences: broadcast.cadences,
    sequence: broadcast.heard.map(({ uri }) => parseInt(uri)),
    walls: broadcast.heard.map(({ wallMs }) => wallMs ?? NaN),
    aheadMs,
  };
}

let reference: Promise<Outcome> | undefined;

/** What comes of it where nobody sets the clock. */
function undisturbed(): Promise<Outcome> {
  return reference ??= tenMinutes({});
}

/** All is heard as it is without a step of the clock, and wall time does not go back. */
async function assertUndisturbed(steps: Readonly<Record<number, number>>): Promise<Outcome> {
  const { frames, qualities, log, cadences, sequence } = await undisturbed();
  const outcome = await tenMinutes(steps);
  assert.deepEqual(outcome.qualities, qualities);
  assert.deepEqual(outcome.frames, frames);
  assert.deepEqual(outcome.log, log);
  assert.deepEqual(outcome.cadences, cadences);
  assert.deepEqual(outcome.sequence, sequence);
  const { walls } = outcome;
  const back = walls.findIndex((wall, i) => i > 0 && !(wall > (walls[i - 1] ?? NaN)));
  assert.equal(back, -1, `wall time goes back at the segment ${back}`);
  return outcome;
}

Deno.test("a broadcast of ten minutes is heard whole", async () => {
  const { frames, qualities, log, sequence, aheadMs } = await undisturbed();
  const heard = frames.filter((number) => number >= 0);
  assert.ok(heard.length > framesIn(520), `${heard.length} frames`);
  assert.ok(heard.every((number, i) => number === i));
  assert.ok(qualities.every(({ drop_count, bad_count }) => drop_count + bad_count === 0));
  const [first = NaN] = sequence;
  assert.deepEqual(sequence, sequence.map((_, i) => first + i));
  assert.deepEqual(log.filter((line) => /^(warn|error)/.test(line)), []);
  assert.ok(Math.abs(aheadMs) < 3000, `${aheadMs} ms`);
});

for (const [by, step] of Object.entries(STEPS)) {
  for (const [when, at] of Object.entries(MOMENTS)) {
    Deno.test(`a clock that is set ${by} ${when} changes nothing that is heard`, async () => {
      const outcome = await assertUndisturbed({ [at]: step });
      const { aheadMs } = await undisturbed();
      if (step > 0) assert.ok(Math.abs(outcome.aheadMs - aheadMs) < 10, `${outcome.aheadMs} ms`);
      else assert.ok(outcome.aheadMs < aheadMs - step, "it follows a clock that is set back");
    });
  }
}

Deno.test("a clock that is set to and fro all the time changes nothing that is heard", async () => {
  const steps = Object.values(STEPS);
  const every = Array.from({ length: 50 }, (_, i) => [i * 11_000, steps[i % steps.length] ?? 0]);
  await assertUndisturbed(Object.fromEntries(every));
});
