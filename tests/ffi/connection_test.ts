/** SRT connections on loopback: messages, passphrases, and how they end. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { connectSrt, listenSrt, SrtError, SrtPoller } from "../../ffi/srt.ts";
import { bytes, connected, ConnectionRecord, Server, srt } from "../../testing/ffi/loopback.ts";
import { until } from "../../testing/until.ts";

Deno.test("messages arrive whole and in order, with stream id and peer address", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 20 });
  using caller = (await connected(poller, server.listener.address, { streamId: "publish:é:key" }))
    .connection;
  const receiver = await server.connection();
  assert.equal(receiver.connection.streamId, "publish:é:key");
  assert.equal(receiver.connection.peer.hostname, "127.0.0.1");
  assert(receiver.connection.peer.port > 0);
  assert.equal(receiver.connection.state, "connected");

  const texts = ["a", "b".repeat(1316), "c".repeat(188)];
  for (const text of texts) assert(caller.send(bytes(text)));
  await until("three messages are there", () => receiver.messages.length === texts.length);
  assert.deepEqual(receiver.messages.map(({ text }) => text), texts);
  assert.deepEqual(receiver.messages.map(({ number }) => number), [1, 2, 3]);
  const times = receiver.messages.map(({ timeUs }) => timeUs);
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
});

Deno.test("a listener on :: takes IPv6 and IPv4 callers, and tells each address as it is", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { hostname: "::" });
  const { port } = server.listener.address;
  assert.equal(server.listener.address.hostname, "::");
  using _v6 = (await connected(poller, { hostname: "::1", port })).connection;
  assert.equal((await server.connection(0)).connection.peer.hostname, "::1");
  using _v4 = (await connected(poller, { hostname: "127.0.0.1", port })).connection;
  assert.equal((await server.connection(1)).connection.peer.hostname, "127.0.0.1");
});

Deno.test("the right passphrase connects", async () => {
  using poller = new SrtPoller(srt);
  const passphrase = "correct horse battery";
  using server = new Server(poller, { passphrase, receiverLatencyMs: 20 });
  using caller = (await connected(poller, server.listener.address, { passphrase })).connection;
  const receiver = await server.connection();
  caller.send(bytes("encrypted"));
  await until("a message comes", () => receiver.messages.length === 1);
  assert.equal(receiver.messages[0]?.text, "encrypted");
});

Deno.test("a wrong or missing passphrase is refused, and nothing is accepted", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { passphrase: "correct horse battery" });
  for (const options of [{ passphrase: "another horse battery" }, {}]) {
    await assert.rejects(
      () => connected(poller, server.listener.address, options),
      (error) =>
        error instanceof SrtError &&
        /^Cannot connect to 127.*pass(word|phrase)/i.test(error.message),
    );
  }
  assert.equal(server.accepted.length, 0);
});

Deno.test("connecting to nobody ends with a reason", async () => {
  using poller = new SrtPoller(srt);
  const nobody = { hostname: "127.0.0.1", port: 9 };
  await assert.rejects(() => connected(poller, nobody, { connectTimeoutMs: 100 }), SrtError);
});

Deno.test("a connection that is accepted and closed at once ends for its caller", async () => {
  using poller = new SrtPoller(srt);
  using listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  poller.addListener(listener, {
    onConnection: (connection) => connection.close(),
    onError: (error) => assert.fail(error),
  });
  using connection = connectSrt(srt, listener.address, { streamId: "m=request" });
  const caller = new ConnectionRecord(connection);
  poller.addConnection(connection, caller);
  await until("the connection has ended", () => caller.end !== undefined);
  assert(caller.connection.closed);
});

Deno.test("what was sent before the peer left is still received, then the end", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 1000 });
  using caller = (await connected(poller, server.listener.address)).connection;
  const receiver = await server.connection();
  for (let i = 0; i < 20; i++) caller.send(bytes(`message ${i}`));
  await until(
    "all packets are there",
    () => receiver.connection.statistics?.packetsReceived === 20,
  );
  caller.close();
  await until("the connection has ended", () => receiver.end !== undefined);
  assert.equal(receiver.messages.length, 20);
  assert.equal(receiver.messages[19]?.text, "message 19");
  assert.match(receiver.end?.message ?? "", /^Cannot receive from 127\.0\.0\.1:\d+: /);
  assert(receiver.connection.closed);
});

Deno.test("statistics count, and outlive the connection", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 77 });
  using caller = (await connected(poller, server.listener.address)).connection;
  const receiver = await server.connection();
  const message = new Uint8Array(1000);
  for (let i = 0; i < 50; i++) caller.send(message);
  await until("50 messages are there", () => receiver.messages.length === 50);
  const counted = receiver.connection.statistics;
  assert.equal(counted?.packetsReceived, 50);
  assert.equal(counted?.bytesReceived, 50 * (1000 + 44)); // SRT, UDP and IP headers
  assert.equal(counted?.packetsDropped, 0);
  assert.equal(receiver.connection.latencyMs, 77);
  assert(counted !== undefined && counted.roundTripMs > 0 && counted.receiveBitrate > 0);
  assert.equal(caller.statistics?.packetsSent, 50);

  caller.close();
  await until("the connection has ended", () => receiver.end !== undefined);
  assert.equal(receiver.connection.statistics?.packetsReceived, 50);
});

Deno.test("a message that is too long is refused with libsrt's text", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller);
  using caller = (await connected(poller, server.listener.address)).connection;
  assert.throws(() => caller.send(new Uint8Array(1317)), (error) => {
    assert(error instanceof SrtError);
    assert.match(error.message, /^Cannot send to 127\.0\.0\.1:\d+: ./);
    assert(error.code > 0);
    return true;
  });
});

Deno.test("an address that is taken cannot be bound, and the message names it", async () => {
  const taken = createSocket("udp4");
  await new Promise<void>((resolve) => taken.bind(0, "127.0.0.1", resolve));
  const { port } = taken.address();
  try {
    assert.throws(
      () => listenSrt(srt, { hostname: "127.0.0.1", port }),
      (error) =>
        error instanceof SrtError && error.operation === `bind 127.0.0.1:${port}` &&
        error.code > 0 &&
        error.reason.endsWith("(address already in use)"),
    );
  } finally {
    await new Promise<void>((resolve) => taken.close(() => resolve()));
  }
  using first = listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  assert.throws(() => listenSrt(srt, { ...first.address }), SrtError);
});

Deno.test("an empty accept queue is no error", () => {
  using listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  assert.equal(listener.accept(), undefined);
});
