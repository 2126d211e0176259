/** The clock of the whole process: timers on time, also behind a blocked event loop. */
import assert from "node:assert/strict";
import { systemClock, WatchfulClock } from "../../src/session/clock.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { until } from "../../testing/until.ts";

const DAY_MS = 86_400_000;

Deno.test("timers fire when they are due, in order", async () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  const note = (what: string) => () => fired.push(`${what} ${clock.monotonic()}`);
  clock.after(300, note("after"));
  clock.at(200, note("at"));
  const every = clock.every(125, note("every"));
  clock.after(250, note("never")).cancel();
  await clock.advance(300);
  every.cancel();
  every.cancel();
  await clock.advance(1000);
  assert.deepEqual(fired, ["every 125", "at 200", "every 250", "after 300"]);
  assert.equal(clock.timerCount, 0);
});

Deno.test("after a standstill, what waits for time awake waits on, and the rest fires once", async () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  const note = (what: string) => () => fired.push(`${what} ${clock.monotonic()}`);
  await clock.advance(1000);
  clock.after(500, note("after"));
  clock.at(1500, note("at"));
  const every = clock.every(5000, note("every"));
  // How much of it goes before the first beat that is missed is not known.
  clock.standStill(12_000);
  assert.deepEqual(fired, ["at 13000", "every 13000"]);
  await clock.advance(1000);
  assert.equal(fired.length, 2);
  await clock.advance(500);
  assert.deepEqual(fired.slice(2), ["after 14250"]);
  every.cancel();
  assert.equal(clock.timerCount, 0);
});

Deno.test("a timer may be longer than those of JavaScript", async () => {
  let fired = 0;
  const timers = [systemClock.after(40 * DAY_MS, () => fired++)];
  timers.push(systemClock.at(systemClock.monotonic() + 40 * DAY_MS, () => fired++));
  let due = false;
  timers.push(systemClock.after(5, () => due = true));
  await until("a shorter one fires", () => due);
  assert.equal(fired, 0);
  for (const timer of timers) timer.cancel();
});

Deno.test("what arrived while the event loop was blocked is read before a timer judges", async () => {
  const hostname = "127.0.0.1";
  using listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr;
  const [near, far] = await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
  const happened: string[] = [];
  const judged = new Promise<void>((resolve) => {
    systemClock.after(100, () => {
      happened.push("judged");
      resolve();
    });
  });
  const read = far.read(new Uint8Array(8)).then(() => happened.push("read"));
  await near.write(Uint8Array.of(1));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  await Promise.all([judged, read]);
  assert.deepEqual(happened, ["read", "judged"]);
  near.close();
  far.close();
});

/** An event loop whose turns all take as long; what is due runs at the end of a turn. */
class SlowLoop {
  now = 0;
  readonly #due: { at: number; callback: () => void; cancelled: boolean }[] = [];
  readonly clock = new WatchfulClock({
    now: () => this.now,
    monotonic: () => this.now,
    after: (ms, callback) => {
      const timer = { at: this.now + ms, callback, cancelled: false };
      this.#due.push(timer);
      return { cancel: () => timer.cancelled = true };
    },
  });

  turn(ms: number): void {
    this.now += ms;
    for (const timer of this.#due.filter(({ at }) => at <= this.now)) {
      if (timer.cancelled) continue;
      timer.cancelled = true;
      timer.callback();
    }
  }
}

for (const turnMs of [40, 60, 110, 300, 900, 1500, 5000]) {
  Deno.test(`timers fire where every turn of the event loop takes ${turnMs} ms`, () => {
    const loop = new SlowLoop();
    let fired = 0;
    loop.clock.after(500, () => fired++);
    for (let turns = 0; turns < 100 && fired === 0; turns++) loop.turn(turnMs);
    assert.equal(fired, 1);
    if (turnMs < 1000) assert.ok(loop.now <= 500 + 3 * turnMs, `after ${loop.now} ms`);
  });
}
