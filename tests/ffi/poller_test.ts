/** The poller: fair between sockets, bounded in each round, told of every end once. */
import assert from "node:assert/strict";
import {
  connectSrt,
  listenSrt,
  SRT_EPOLL_IN,
  type SrtConnection,
  SrtError,
  SrtPoller,
} from "../../ffi/srt.ts";
import { bytes, connected, ConnectionRecord, Server, srt } from "../../testing/ffi/loopback.ts";
import { until } from "../../testing/until.ts";

Deno.test("a hundred connections on one listener each get their own messages in order", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 20 });
  const callers: ConnectionRecord[] = [];
  try {
    for (let i = 0; i < 100; i++) {
      const streamId = `caller ${i}`;
      const caller = new ConnectionRecord(connectSrt(srt, server.listener.address, { streamId }));
      poller.addConnection(caller.connection, caller);
      callers.push(caller);
    }
    await until("100 callers are connected", () => callers.every(({ writable }) => writable === 1));
    for (let n = 0; n < 10; n++) {
      callers.forEach(({ connection }, i) => connection.send(bytes(`caller ${i} message ${n}`)));
    }
    await until(
      "each has 10 messages",
      () => server.accepted.filter(({ messages }) => messages.length === 10).length === 100,
    );
    for (const { connection, messages } of server.accepted) {
      const expected = messages.map((_, n) => `${connection.streamId} message ${n}`);
      assert.deepEqual(messages.map(({ text }) => text), expected);
    }
    assert.equal(new Set(server.accepted.map((r) => r.connection.streamId)).size, 100);
  } finally {
    for (const { connection } of callers) connection.close();
  }
});

/** An accepted connection that nobody reads yet. */
async function unread(
  poller: SrtPoller,
  packets: number,
): Promise<{ caller: SrtConnection; receiver: SrtConnection } & Disposable> {
  using listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0, receiverLatencyMs: 20 });
  const caller = (await connected(poller, listener.address)).connection;
  let receiver: SrtConnection | undefined;
  await until("a connection is accepted", () => (receiver = listener.accept()) !== undefined);
  if (receiver === undefined) throw new Error("Cannot accept");
  const filled = receiver;
  for (let i = 0; i < packets; i++) caller.send(bytes(`message ${i}`));
  await until("all packets are there", () => filled.statistics?.packetsReceived === packets);
  await until("their time has come", () => readable(filled));
  const close = () => {
    caller.close();
    filled.close();
  };
  return { caller, receiver: filled, [Symbol.dispose]: close };
}

function readable(connection: SrtConnection): boolean {
  const SRTO_EVENT = 18;
  const events = new Int32Array(1);
  const size = Int32Array.of(4);
  srt.check(srt.symbols.srt_getsockflag(connection.id, SRTO_EVENT, events, size), "read events");
  return ((events[0] ?? 0) & SRT_EPOLL_IN) !== 0;
}

Deno.test("a flood does not hold up others: each ready socket has one message a round", async () => {
  using poller = new SrtPoller(srt);
  using flood = await unread(poller, 2000);
  using quiet = await unread(poller, 1);
  const flooded = new ConnectionRecord(flood.receiver);
  let floodedBefore = -1;
  poller.addConnection(flood.receiver, flooded);
  poller.addConnection(quiet.receiver, {
    onMessage: () => floodedBefore = flooded.messages.length,
    onClose: (error) => assert.fail(error),
  });
  await until("the quiet one's message comes", () => floodedBefore >= 0);
  assert(floodedBefore <= 2, `${floodedBefore} messages came first`);
  await until("the flood is over", () => flooded.messages.length === 2000);
});

Deno.test("a flood leaves other work of the thread its turn", async () => {
  using poller = new SrtPoller(srt);
  using flood = await unread(poller, 2000);
  const flooded = new ConnectionRecord(flood.receiver);
  poller.addConnection(flood.receiver, flooded);
  const seen = new Set<number>();
  await until("the flood is over", () => {
    seen.add(flooded.messages.length);
    return flooded.messages.length === 2000;
  });
  const between = [...seen].filter((count) => count > 0 && count < 2000);
  assert(between.length > 0, "the whole flood was read in one go");
});

Deno.test("a full send buffer says so, and being writable again is told once", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 20 });
  const caller = await connected(poller, server.listener.address);
  using connection = caller.connection;
  await server.connection();
  const message = new Uint8Array(1316);
  let sent = 0;
  while (connection.send(message)) {
    if (++sent > 100_000) assert.fail("the send buffer has no end");
  }
  assert.equal(caller.writable, 1);
  poller.awaitWritable(connection);
  await until("there is room in the send buffer", () => caller.writable === 2);
  assert(connection.send(message));
});

Deno.test("a handler may close its connection while the peer sends", async () => {
  using poller = new SrtPoller(srt);
  using listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0, receiverLatencyMs: 20 });
  let received = 0;
  poller.addListener(listener, {
    onError: (error) => assert.fail(error),
    onConnection: (accepted) =>
      poller.addConnection(accepted, {
        onMessage() {
          received++;
          accepted.close();
        },
        onClose: () => assert.fail("told what it did itself"),
      }),
  });
  const caller = await connected(poller, listener.address);
  await until("the connection has ended", () => {
    try {
      for (let i = 0; i < 20; i++) caller.connection.send(bytes("on and on"));
    } catch (error) {
      // It is gone, and its handler is about to be told.
      assert(error instanceof SrtError);
    }
    return caller.end !== undefined;
  });
  assert.equal(received, 1);
});

Deno.test("a connection that broke before it was added is told of", async () => {
  using poller = new SrtPoller(srt);
  using listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0, receiverLatencyMs: 20 });
  const caller = await connected(poller, listener.address);
  let accepted: SrtConnection | undefined;
  await until("a connection is accepted", () => (accepted = listener.accept()) !== undefined);
  const connection = accepted;
  if (connection === undefined) throw new Error("Cannot accept");
  caller.connection.close();
  await until(
    "the connection has ended",
    () => connection.state === "broken" || connection.state === "closed",
  );
  const late = new ConnectionRecord(connection);
  poller.addConnection(connection, late);
  await until("onClose is called", () => late.end !== undefined);
  assert(connection.closed);
});

Deno.test("a socket that was removed is not reported, a poller that was closed reports nothing", async () => {
  const poller = new SrtPoller(srt);
  using other = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 20 });
  using caller = (await connected(other, server.listener.address)).connection;
  const receiver = await server.connection();
  poller.remove(receiver.connection);
  caller.send(bytes("unread"));
  await until(
    "a packet is there",
    () => receiver.connection.statistics?.receiveBufferPackets === 1,
  );
  poller.close();
  poller.close();
  assert.equal(receiver.messages.length, 0);

  const again = new ConnectionRecord(receiver.connection);
  other.addConnection(receiver.connection, again);
  await until("another poller gets the message", () => again.messages.length === 1);
});

Deno.test("a listener that ends though nobody closed it is told of once, and others go on", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller);
  using listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  const ends: SrtError[] = [];
  poller.addListener(listener, {
    onConnection: (connection) => connection.close(),
    onError: (error) => {
      throw error;
    },
    onEnd: (error) => ends.push(error),
  });
  srt.symbols.srt_close(listener.id);
  await until("it has ended", () => ends.length > 0);
  assert.equal(listener.closed, true);
  const caller = await connected(poller, server.listener.address);
  caller.connection.close();
  assert.deepEqual(ends.length, 1);
  assert.match(ends[0]?.message ?? "", /^Cannot listen on 127\.0\.0\.1:\d+ any longer: .* is /);
});

Deno.test("a handler that throws is loud, and ends nobody else's connection", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 20 });
  using listener = listenSrt(srt, { hostname: "127.0.0.1", port: 0 });
  poller.addListener(listener, {
    onConnection: (connection) => {
      connection.close();
      throw new Error("a bug");
    },
    onError: () => {},
  });
  const loud: string[] = [];
  const listen = (event: ErrorEvent) => {
    event.preventDefault();
    loud.push(event.message);
  };
  globalThis.addEventListener("error", listen);
  const caller = new ConnectionRecord(connectSrt(srt, listener.address, {}));
  poller.addConnection(caller.connection, caller);
  await until("the bug is told", () => loud.length > 0);
  const other = await connected(poller, server.listener.address);
  other.connection.send(bytes("hello"));
  const { messages } = await server.connection();
  await until("a message comes", () => messages.length === 1);
  globalThis.removeEventListener("error", listen);
  assert.match(loud.join(), /a bug/);
  caller.connection.close();
  other.connection.close();
});
