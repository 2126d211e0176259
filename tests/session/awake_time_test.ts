/** Time awake: a standstill of the process is not counted as silence of its peers. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AwakeTime } from "../../src/session/awake_time.ts";

const BEAT_MS = 250;

/** A process that looks at every beat, as a clock does, and stands still as it is told. */
class Process {
  readonly time = new AwakeTime();
  now = 0;
  #beatAt = BEAT_MS;

  look(): number {
    const awake = this.time.look(this.now, this.#beatAt);
    if (this.now >= this.#beatAt) this.#beatAt = this.now + BEAT_MS;
    return awake;
  }

  run(ms: number): number {
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(end, this.#beatAt);
      this.look();
    }
    return this.look();
  }

  standStill(ms: number): number {
    this.now += ms;
    return this.look();
  }
}

Deno.test("while a process looks in time, it is awake all the time", () => {
  const process = new Process();
  assert.equal(process.run(60_000), 60_000);
  assert.equal(process.time.msUntil(60_100, process.now), 100);
  assert.ok(process.time.msUntil(59_900, process.now) <= 0);
});

Deno.test("a standstill is not counted, nor the time in which what arrived is read", () => {
  const process = new Process();
  const before = process.run(10_100);
  const after = process.standStill(12_000);
  assert.ok(after - before <= 100, "what went before the last beat is not known");
  process.run(700);
  assert.equal(process.look(), after);
  assert.ok(process.time.msUntil(after + 100, process.now) >= 100);
  process.run(5000);
  assert.ok(process.look() > after + 4000 && process.look() < after + 5000);
});

Deno.test("a short delay is counted, but silence is judged once what arrived has been read", () => {
  const process = new Process();
  process.run(10_000);
  assert.equal(process.standStill(500), 10_500);
  assert.equal(process.time.judgedMs, 10_000);
  assert.equal(process.time.msUntilRead(process.now), 50);
  process.run(49);
  assert.equal(process.time.judgedMs, 10_000);
  process.run(1);
  assert.equal(process.time.judgedMs, 10_550);
});

Deno.test("what runs late itself tells of a delay that no beat has seen", () => {
  const process = new Process();
  process.run(10_000);
  process.now += 200;
  process.time.look(process.now, 10_100);
  assert.equal(process.time.judgedMs, 10_000);
  assert.equal(process.time.msUntilRead(process.now), 50);
});

for (const turnMs of [60, 300, 600, 1500, 5000]) {
  Deno.test(`a process all of whose turns take ${turnMs} ms gets on, if slowly`, () => {
    const process = new Process();
    for (let i = 0; i < 1000; i++) process.standStill(turnMs);
    process.look();
    const part = process.time.judgedMs / process.now;
    assert.ok(part >= Math.min(0.95, 0.1 * BEAT_MS / turnMs), `${part}`);
  });
}

Deno.test("awake time never goes back, nor on faster than time does", () => {
  const step = fc.record({ ms: fc.nat(20_000), still: fc.boolean() });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const process = new Process();
    let [before, judgedBefore] = [0, 0];
    for (const { ms, still } of steps) {
      const awake = still ? process.standStill(ms) : process.run(ms);
      const { judgedMs } = process.time;
      assert.ok(awake >= before && awake <= process.now);
      assert.ok(judgedMs >= judgedBefore && judgedMs <= awake);
      [before, judgedBefore] = [awake, judgedMs];
    }
  }));
});
