/** Publishing by SRT where somebody else is asked first. */
import assert from "node:assert/strict";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { FakeAuthority } from "../../testing/session/fake_authority.ts";
import { until } from "../../testing/until.ts";
import type { SrtCaller } from "../../testing/srt/srt_callers.ts";
import { SrtFixture } from "../../testing/srt/srt_fixture.ts";
import { message, messages, numbersOf, range } from "../../testing/srt/srt_messages.ts";
import { SrtRelay } from "../../testing/srt/srt_relay.ts";

const STRANGER = "127.0.0.2";
const ALLOWED = "#!::r=demo,m=publish,u=dj,s=sesame";

/** A server that asks somebody who may publish, who may be made to wait. */
class Fixture implements AsyncDisposable {
  readonly authority: FakeAuthority;
  readonly clock: FakeClock;
  readonly srt: SrtFixture;
  readonly #relays: SrtRelay[] = [];

  private constructor(srt: SrtFixture, authority: FakeAuthority, clock: FakeClock) {
    this.srt = srt;
    this.authority = authority;
    this.clock = clock;
  }

  static async start(): Promise<Fixture> {
    const authority = new FakeAuthority();
    const clock = new FakeClock();
    const srt = await SrtFixture.start({ auth: "hook", authority, clock });
    return new Fixture(srt, authority, clock);
  }

  call(streamId: string): Promise<SrtCaller> {
    return this.srt.callers.connect(this.srt.shared, { streamId });
  }

  async asked(count: number): Promise<void> {
    await until(`${count} questions are asked`, () => this.authority.asked.length >= count);
  }

  /** Comes to a session's port from another address. */
  async stranger(port: { hostname: string; port: number }, streamId: string): Promise<SrtCaller> {
    const relay = await SrtRelay.to(port, { from: STRANGER });
    this.#relays.push(relay);
    return this.srt.callers.connect(relay.address, { streamId });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.srt[Symbol.asyncDispose]();
    for (const relay of this.#relays) await relay[Symbol.asyncDispose]();
  }
}

Deno.test("on the shared listener a yes lets in, and what came before it is not lost", async () => {
  await using fixture = await Fixture.start();
  const answer = Promise.withResolvers<void>();
  fixture.authority.hold = answer.promise;
  const caller = await fixture.call(ALLOWED);
  await fixture.asked(1);
  assert.deepEqual(fixture.authority.asked, [{
    name: "demo",
    protocol: "srt",
    address: "127.0.0.1",
    credentials: { user: "dj", key: "sesame" },
  }]);
  caller.send(...messages(50));
  const [publisher] = fixture.srt.server.publishers;
  await until("the messages are there", () => (publisher?.statistics?.packetsReceived ?? 0) >= 50);
  assert.equal(fixture.srt.sessions.find("demo"), undefined);
  answer.resolve();
  caller.send(...messages(50, 50));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 100)), range(0, 100));
  assert.equal(fixture.srt.broadcast("demo").configs.length, 1);
});

Deno.test("on the shared listener a no closes, with one log line", async () => {
  await using fixture = await Fixture.start();
  await fixture.srt.callers.call(fixture.srt.shared, { streamId: "publish:demo:dj:wrong" })
    .closed();
  await fixture.srt.ended(/Cannot publish demo: not allowed/);
  assert.equal(fixture.srt.log.lines.length, 1);
  assert.deepEqual(fixture.srt.sessions.sessions, []);
});

Deno.test("who left before the answer takes nobody's place", async () => {
  await using fixture = await Fixture.start();
  const answer = Promise.withResolvers<void>();
  const dj = await fixture.call(ALLOWED);
  dj.send(message(0));
  await fixture.srt.frames("demo", 1);
  fixture.authority.hold = answer.promise;
  const other = await fixture.call(ALLOWED);
  await fixture.asked(2);
  other.close();
  await fixture.srt.ended(/the encoder is gone/);
  answer.resolve();
  dj.send(message(1));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
  assert.equal([...fixture.srt.server.publishers].length, 1);
});

Deno.test("who is let in takes over a name that is on air", async () => {
  await using fixture = await Fixture.start();
  const first = await fixture.call(ALLOWED);
  first.send(message(0));
  await fixture.srt.frames("demo", 1);
  const second = await fixture.call(ALLOWED);
  await first.closed();
  second.send(message(1));
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
});

Deno.test("the server's own key opens the shared listener without a question", async () => {
  await using fixture = await Fixture.start();
  const { key } = fixture.srt.reserve("demo");
  const caller = await fixture.call(`publish:demo::${key}`);
  caller.send(message(1));
  await fixture.srt.frames("demo", 1);
  assert.deepEqual(fixture.authority.asked, []);
});

Deno.test("on a session's port nobody is asked about who comes first or comes back", async () => {
  await using fixture = await Fixture.start();
  const { port } = fixture.srt.reserve("demo");
  for (const i of [0, 1]) {
    const dj = await fixture.srt.callers.connect(port, { streamId: "whatever:x:wrong" });
    dj.send(message(i));
    await fixture.srt.frames("demo", i + 1);
    dj.close();
    await fixture.srt.ended(/the encoder is gone/, i + 1);
  }
  assert.deepEqual(fixture.authority.asked, []);
});

Deno.test("on a session's port who comes from elsewhere takes over where the answer is yes", async () => {
  await using fixture = await Fixture.start();
  const { port, session } = fixture.srt.reserve("demo");
  const dj = await fixture.srt.callers.connect(port);
  dj.send(message(0));
  await fixture.srt.frames("demo", 1);

  for (const [streamId, count] of [["#!::s=wrong", 1], ["demo", 1]] as const) {
    const stranger = await fixture.stranger(port, streamId);
    stranger.send(message(666));
    await stranger.closed();
    assert.equal(fixture.authority.asked.length, count);
  }
  await fixture.srt.ended(/Cannot publish demo: not allowed/);
  await fixture.srt.ended(/somebody else is on air/);

  const abroad = await fixture.stranger(port, "#!::s=sesame");
  abroad.send(message(1));
  await dj.closed();
  assert.deepEqual(numbersOf(await fixture.srt.frames("demo", 2)), [0, 1]);
  assert.equal(session.transport?.address, STRANGER);
  assert.deepEqual(fixture.authority.asked.map(({ address }) => address), [STRANGER, STRANGER]);
});

Deno.test("a session that ends while somebody is asked about ends his connection", async () => {
  await using fixture = await Fixture.start();
  const { port, session } = fixture.srt.reserve("demo");
  const dj = await fixture.srt.callers.connect(port);
  dj.send(message(0));
  await fixture.srt.frames("demo", 1);
  const answer = Promise.withResolvers<void>();
  fixture.authority.hold = answer.promise;
  const abroad = await fixture.stranger(port, "#!::s=sesame");
  abroad.send(message(1));
  await fixture.asked(1);
  session.end("teardown", { code: 1, message: "the end" });
  await abroad.closed();
  answer.resolve();
  await fixture.clock.advance(0);
  assert.deepEqual(fixture.srt.sessions.sessions, []);
  assert.deepEqual(fixture.srt.log.matching(/bug/), []);
});

Deno.test("a server that closes while somebody is asked about lets nobody in any more", async () => {
  const fixture = await Fixture.start();
  const answer = Promise.withResolvers<void>();
  fixture.authority.hold = answer.promise;
  const caller = await fixture.call(ALLOWED);
  await fixture.asked(1);
  caller.send(message(1));
  fixture.srt.sessions.stop("shutdown", SERVER_REASON);
  await fixture.srt.server.close();
  answer.resolve();
  await fixture.clock.advance(0);
  assert.deepEqual(fixture.srt.sessions.sessions, []);
  assert.deepEqual(fixture.srt.log.matching(/bug/), []);
  await fixture[Symbol.asyncDispose]();
});
