/** Who takes whose place on a session's own port. */
import assert from "node:assert/strict";
import type { Session } from "../../src/session/session.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { until } from "../../testing/until.ts";
import type { SrtCaller } from "../../testing/srt/srt_callers.ts";
import { SrtFixture } from "../../testing/srt/srt_fixture.ts";
import { message, messages, numbersOf, range } from "../../testing/srt/srt_messages.ts";
import { SrtRelay } from "../../testing/srt/srt_relay.ts";

const DJ = "127.0.0.1";
const STRANGER = "127.0.0.2";

/** A session with a port of its own, on a clock that stands still. */
class Fixture implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly srt: SrtFixture;
  readonly reserved: ReturnType<SrtFixture["reserve"]>;
  readonly #relays: SrtRelay[] = [];

  private constructor(srt: SrtFixture, clock: FakeClock) {
    this.srt = srt;
    this.clock = clock;
    this.reserved = srt.reserve("demo");
  }

  static async start(): Promise<Fixture> {
    const clock = new FakeClock();
    return new Fixture(await SrtFixture.start({ clock }), clock);
  }

  /** The address of the connection that may send. */
  get live(): string | undefined {
    return this.reserved.session.transport?.address;
  }

  /** Comes to the port from the DJ's address, which asked for it. */
  dj(streamId?: string): Promise<SrtCaller> {
    const options = streamId === undefined ? {} : { streamId };
    return this.srt.callers.connect(this.reserved.port, options);
  }

  /** Comes to the port from another address. */
  async stranger(streamId?: string): Promise<SrtCaller> {
    const relay = await SrtRelay.to(this.reserved.port, { from: STRANGER });
    this.#relays.push(relay);
    return this.srt.callers.connect(relay.address, streamId === undefined ? {} : { streamId });
  }

  /** The DJ on air, one frame sent. */
  async onAir(): Promise<SrtCaller> {
    const dj = await this.dj();
    dj.send(message(0));
    await this.srt.frames("demo", 1);
    return dj;
  }

  /** Resolves once there are `count` connections. */
  async connections(count: number): Promise<void> {
    await until(`there are ${count} connections`, () => {
      return [...this.srt.server.publishers].length === count;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.srt[Symbol.asyncDispose]();
    for (const relay of this.#relays) await relay[Symbol.asyncDispose]();
  }
}

Deno.test("whoever comes first to a session's port is on air with his first frame", async () => {
  await using fixture = await Fixture.start();
  const stranger = await fixture.stranger();
  await fixture.connections(1);
  assert.equal(fixture.live, undefined);
  stranger.send(message(5));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 1)), [5]);
  assert.equal(fixture.live, STRANGER);
});

Deno.test("a server that stood still takes nobody for silent, nor lets anybody take his place", async () => {
  await using fixture = await Fixture.start();
  const dj = await fixture.onAir();
  const unheard = await fixture.dj();
  await fixture.connections(2);
  const stranger = await fixture.stranger();
  await fixture.connections(3);
  fixture.clock.standStill(12_000);
  stranger.send(message(666));
  dj.send(message(1));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
  fixture.clock.advanceSync(1000);
  await stranger.closed();
  assert.equal(fixture.live, DJ);
  fixture.clock.advanceSync(8000);
  await fixture.connections(2);
  fixture.clock.advanceSync(3000);
  await unheard.closed();
  await dj.closed();
  await fixture.srt.ended(/(silent for|no audio within) 10 s/, 2);
});

Deno.test("after a standstill, what the same client sent is read before he takes over", async () => {
  await using fixture = await Fixture.start();
  const before = await fixture.onAir();
  const again = await fixture.dj(`#!::s=${fixture.reserved.key}`);
  await fixture.connections(2);
  fixture.clock.standStill(12_000);
  again.send(message(200));
  before.send(...messages(99, 1));
  await fixture.srt.frames("demo", 100);
  fixture.clock.advanceSync(1000);
  await before.closed();
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 101)), [...range(0, 100), 200]);
});

Deno.test("the same client takes over by the key with his first frame, not before", async () => {
  await using fixture = await Fixture.start();
  const before = await fixture.onAir();
  const again = await fixture.dj(`#!::s=${fixture.reserved.key}`);
  again.send(new Uint8Array(500).fill(9));
  await fixture.connections(2);
  before.send(message(1));
  await fixture.srt.frames("demo", 2);
  again.send(message(2));
  await before.closed();
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 3)), [0, 1, 2]);
  await fixture.srt.ended(/^info demo#\d+ .* ended: another connection took over/);
  assert.equal(fixture.reserved.session.state, "publishing", "without a pause");
  assert.equal(fixture.reserved.session.quality.bad_count, 1);
});

Deno.test("a stranger on a live session's port is closed and logged, and nobody hears of it", async () => {
  await using fixture = await Fixture.start();
  const dj = await fixture.onAir();
  for (const streamId of [undefined, "#!::s=wrong", "publish:demo::wrong"]) {
    const stranger = await fixture.stranger(streamId);
    stranger.send(message(666));
    await stranger.closed();
  }
  dj.send(message(1));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
  const refusal = /^warning demo#\d+ .* from 127\.0\.0\.2:\d+ ended: .* somebody else is on air/;
  await fixture.srt.ended(refusal, 3);
  assert.equal(fixture.live, DJ);
});

for (const form of ["#!::s=KEY", "#!::r=demo,m=publish,s=KEY", "publish:demo:dj:KEY"]) {
  Deno.test(`from elsewhere, the session's key takes over: ${form}`, async () => {
    await using fixture = await Fixture.start();
    const before = await fixture.onAir();
    const { key } = fixture.reserved;
    const abroad = await fixture.stranger(form.replace("KEY", key));
    abroad.send(message(1));
    await before.closed();
    assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
    assert.equal(fixture.live, STRANGER);
    assert.doesNotMatch(fixture.srt.log.lines.join(), new RegExp(key));
  });
}

Deno.test("who has sent nothing for 2 s is replaced by anybody", async () => {
  await using fixture = await Fixture.start();
  const before = await fixture.onAir();
  await fixture.clock.advance(1999);
  const early = await fixture.stranger();
  early.send(message(1));
  await early.closed();
  assert.equal(fixture.live, DJ);
  await fixture.clock.advance(1);
  const late = await fixture.stranger();
  late.send(message(2));
  await before.closed();
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 2]);
  assert.equal(fixture.live, STRANGER);
});

Deno.test("who is gone is replaced by anybody, and his session goes on", async () => {
  await using fixture = await Fixture.start();
  (await fixture.onAir()).close();
  await until("it is paused", () => fixture.reserved.session.state === "paused");
  const other = await fixture.stranger();
  other.send(message(1));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
  assert.ok(fixture.srt.kinds("demo").includes("resume"));
});

Deno.test("without a key, who shares the address of a DJ who sends does not throw him out", async () => {
  await using fixture = await Fixture.start();
  const dj = await fixture.onAir();
  const neighbour = await fixture.dj();
  neighbour.send(message(666));
  await fixture.connections(2);
  for (let i = 1; i <= 30; i++) {
    dj.send(message(i));
    await fixture.srt.frames("demo", i + 1);
    await fixture.clock.advance(100);
  }
  await neighbour.closed();
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 31)), range(0, 31));
  await fixture.srt.ended(/somebody else is on air/);
});

Deno.test("without a key, a client whose old connection is silent comes back, and nothing is lost", async () => {
  await using fixture = await Fixture.start();
  const before = await fixture.onAir();
  await fixture.clock.advance(500);
  const again = await fixture.dj();
  again.send(message(1), message(2));
  await fixture.connections(2);
  await advanceUntil(fixture, () => before.end !== undefined);
  again.send(message(3));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 4)), [0, 1, 2, 3]);
});

Deno.test("a stranger who came first gives way at once to the address that asked for the port", async () => {
  await using fixture = await Fixture.start();
  const stranger = await fixture.stranger();
  stranger.send(message(0));
  await fixture.srt.frames("demo", 1);
  const dj = await fixture.dj();
  dj.send(message(1));
  await stranger.closed();
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
  assert.equal(fixture.live, DJ);
  const again = await fixture.stranger();
  again.send(message(666));
  await again.closed();
  assert.equal(fixture.live, DJ);
});

Deno.test("the address that asked for the port does not throw out who has shown the key", async () => {
  await using fixture = await Fixture.start();
  const abroad = await fixture.stranger(`#!::s=${fixture.reserved.key}`);
  abroad.send(message(0));
  await fixture.srt.frames("demo", 1);
  const neighbour = await fixture.dj();
  neighbour.send(message(666));
  await neighbour.closed();
  abroad.send(message(1));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
  assert.equal(fixture.live, STRANGER);
});

Deno.test("a stranger who came after the DJ broke off gives way to him at once", async () => {
  await using fixture = await Fixture.start();
  (await fixture.onAir()).close();
  await until("it is paused", () => fixture.reserved.session.state === "paused");
  const stranger = await fixture.stranger();
  stranger.send(message(1));
  await fixture.srt.frames("demo", 2);
  const dj = await fixture.dj();
  dj.send(message(2));
  await stranger.closed();
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 3)), [0, 1, 2]);
});

/** Has time pass until something comes true. */
async function advanceUntil({ clock }: Fixture, condition: () => boolean): Promise<void> {
  await until("time has brought it about", () => {
    clock.advanceSync(100);
    return condition();
  });
}

Deno.test("by the shared listener the key takes over a session that has a port, and nothing else", async () => {
  await using fixture = await Fixture.start();
  const { srt, reserved } = fixture;
  const before = await fixture.onAir();
  assert.equal(await srt.callers.refusal(srt.shared, { streamId: "demo" }), 1409);
  await srt.refused(/somebody else is on air/);
  const streamId = `#!::r=demo,m=publish,s=${reserved.key}`;
  const shared = await srt.callers.connect(srt.shared, { streamId });
  await before.closed();
  shared.send(message(1));
  await srt.frames("demo", 2);
  const back = await fixture.dj(`#!::s=${reserved.key}`);
  back.send(message(2));
  await shared.closed();
  assert.deepEqual(numbersOf(await srt.frames("demo", 3)), [0, 1, 2]);
  assert.equal(srt.sessions.find("demo"), reserved.session);
});

Deno.test("four may wait on a port, and the one that has waited longest gives way to another", async () => {
  await using fixture = await Fixture.start();
  const dj = await fixture.onAir();
  const waiting: SrtCaller[] = [];
  for (let i = 0; i < 4; i++) {
    waiting.push(await fixture.dj());
    await fixture.connections(2 + i);
  }
  await fixture.dj();
  await waiting[0]?.closed();
  await fixture.connections(5);
  waiting[1]?.close();
  await fixture.connections(4);
  await fixture.dj();
  await fixture.connections(5);
  dj.send(message(1));
  await fixture.srt.frames("demo", 2);
  await fixture.clock.advance(10_000);
  await fixture.srt.log.until(/^warning 1 SRT connections closed: more than 4 waited on the port/);
});

for (const who of ["the key", "the address that asked for the port"]) {
  Deno.test(`silent strangers on a port do not keep out who comes with ${who}`, async () => {
    await using fixture = await Fixture.start();
    const streamId = `#!::s=${fixture.reserved.key}`;
    const dj = who === "the key" ? await fixture.stranger(streamId) : await fixture.dj();
    await fixture.connections(1);
    for (let i = 0; i < 5; i++) {
      await fixture.stranger();
      await fixture.connections(Math.min(2 + i, 5));
    }
    const again = who === "the key" ? await fixture.stranger(streamId) : await fixture.dj();
    await fixture.connections(6);
    again.send(message(0));
    await fixture.srt.frames("demo", 1);
    dj.close();
    again.send(message(1));
    assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
  });
}

Deno.test("a hundred connections to one port do not touch the broadcast on it", async () => {
  await using fixture = await Fixture.start();
  const dj = await fixture.onAir();
  const { callers, server } = fixture.srt;
  const flood = range(0, 100).map(() => callers.call(fixture.reserved.port));
  for (let i = 1; i < 200; i++) {
    dj.send(message(i));
    assert.ok([...server.publishers].length <= 5);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await until("all but those that wait are gone", () => {
    return flood.filter(({ end }) => end !== undefined).length >= 96;
  });
  dj.send(...messages(10, 200));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 210)), range(0, 210));
  assert.equal(fixture.live, DJ);
});

Deno.test("of two clients that reserved a name, the first that is heard closes the other's port", async () => {
  await using srt = await SrtFixture.start({ clock: new FakeClock() });
  const [mine, theirs] = [DJ, STRANGER].map((address) => {
    const prepare = (session: Session) => srt.server.open(session);
    const { session } = srt.sessions.reserve({
      ...{ name: "demo", protocol: "srt", address, props: {}, prepare },
    });
    return { session, port: { hostname: DJ, port: srt.server.portOf(session) ?? 0 } };
  });
  assert.ok(mine !== undefined && theirs !== undefined);
  const silent = await srt.callers.connect(theirs.port);
  const dj = await srt.callers.connect(mine.port);
  dj.send(message(0));
  await silent.closed();
  assert.equal(srt.server.portOf(theirs.session), undefined);
  dj.send(message(1));
  assert.deepEqual(numbersOf(await srt.frames("demo", 2)), [0, 1]);
  assert.deepEqual(srt.sessions.sessions, [mine.session]);
});
