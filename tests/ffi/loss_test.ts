/** Lost packets: what libsrt repairs, and how what it cannot repair shows in message numbers. */
import assert from "node:assert/strict";
import { messagesLost, SrtPoller } from "../../ffi/srt.ts";
import { bytes, connected, type Received, Server, srt } from "../../testing/ffi/loopback.ts";
import { until } from "../../testing/until.ts";
import { SrtRelay } from "../../testing/srt/srt_relay.ts";

/** Sends `count` messages, ten at a time. */
async function send(send: (message: Uint8Array<ArrayBuffer>) => boolean, count: number) {
  for (let i = 1; i <= count; i++) {
    assert(send(bytes(`message ${i}`)));
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function gaps(messages: Received[]): number {
  let lost = 0;
  let previous = 0;
  for (const { number } of messages) {
    lost += messagesLost(previous, number);
    previous = number;
  }
  return lost;
}

Deno.test("messages that are lost for good show as gaps in the message numbers", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 50 });
  await using relay = await SrtRelay.to(server.listener.address, {
    loses: ({ message }) => message % 20 === 7,
  });
  using caller = (await connected(poller, relay.address)).connection;
  const receiver = await server.connection();
  await send((message) => caller.send(message), 200);
  await until("the last message comes", () => receiver.messages.at(-1)?.number === 200);

  const lost = [7, 27, 47, 67, 87, 107, 127, 147, 167, 187];
  const numbers = new Set(receiver.messages.map(({ number }) => number));
  assert.deepEqual(lost.filter((number) => numbers.has(number)), []);
  assert.equal(receiver.messages.length, 190);
  assert.equal(gaps(receiver.messages), 10);
  assert(receiver.messages.every(({ text, number }) => text === `message ${number}`));
  assert.equal(receiver.connection.statistics?.packetsDropped, 10);
});

Deno.test("loss that is repaired within the latency shows nowhere but in the statistics", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 3000 });
  await using relay = await SrtRelay.to(server.listener.address, {
    loses: ({ message, retransmitted }) => message % 20 === 7 && !retransmitted,
  });
  using caller = (await connected(poller, relay.address)).connection;
  const receiver = await server.connection();
  await send((message) => caller.send(message), 200);
  await until("all messages are there", () => receiver.messages.length === 200);
  assert.equal(gaps(receiver.messages), 0);
  assert(relay.lost >= 10);
  const statistics = receiver.connection.statistics;
  assert.equal(statistics?.packetsDropped, 0);
  assert.equal(statistics?.packetsLost, 10);
  assert(statistics !== undefined && statistics.packetsRetransmitted >= 10);
});

Deno.test("a stall of the reader within what the buffer was sized for loses nothing", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, {
    receiverLatencyMs: 20,
    flightWindowPackets: 256,
    receiveBufferBytes: 256 * 1472,
  });
  using caller = (await connected(poller, server.listener.address)).connection;
  const receiver = await server.connection();
  poller.remove(receiver.connection);
  for (let i = 0; i < 200; i++) caller.send(bytes(`message ${i}`));
  await until(
    "200 packets are there",
    () => receiver.connection.statistics?.receiveBufferPackets === 200,
  );
  poller.addConnection(receiver.connection, receiver);
  await until("all messages are there", () => receiver.messages.length === 200);
  assert.equal(gaps(receiver.messages), 0);
});

Deno.test("message numbers wrap from 2^26 - 1 to 1", () => {
  assert.equal(messagesLost(1, 2), 0);
  assert.equal(messagesLost(1, 4), 2);
  assert.equal(messagesLost(2 ** 26 - 1, 1), 0);
  assert.equal(messagesLost(2 ** 26 - 2, 3), 3);
});
