/** Sockets that listen again when they have ended, and when one counts as lost. */
import assert from "node:assert/strict";
import { type KeptSocket, ListeningSockets } from "../../src/listening/listening_sockets.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";

const ADDRESS = "127.0.0.1:1935";
const SHORT = "Too many open files (os error 24)";

/** A socket that ends when it is told to, and all that is said of it. */
class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly sockets = new ListeningSockets(this.clock);
  readonly kept: KeptSocket;
  /** Why it cannot be opened. */
  refusal: string | undefined;
  /** Milliseconds since the last one at each attempt to open it again. */
  readonly waits: number[] = [];
  letGo = 0;
  #end: (why: Error) => void = () => {};
  #attemptAt = 0;

  constructor(readonly log: LogRecorder) {
    this.kept = this.sockets.keep({
      kind: "rtmp",
      what: "RTMP",
      address: ADDRESS,
      open: (onEnd) => this.#open(onEnd),
      letGo: () => this.letGo++,
    });
    this.waits.length = 0;
  }

  static async create(): Promise<Fixture> {
    return new Fixture(await LogRecorder.start());
  }

  end(why: string): void {
    this.#attemptAt = this.clock.monotonic();
    this.#end(new Error(why));
  }

  get restarts(): number | undefined {
    return this.sockets.restarts.get("rtmp");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kept.close();
    assert.equal(this.clock.timerCount, 0);
    await this.log[Symbol.asyncDispose]();
  }

  #open(onEnd: (why: Error) => void): void {
    const now = this.clock.monotonic();
    this.waits.push(now - this.#attemptAt);
    this.#attemptAt = now;
    if (this.refusal !== undefined) throw new Error(this.refusal);
    this.#end = onEnd;
  }
}

Deno.test("a socket that ends is opened again, and both are said once", async () => {
  await using fixture = await Fixture.create();
  const { sockets, clock, log } = fixture;
  assert.deepEqual([sockets.problems, fixture.restarts], [[], 0]);
  fixture.end("it broke");
  assert.deepEqual(sockets.problems, [`RTMP does not listen on ${ADDRESS}: it broke`]);
  await clock.advance(100);
  assert.equal(fixture.restarts, 1);
  assert.match(sockets.problems.join(), /again for less than 10 s/);
  await clock.advance(10_000);
  assert.deepEqual(sockets.problems, []);
  assert.deepEqual(log.lines, [
    `error RTMP no longer listens on ${ADDRESS}, and is opened again: it broke`,
    `info RTMP listens on ${ADDRESS} again, after 0 s`,
  ]);
});

Deno.test("a socket that cannot be opened is tried ever less often, every 5 s at last", async () => {
  await using fixture = await Fixture.create();
  fixture.refusal = "Address already in use";
  fixture.end("it broke");
  await fixture.clock.advance(22_000);
  assert.deepEqual(fixture.waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  assert.equal(fixture.restarts, 0);
  assert.equal(fixture.log.lines.length, 1);
});

Deno.test("a socket that ends again and again is said to be well when it has stayed for 10 s", async () => {
  await using fixture = await Fixture.create();
  const { clock, log } = fixture;
  for (let i = 0; i < 20; i++) {
    fixture.end(SHORT);
    await clock.advance(6000);
  }
  assert.equal(log.lines.length, 1);
  assert.equal(fixture.restarts, 20);
  assert.equal(fixture.letGo, 0);
  await clock.advance(10_000);
  assert.match(log.lines[1] ?? "", /again, after 119 s$/);
  assert.equal(fixture.letGo, 0);
  fixture.end("it broke");
  await clock.advance(100);
  assert.equal(fixture.waits.at(-1), 100);
});

Deno.test("a socket that cannot be opened for a minute counts as lost, until it can be opened", async () => {
  await using fixture = await Fixture.create();
  const { sockets, clock, log } = fixture;
  fixture.refusal = "Address already in use";
  fixture.end("it broke");
  await clock.advance(59_000);
  assert.equal(sockets.lost, false);
  await clock.advance(30_000);
  assert.equal(sockets.lost, true);
  assert.deepEqual(log.lines.slice(1), [
    `error Cannot open RTMP on ${ADDRESS} again for 60 s: Address already in use`,
  ]);
  fixture.refusal = SHORT;
  await clock.advance(5000);
  assert.equal(sockets.lost, false, "clients can bring that about");
  fixture.refusal = "Address already in use";
  await clock.advance(5000);
  assert.equal(sockets.lost, true);
  fixture.refusal = undefined;
  await clock.advance(5000);
  assert.equal(sockets.lost, false);
});

Deno.test("the server is not lost where a session's own socket is", async () => {
  const clock = new FakeClock();
  const sockets = new ListeningSockets(clock);
  let end = (_: Error) => {};
  let opened = 0;
  const kept = sockets.keep({
    ...{ kind: "srt-port", what: "SRT for demo", address: ADDRESS, noRestart: true },
    open: (onEnd) => {
      if (opened++ > 0) throw new Error("Address already in use");
      end = onEnd;
    },
  });
  end(new Error("it broke"));
  await clock.advance(120_000);
  assert.equal(sockets.lost, false);
  assert.equal(sockets.problems.length, 1);
  kept.close();
});

/** Words for a shortage: of the process, of the machine, and both as libsrt's errors have them. */
const SHORTAGES = [
  SHORT,
  "Too many open files in system (os error 23)",
  "Cannot bind 0.0.0.0:3001: Connection setup failure (too many open files)",
  "Cannot bind 0.0.0.0:3001: Connection setup failure (file table overflow)",
];

for (const shortage of SHORTAGES) {
  Deno.test(`where descriptors are short, it is never lost, and what the ended one holds is let go: ${shortage}`, async () => {
    await using fixture = await Fixture.create();
    fixture.refusal = shortage;
    fixture.end(shortage);
    await fixture.clock.advance(59_000);
    assert.equal(fixture.letGo, 0);
    await fixture.clock.advance(600_000);
    assert.equal(fixture.sockets.lost, false);
    assert.ok(fixture.letGo > 0);
    assert.equal(fixture.log.lines.length, 1);
  });
}

Deno.test("a socket that is closed is not opened again, and one that cannot be had is not kept", async () => {
  await using fixture = await Fixture.create();
  const { sockets, clock } = fixture;
  fixture.end("it broke");
  fixture.kept.close();
  await clock.advance(100_000);
  assert.deepEqual([fixture.waits, sockets.problems], [[], []]);
  const refused = { kind: "srt", what: "SRT", address: "127.0.0.1:9000", open: () => refuse() };
  assert.throws(() => sockets.keep(refused), /in use/);
  assert.deepEqual(sockets.problems, []);
});

function refuse(): never {
  throw new Error("Address already in use");
}
