/** An RTMP session whose publish waits for somebody else's answer. */
import assert from "node:assert/strict";
import { MessageType } from "../../src/rtmp/message_type.ts";
import { RtmpServer } from "../../src/rtmp/server.ts";
import { PublishRefused } from "../../src/session/ingest.ts";
import { until } from "../../testing/until.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { RecordingDoorkeeper } from "../../testing/session/recording_doorkeeper.ts";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";
import { ASC, SessionHarness } from "../../testing/rtmp/session_harness.ts";
import { WatchedClock } from "../../testing/rtmp/watched_clock.ts";

const frame = Uint8Array.of(1, 2, 3);

Deno.test("a publish that is asked about is answered once the answer is there", async () => {
  const harness = SessionHarness.asking();
  assert.equal(harness.session.state, "asking");
  assert.deepEqual(harness.statuses, []);
  await harness.answer();
  assert.equal(harness.session.state, "publishing");
  assert.deepEqual(harness.statuses, ["NetStream.Publish.Start"]);
  assert.deepEqual([harness.ingest.request.name, harness.ingest.request.key], ["demo", "sesame"]);
  await harness.answer();
  assert.equal(harness.doorkeeper.ingests.length, 1, "there is one answer");
});

Deno.test("what an encoder sends before the answer comes out behind it, in order", async () => {
  const harness = SessionHarness.asking();
  const { encoder } = harness;
  harness.feed(encoder.command(["@setDataFrame", "onMetaData", { encoder: "rude" }], 1));
  harness.feed(encoder.config(ASC), encoder.frame(frame, 5), encoder.frame(frame, 26));
  assert.equal(harness.doorkeeper.ingests.length, 0);
  await harness.answer();
  harness.feed(encoder.frame(frame, 47));
  assert.deepEqual(harness.ingest.frames.map(({ timeMs }) => timeMs), [5, 26, 47]);
  assert.deepEqual(harness.ingest.frames.map(({ data }) => data), [frame, frame, frame]);
  assert.equal(harness.ingest.badCount, 0);
});

Deno.test("a refusal that comes later is told like any other", async () => {
  const harness = SessionHarness.asking();
  harness.doorkeeper.refusal = "not-allowed";
  await assert.rejects(harness.answer(), { name: "RtmpError", message: /Not today/ });
  assert.deepEqual(harness.statuses, ["NetStream.Publish.Denied"]);
  assert.match(harness.descriptions.join(), /^Not today\.; got rtmp:\/\/HOST\/demo\/…; publish to/);
});

Deno.test("pings and acknowledgements go on while a publish is asked about", () => {
  const harness = SessionHarness.asking();
  const before = harness.answers.length;
  harness.feed(harness.encoder.command(["releaseStream", 9, null, "x"]));
  assert.equal(harness.answers.length, before + 1);
});

for (const name of ["FCUnpublish", "closeStream", "deleteStream"]) {
  Deno.test(`${name} before the answer ends the connection, and nobody is let in`, async () => {
    const harness = SessionHarness.asking();
    const command = harness.encoder.command([name, 6, null, 1], 1);
    assert.throws(() => harness.feed(command), { name: "RtmpError", message: /left before/ });
    harness.session.close();
    await harness.answer();
    assert.equal(harness.doorkeeper.ingests.length, 0);
  });
}

Deno.test("a second publish before the answer to the first is refused", () => {
  const harness = SessionHarness.asking();
  const { encoder } = harness;
  assert.throws(() => harness.feed(encoder.publish("other")), { message: /publishes already/ });
});

Deno.test("what is held for an answer is bounded, by bytes and by number", async () => {
  for (const size of [1, 1000, 8000]) {
    const harness = SessionHarness.asking();
    harness.feed(harness.encoder.config(ASC));
    const message = harness.encoder.frame(new Uint8Array(size), 0);
    for (let i = 0; i < 10_000; i++) harness.feed(message);
    await harness.answer();
    const { frames, droppedCount } = harness.ingest;
    assert.ok(frames.length * (size + 64) < 300_000, `${frames.length} of ${size} bytes`);
    assert.equal(frames.length + droppedCount, 10_000);
  }
});

Deno.test("messages of no use that come before the answer are not held, and nothing ends", async () => {
  for (const size of [0, 60_000]) {
    const harness = SessionHarness.asking();
    const message = harness.encoder.frame(new Uint8Array(size), 0);
    for (let i = 0; i < 10_000; i++) harness.feed(message);
    await harness.answer();
    assert.deepEqual(harness.ingest.frames, []);
    assert.equal(harness.ingest.badCount, size === 0 ? 0 : 10_000);
  }
});

Deno.test("of metadata that comes before the answer the last counts, however much there is", async () => {
  const harness = SessionHarness.asking();
  const { encoder } = harness;
  for (let i = 0; i < 100; i++) {
    harness.feed(encoder.metadata({ title: `${i}`, picture: "A".repeat(60_000) }));
  }
  harness.feed(encoder.config(ASC), encoder.frame(frame, 5));
  await harness.answer();
  assert.deepEqual(harness.ingest.recordedFacts.map(({ title }) => title), ["99"]);
  assert.equal(harness.ingest.tags.at(-1)?.title, "99");
  assert.deepEqual(harness.ingest.frames.map(({ timeMs }) => timeMs), [5]);
  assert.deepEqual(harness.unused, []);
});

Deno.test("another codec that comes before the answer is refused behind it", async () => {
  const harness = SessionHarness.asking();
  const { encoder } = harness;
  const speex = Uint8Array.of(0xb2, 1, 2, 3);
  harness.feed(encoder.message(4, MessageType.Audio, speex, { timestamp: 0, streamId: 1 }));
  assert.deepEqual(harness.statuses, []);
  await harness.answer();
  assert.equal(harness.session.state, "over");
  assert.deepEqual(harness.descriptions.at(-1), "unsupported audio: Speex");
  assert.deepEqual(harness.statuses, ["NetStream.Publish.Start", "NetStream.Publish.Rejected"]);
});

/** A server whose doorkeeper asks somebody else. */
class Fixture implements AsyncDisposable {
  readonly clock = new WatchedClock();
  readonly doorkeeper = new RecordingDoorkeeper();
  readonly question = Promise.withResolvers<void>();
  readonly log: LogRecorder;
  readonly server: RtmpServer;

  private constructor(log: LogRecorder) {
    this.log = log;
    this.doorkeeper.question = this.question;
    this.server = new RtmpServer({
      addr: { hostname: "127.0.0.1", port: 0 },
      connectionTimeoutMs: 10_000,
      maxConnections: 10,
      clock: this.clock,
      doorkeeper: this.doorkeeper,
    });
    this.server.start();
  }

  static async start(): Promise<Fixture> {
    return new Fixture(await LogRecorder.start());
  }

  connect(): Promise<RtmpPublisher> {
    const { hostname, port } = this.server.addr;
    return RtmpPublisher.connect({ hostname, port, app: "demo" });
  }

  /** One that has asked to publish, with the question open. */
  async asking(): Promise<{ publisher: RtmpPublisher; published: Promise<void> }> {
    const publisher = await this.connect();
    const published = publisher.publish("sesame");
    published.catch(() => "is looked at later");
    await until("the question is asked", () => this.doorkeeper.asked.length > 0);
    return { publisher, published };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.log[Symbol.asyncDispose]();
  }
}

Deno.test("a yes lets the encoder in, as one that is approved", async () => {
  await using fixture = await Fixture.start();
  const { publisher, published } = await fixture.asking();
  assert.equal(fixture.doorkeeper.ingests.length, 0);
  fixture.question.resolve();
  await published;
  await publisher.sendConfig(ASC);
  await publisher.sendFrame(frame, 0);
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length === 1);
  const { name, key, approved } = ingest.request;
  assert.deepEqual([name, key, approved], ["demo", "sesame", { name: "demo" }]);
  await publisher.vanish();
});

Deno.test("a no reaches the encoder, in words", async () => {
  await using fixture = await Fixture.start();
  const { publisher, published } = await fixture.asking();
  fixture.question.reject(new PublishRefused("not-allowed", "It is not allowed to you."));
  await assert.rejects(published, {
    code: "NetStream.Publish.Denied",
    message: /^It is not allowed to you\.; got rtmp:\/\/HOST\/demo\/…; publish to/,
  });
  await publisher.ended();
  await fixture.log.until(/^warning .*Publish refused: It is not allowed to you\./);
  assert.equal(fixture.doorkeeper.ingests.length, 0);
});

Deno.test("who left before the answer takes nobody's place", async () => {
  await using fixture = await Fixture.start();
  const { publisher } = await fixture.asking();
  await publisher.vanish();
  await fixture.log.until(/ended/);
  fixture.question.resolve();
  await fixture.clock.advance(0);
  assert.equal(fixture.doorkeeper.ingests.length, 0);
});

Deno.test("an encoder that is kept waiting is not silent", async () => {
  await using fixture = await Fixture.start();
  const { publisher, published } = await fixture.asking();
  for (let i = 0; i < 30; i++) fixture.clock.advanceSync(1000);
  fixture.question.resolve();
  await published;
  await publisher.vanish();
});

Deno.test("an encoder that does not wait loses nothing, and is read from no further than a bound", async () => {
  await using fixture = await Fixture.start();
  const { publisher, published } = await fixture.asking();
  await publisher.sendConfig(ASC);
  const sent = (async () => {
    for (let i = 0; i < 400; i++) await publisher.sendFrame(new Uint8Array(1000), i);
  })();
  await until("the server waits", () => fixture.clock.timerCount > 1);
  fixture.question.resolve();
  await published;
  await fixture.clock.advance(100);
  await sent;
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length === 400);
  assert.deepEqual(
    ingest.frames.map(({ timeMs }) => timeMs),
    Array.from({ length: 400 }, (_, i) => i),
  );
  await publisher.vanish();
});

Deno.test("a server that closes ends those that are asked about too", async () => {
  const fixture = await Fixture.start();
  const { publisher } = await fixture.asking();
  await fixture.server.close();
  await publisher.ended();
  fixture.question.resolve();
  await fixture.clock.advance(0);
  assert.equal(fixture.doorkeeper.ingests.length, 0);
  await fixture[Symbol.asyncDispose]();
});
