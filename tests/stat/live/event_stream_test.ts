/** Server-sent events (HTML 9.2): clients that come, go, or do not read. */
import assert from "node:assert/strict";
import {
  type EncodedEvent,
  encodeEvent,
  EventStream,
} from "../../../src/stat/live/event_stream.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const MAX_CLIENTS = 32;

function setUp() {
  const clock = new FakeClock();
  const presence: boolean[] = [];
  const stream = new EventStream({ clock, onAudience: (present) => presence.push(present) });
  const validity = new AbortController();
  const join = (...greeting: EncodedEvent[]) => {
    return stream.join(greeting, "192.0.2.1", validity.signal);
  };
  return { clock, presence, stream, validity, join };
}

async function read(body: ReadableStream<EncodedEvent>): Promise<string> {
  let text = "";
  for await (const bytes of body) text += new TextDecoder().decode(bytes);
  return text;
}

Deno.test("an event is named and numbered, and its data are one line", () => {
  const encoded = encodeEvent("log", { text: "one\ntwo" }, 5);
  assert.equal(
    new TextDecoder().decode(encoded),
    'event: log\nid: 5\ndata: {"text":"one\\ntwo"}\n\n',
  );
  assert.equal(new TextDecoder().decode(encodeEvent("x", 1)), "event: x\ndata: 1\n\n");
});

Deno.test("each client gets its greeting, then what all get", async () => {
  const { stream, join } = setUp();
  const first = join(encodeEvent("hello", 1));
  const second = join(encodeEvent("hello", 2));
  stream.send(encodeEvent("news", 3));
  stream.close();
  const news = "event: news\ndata: 3\n\n";
  assert.equal(await read(first), `event: hello\ndata: 1\n\n${news}`);
  assert.equal(await read(second), `event: hello\ndata: 2\n\n${news}`);
});

Deno.test("it is told when the first client has come and the last one has gone", async () => {
  const { presence, stream, join } = setUp();
  const first = join();
  const second = join();
  await first.cancel();
  assert.deepEqual(presence, [true]);
  await second.cancel();
  assert.deepEqual(presence, [true, false]);
  stream.send(encodeEvent("news", 1));
  await join().cancel();
  assert.deepEqual(presence, [true, false, true, false]);
});

Deno.test("a client that leaves while it waits for something is gone", async () => {
  const { presence, stream, join } = setUp();
  const reader = join().getReader();
  const waits = reader.read();
  await reader.cancel();
  assert.equal((await waits).done, true);
  assert.deepEqual([stream.clients, presence], [0, [true, false]]);
  stream.send(encodeEvent("news", 1));
});

Deno.test("what waits for a client is still sent when its stream ends", async () => {
  const { stream, join } = setUp();
  const body = join(encodeEvent("a", 1), encodeEvent("b", 2));
  stream.close();
  assert.match(await read(body), /event: a.*event: b/s);
});

Deno.test("there are not more clients than may be: of the address with the most, the oldest goes", async () => {
  const { stream, validity, join } = setUp();
  const honest = stream.join([], "192.0.2.7", validity.signal);
  const bodies = Array.from({ length: MAX_CLIENTS - 1 }, () => join());
  const another = stream.join([], "192.0.2.8", validity.signal);
  assert.equal(stream.clients, MAX_CLIENTS);
  join();
  assert.equal(stream.clients, MAX_CLIENTS);
  for (const body of bodies.slice(0, 2)) assert.equal(await read(body), "", "it has ended");
  stream.send(encodeEvent("news", 1));
  stream.close();
  for (const body of [honest, another]) assert.match(await read(body), /news/);
});

Deno.test("a client that does not read is let go, with what waits for it; others are not", async () => {
  const { stream, join } = setUp();
  const slow = join();
  const fast = join().getReader();
  const event = encodeEvent("snapshot", "x".repeat(100_000));
  let sent = 0;
  for (; stream.clients === 2 && sent < 100; sent++) {
    stream.send(event);
    assert.equal((await fast.read()).done, false);
  }
  assert.equal(sent, 11, "a megabyte may wait");
  assert.equal(stream.clients, 1);
  assert.equal(await read(slow), "", "what waited for it is thrown away");
  stream.send(event);
  assert.equal((await fast.read()).done, false);
});

Deno.test("a client has to come back after ten minutes", async () => {
  const { clock, stream, join } = setUp();
  const old = join();
  clock.advanceSync(599_999);
  const young = join();
  stream.send(encodeEvent("a", 1));
  assert.equal(stream.clients, 2);
  clock.advanceSync(1);
  stream.send(encodeEvent("b", 2));
  assert.equal(stream.clients, 1);
  assert.match(await read(old), /event: b/, "it gets what was sent last");
  await young.cancel();
});

Deno.test("clients whose right to be here ends are let go", async () => {
  const { presence, stream, validity, join } = setUp();
  const bodies = [join(), join()];
  const other = new AbortController();
  const stays = stream.join([], "192.0.2.2", other.signal);
  validity.abort();
  assert.equal(stream.clients, 1);
  for (const body of bodies) assert.equal(await read(body), "");
  await stays.cancel();
  assert.deepEqual(presence, [true, false]);
  other.abort();
});
