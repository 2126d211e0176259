/** The RTMP server on loopback: connections, time limits, and how each connection ends. */
import assert from "node:assert/strict";
import { MessageType } from "../../src/rtmp/message_type.ts";
import { RtmpServer } from "../../src/rtmp/server.ts";
import { endListening } from "../../testing/listening/end_listening.ts";
import { until } from "../../testing/until.ts";
import { clientHello } from "../../testing/rtmp/encoder_messages.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { WatchedClock } from "../../testing/rtmp/watched_clock.ts";
import { RecordingDoorkeeper } from "../../testing/session/recording_doorkeeper.ts";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";
import { ASC } from "../../testing/rtmp/session_harness.ts";

const frame = Uint8Array.of(1, 2, 3);
const ENDED = /RTMP connection .* ended/;

/** A server on loopback with everything that it talks to in hand. */
class Fixture implements AsyncDisposable {
  readonly clock = new WatchedClock();
  readonly doorkeeper = new RecordingDoorkeeper();
  readonly server: RtmpServer;
  readonly log: LogRecorder;
  /** Why listening ended. */
  readonly ends: Error[] = [];

  private constructor(log: LogRecorder, maxConnections: number) {
    this.log = log;
    this.server = new RtmpServer({
      addr: { hostname: "127.0.0.1", port: 0 },
      connectionTimeoutMs: 10_000,
      maxConnections,
      clock: this.clock,
      doorkeeper: this.doorkeeper,
    });
    this.listen();
  }

  /** Listens, or does so again. */
  listen(): void {
    this.server.start((why) => this.ends.push(why));
  }

  static async start({ maxConnections = 100 } = {}): Promise<Fixture> {
    return new Fixture(await LogRecorder.start(), maxConnections);
  }

  connect(app = "demo"): Promise<RtmpPublisher> {
    const { hostname, port } = this.server.addr;
    return RtmpPublisher.connect({ hostname, port, app });
  }

  /** A connection without a word said. */
  socket(): Promise<Deno.TcpConn> {
    const { hostname, port } = this.server.addr;
    return Deno.connect({ hostname, port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.log[Symbol.asyncDispose]();
  }
}

/** Reads until the server has closed; a reset is an end as well. */
async function untilClosed(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(4096);
  try {
    while (await conn.read(buffer) !== null);
  } catch (error) {
    assert.ok(error instanceof Deno.errors.ConnectionReset, String(error));
  }
  conn.close();
}

Deno.test("a source that is far ahead of real time is not read from until time has made up for it", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect("demo");
  await publisher.publish("sesame");
  await publisher.sendConfig(ASC);
  await publisher.sendFrame(frame, 0);
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length === 1);
  ingest.aheadMs = 60_000;
  await publisher.sendFrame(frame, 21);
  await ingest.until(() => ingest.frames.length === 2);
  for (let i = 2; i < 10; i++) await publisher.sendFrame(frame, i * 21);
  for (let i = 0; i < 60; i++) await fixture.clock.advance(500);
  assert.equal(ingest.frames.length, 2);
  assert.deepEqual(ingest.ends, [], "and it is not silent meanwhile");
  ingest.aheadMs = 0;
  await fixture.clock.advance(500);
  await ingest.until(() => ingest.frames.length === 10);
  publisher.vanish();
  await fixture.log.until(ENDED);
});

Deno.test("a publisher's frames arrive, and its goodbye is a deliberate end", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect("demo");
  await publisher.publish("sesame");
  await publisher.sendConfig(ASC);
  for (let i = 0; i < 100; i++) await publisher.sendFrame(frame, i * 21);
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length === 100);
  assert.equal(ingest.frames.at(-1)?.timeMs, 2079);
  assert.equal(ingest.request.transport.address, "127.0.0.1");
  assert.equal(ingest.request.transport.protocol, "rtmp");
  await publisher.finish();
  await fixture.log.until(ENDED);
  assert.deepEqual(ingest.ends, ["finished"]);
  assert.equal(fixture.log.lines.length, 1);
  assert.match(fixture.log.lines[0] ?? "", /^info demo#1 .*127\.0\.0\.1:\d+ ended: closed/);
  assert.doesNotMatch(fixture.log.lines.join(), /sesame/);
});

Deno.test("of many publishers, every frame arrives in order, and each goodbye", async () => {
  const count = 101;
  await using fixture = await Fixture.start({ maxConnections: count });
  const publishers = [];
  for (let i = 0; i < count; i++) {
    const publisher = await fixture.connect("demo");
    await publisher.publish("sesame");
    await publisher.sendConfig(ASC);
    publishers.push(publisher);
  }
  const last = await fixture.doorkeeper.ingest(count - 1);
  await last.until(() => last.configs.length === 1);
  // From now on they may be read together.
  await fixture.clock.advance(1000);
  for (let i = 0; i < 50; i++) {
    for (const publisher of publishers) await publisher.sendFrame(frame, i * 21);
    if (i % 4 === 0) await fixture.clock.advance(80);
  }
  for (const publisher of publishers) await publisher.finish();
  const { ingests } = fixture.doorkeeper;
  await until("all have said goodbye", async () => {
    await fixture.clock.advance(80);
    return ingests.every(({ ends }) => ends.length > 0);
  });
  for (const { frames, ends } of ingests) {
    assert.deepEqual(
      frames.map(({ timeMs }) => timeMs),
      Array.from({ length: 50 }, (_, i) => i * 21),
    );
    assert.deepEqual(ends, ["finished"]);
  }
});

Deno.test("what cannot be used is told once a connection, and counted at its end", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect("demo");
  await publisher.publish("sesame");
  const picture = "A".repeat(70_000);
  for (let i = 0; i < 3; i++) {
    await publisher.send(publisher.messages.metadata({ title: "x", picture }));
  }
  await publisher.sendConfig(ASC);
  await publisher.sendFrame(frame, 0);
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length === 1);
  await publisher.vanish();
  await fixture.log.until(ENDED);
  const told = /^info .* goes on without .* type 18 and 70\d\d\d bytes: more than 65536 bytes/;
  assert.equal(fixture.log.matching(told).length, 1);
  assert.match(
    fixture.log.lines.at(-1) ?? "",
    /closed while publishing; messages of no use: 3/,
  );
  assert.equal(fixture.log.lines.length, 2);
  assert.equal(ingest.badCount, 0);
});

Deno.test("a publisher that vanishes is lost", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect();
  await publisher.publish("sesame");
  await publisher.vanish();
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.ends.length > 0);
  await fixture.log.until(/closed while publishing/);
  assert.deepEqual(ingest.ends, ["lost"]);
});

Deno.test("a refused publisher reads why, although it was sending already", async () => {
  await using fixture = await Fixture.start();
  fixture.doorkeeper.refusal = "key-unknown";
  const publisher = await fixture.connect();
  await publisher.send(publisher.messages.createStream());
  await publisher.send(publisher.messages.publish("sesame"));
  for (let i = 0; i < 50; i++) await publisher.sendFrame(new Uint8Array(1000), i * 21);
  await assert.rejects(publisher.status("NetStream.Publish.Start"), {
    code: "NetStream.Publish.Denied",
    message: /^Not today\.; got rtmp:\/\/HOST\/demo\/…; publish to/,
  });
  await publisher.ended();
  await fixture.log.until(/^warning .*Publish refused: Not today\./);
  assert.equal(fixture.log.lines.length, 1);
  assert.doesNotMatch(fixture.log.lines.join(), /sesame/);
});

Deno.test("a publisher that its session lets go reads why and is closed", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect();
  await publisher.publish("sesame");
  const ingest = await fixture.doorkeeper.ingest();
  ingest.request.transport.close("another encoder took over");
  await assert.rejects(publisher.status("never"), { message: "another encoder took over" });
  await publisher.ended();
  await fixture.log.until(/^info .* ended: another encoder took over/);
});

Deno.test("a closed connection whose peer keeps its side open is cut after a while", async () => {
  await using fixture = await Fixture.start();
  const conn = await fixture.socket();
  await conn.write(Uint8Array.of(0x47));
  const buffer = new Uint8Array(1);
  assert.equal(await conn.read(buffer), null);
  assert.deepEqual(fixture.log.lines, []);
  fixture.clock.advanceSync(3000);
  await fixture.log.until(/expected RTMP version 3, got 71/);
  conn.close();
});

Deno.test("silence ends a publish", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect();
  await publisher.publish("sesame");
  fixture.clock.advanceSync(9000);
  const ingest = await fixture.doorkeeper.ingest();
  assert.deepEqual(ingest.ends, []);
  fixture.clock.advanceSync(2000);
  await publisher.ended();
  await fixture.log.until(/no audio within 10 s, but nothing/);
  assert.deepEqual(ingest.ends, ["lost"]);
});

Deno.test("a publisher whose audio waits while the server stands still is not silent", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect();
  await publisher.publish("sesame");
  await publisher.sendConfig(ASC);
  const ingest = await fixture.doorkeeper.ingest();
  fixture.clock.standStill(12_000);
  await publisher.sendFrame(frame, 0);
  await ingest.until(() => ingest.frames.length === 1);
  fixture.clock.advanceSync(9000);
  assert.deepEqual(ingest.ends, []);
  fixture.clock.advanceSync(3000);
  await fixture.log.until(/silent for 10 s/);
  await publisher.ended();
});

Deno.test("who connects and publishes has his time also where the server stands still", async () => {
  await using fixture = await Fixture.start();
  const opened = fixture.clock.asked();
  const conn = await fixture.socket();
  await opened;
  const publisher = await fixture.connect();
  fixture.clock.standStill(25_000);
  fixture.clock.advanceSync(1000);
  await publisher.publish("sesame");
  assert.deepEqual(fixture.log.lines, []);
  conn.close();
  await publisher.vanish();
});

Deno.test("a handshake of one byte a second ends in time", async () => {
  await using fixture = await Fixture.start();
  const opened = fixture.clock.asked();
  const conn = await fixture.socket();
  await opened;
  const closed = fixture.log.until(/handshake not complete within 10 s/);
  for (const byte of clientHello().subarray(0, 10)) {
    const read = fixture.clock.asked();
    await conn.write(Uint8Array.of(byte));
    await read;
    fixture.clock.advanceSync(1000);
  }
  await untilClosed(conn);
  await closed;
});

Deno.test("a connection that is busy but publishes nothing ends in time", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect();
  const closed = fixture.log.until(/nothing published within 20 s/);
  const ping = Uint8Array.of(0, 6, 0, 0, 0, 0);
  for (let i = 0; i < 20; i++) {
    const read = fixture.clock.asked();
    await publisher.send(publisher.messages.message(2, MessageType.UserControl, ping));
    await read;
    fixture.clock.advanceSync(1000);
  }
  await publisher.ended();
  await closed;
});

Deno.test("garbage ends its own connection only", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect();
  await publisher.publish("sesame");
  await publisher.sendConfig(ASC);
  const conn = await fixture.socket();
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await untilClosed(conn);
  await fixture.log.until(/got 71/);
  await publisher.sendFrame(frame, 0);
  const ingest = await fixture.doorkeeper.ingest();
  await ingest.until(() => ingest.frames.length === 1);
  await publisher.vanish();
});

Deno.test("a bug behind the door ends the connection that met it, and is loud", async () => {
  await using fixture = await Fixture.start();
  const publisher = await fixture.connect();
  const { doorkeeper } = fixture;
  doorkeeper.publish = () => {
    throw new TypeError("a bug");
  };
  await assert.rejects(publisher.publish("sesame"), { name: "PublishFailed" });
  await publisher.ended();
  await fixture.log.until(/^error .*a bug/);
  await fixture.log.until(/internal error/);
  await (await fixture.connect()).vanish();
});

Deno.test("where all publish, further connections are closed at once, and share a log line", async () => {
  await using fixture = await Fixture.start({ maxConnections: 1 });
  const publisher = await fixture.connect();
  await publisher.publish("sesame");
  for (let i = 0; i < 5; i++) await untilClosed(await fixture.socket());
  fixture.clock.advanceSync(1000);
  await untilClosed(await fixture.socket());
  fixture.clock.advanceSync(5000);
  assert.deepEqual(fixture.log.matching(/turned away/).length, 1);
  assert.match(fixture.log.lines[0] ?? "", /^warning 5 RTMP connections turned away: 1 are open/);
  await publisher.vanish();
  await fixture.log.until(ENDED);
  await (await fixture.connect()).vanish();
});

Deno.test("connections that publish nothing keep no publisher out, and push none out", async () => {
  await using fixture = await Fixture.start({ maxConnections: 10 });
  const live = await fixture.connect("live-before");
  await live.publish("sesame");
  await live.sendConfig(ASC);
  const idle = [];
  for (let i = 0; i < 13; i++) idle.push(await fixture.socket());
  const publisher = await fixture.connect("demo");
  await publisher.publish("sesame");
  await publisher.sendConfig(ASC);
  for (let i = 0; i < 13; i++) idle.push(await fixture.socket());
  const asking = await fixture.connect("asking");
  for (const each of [live, publisher]) await each.sendFrame(frame, 0);
  for (let i = 0; i < 2; i++) {
    const ingest = await fixture.doorkeeper.ingest();
    await ingest.until(() => ingest.frames.length === 1);
  }
  for (const conn of idle.slice(0, 19)) await untilClosed(conn);
  assert.equal(fixture.log.matching(/took its place before it published/).length, 19);
  for (const conn of idle.slice(19)) conn.close();
  for (const each of [live, publisher, asking]) await each.vanish();
});

Deno.test("another limit counts for who connects next", async () => {
  await using fixture = await Fixture.start({ maxConnections: 1 });
  const first = await fixture.connect("first");
  await first.publish("sesame");
  fixture.server.maxConnections = 2;
  const second = await fixture.connect("second");
  await second.publish("sesame");
  fixture.server.maxConnections = 1;
  await untilClosed(await fixture.socket());
  await first.vanish();
  await second.vanish();
});

Deno.test("a peer that does not read its answers is closed", async () => {
  await using fixture = await Fixture.start();
  const conn = await fixture.socket();
  const ping = [2, 0, 0, 0, 0, 0, 6, MessageType.UserControl, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0];
  const pings = Uint8Array.from(Array.from({ length: 4000 }, () => ping).flat());
  const closed = fixture.log.until(/does not read its answers/);
  const hello = clientHello();
  await conn.write(hello);
  await conn.write(hello.subarray(1));
  try {
    for (;;) await conn.write(pings);
  } catch (error) {
    const { BrokenPipe, ConnectionReset } = Deno.errors;
    assert.ok(error instanceof BrokenPipe || error instanceof ConnectionReset, String(error));
  }
  await closed;
  conn.close();
});

Deno.test("a server that closes ends every connection and frees its port", async () => {
  const fixture = await Fixture.start();
  const { port } = fixture.server.addr;
  const publisher = await fixture.connect();
  await publisher.publish("sesame");
  const idle = await fixture.socket();
  await fixture.server.close();
  await publisher.ended();
  await untilClosed(idle);
  assert.deepEqual(fixture.doorkeeper.ingests[0]?.ends, ["lost"]);
  assert.equal(fixture.log.matching(/the server stops/).length, 2);
  Deno.listen({ hostname: "127.0.0.1", port }).close();
  await fixture[Symbol.asyncDispose]();
});

Deno.test({
  name: "where listening ends, connections go on, and it can listen at its port again",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using fixture = await Fixture.start();
    const { server } = fixture;
    const { hostname, port } = server.addr;
    const publisher = await fixture.connect();
    await publisher.publish("sesame");
    await publisher.sendConfig(ASC);
    const ingest = await fixture.doorkeeper.ingest();
    endListening(port);
    await until("its end is told", () => fixture.ends.length > 0);
    await assert.rejects(Deno.connect({ hostname, port }), Deno.errors.ConnectionRefused);
    await publisher.sendFrame(frame, 0);
    await ingest.until(() => ingest.frames.length === 1);

    fixture.listen();
    assert.equal(server.addr.port, port);
    const second = await fixture.connect("other");
    await second.publish("sesame");
    await second.vanish();
    await publisher.vanish();
    assert.equal(fixture.ends.length, 1);
  },
});
