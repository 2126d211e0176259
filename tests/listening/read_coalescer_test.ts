/** How many connections are read together: over real sockets, with a clock that is moved by hand. */
import assert from "node:assert/strict";
import { connect as connectByNode } from "node:net";
import { ReadCoalescer } from "../../src/listening/read_coalescer.ts";
import type { StreamListener, StreamSocket } from "../../src/listening/stream_socket.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { CERTIFICATE, PRIVATE_KEY } from "../../testing/listening/localhost_certificate.ts";
import { until } from "../../testing/until.ts";

const hostname = "127.0.0.1";
/** In which each connection is read once. */
const PERIOD_MS = 96;
/** How much the tests' readers take at once. */
const ROOM = 64;

/** What the tests need of a connection's other end. */
type Peer = Pick<Deno.TcpConn, "write" | "close">;

/** One connection of which both ends are here. */
interface Pair {
  readonly socket: StreamSocket;
  readonly peer: Peer;
  /** What was read, a text each; `null` for the end, an error where the connection broke. */
  readonly reads: (string | null | Error)[];
}

/** Connections that are read on and on, of which two are a crowd. */
class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly coalescer = new ReadCoalescer({ clock: this.clock, crowd: 2 });
  readonly #listener = Deno.listen({ hostname, port: 0 });
  readonly #pairs: Pair[] = [];
  readonly #reading: Promise<void>[] = [];

  get port(): number {
    return this.#listener.addr.port;
  }

  async connect({ coalesced = true } = {}): Promise<Pair> {
    const connecting = Deno.connect({ hostname, port: this.port });
    const accepting = this.accept();
    const pair = { ...await accepting, peer: await connecting };
    pair.socket.setCoalesced?.(coalesced);
    return this.read(pair);
  }

  /** Accepts a connection whose other end is nobody's. */
  async accept(): Promise<Pair> {
    const socket = this.coalescer.wrap(await this.#listener.accept());
    return { socket, peer: { write: () => Promise.resolve(0), close: () => {} }, reads: [] };
  }

  /** Reads on and on. */
  read(pair: Pair): Pair {
    this.#pairs.push(pair);
    this.#reading.push(readAll(pair));
    return pair;
  }

  /** Connections that are enough for a crowd. @returns `count` of them */
  async crowd(count: number): Promise<Pair[]> {
    const pairs: Pair[] = [];
    for (let i = 0; i < Math.max(2, count); i++) pairs.push(await this.connect());
    for (const pair of pairs) {
      // What was awaited when the crowd came together is still read as it comes.
      await send(pair, "first");
      await until("it is read", async () => {
        await this.clock.advance(PERIOD_MS);
        return pair.reads.length === 1;
      });
      pair.reads.length = 0;
    }
    return pairs.slice(0, count);
  }

  /** Lets the event loop turn, with what waits in the system. */
  async turn(): Promise<void> {
    const pair = await this.connect({ coalesced: false });
    await send(pair, "another");
    await until("another connection is read", () => pair.reads.length === 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#pairs) close(socket);
    for (const { peer } of this.#pairs) close(peer);
    await Promise.all(this.#reading);
    this.#listener.close();
    this.coalescer.close();
  }
}

async function readAll({ socket, reads }: Pair): Promise<void> {
  const buffer = new Uint8Array(ROOM);
  try {
    for (;;) {
      const count = await socket.read(buffer);
      reads.push(count === null ? null : new TextDecoder().decode(buffer.subarray(0, count)));
      if (count === null) return;
    }
  } catch (error) {
    assert.ok(error instanceof Error);
    reads.push(error);
  }
}

async function send({ peer }: Pair, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  assert.equal(await peer.write(bytes), bytes.length);
}

function close(end: Pick<Peer, "close">): void {
  try {
    end.close();
  } catch (error) {
    assert.ok(error instanceof Deno.errors.BadResource); // a test has closed it already
  }
}

function test(name: string, body: (fixture: Fixture) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using fixture = new Fixture();
      await body(fixture);
    },
  });
}

test("where there are few connections, each is read as it comes", async (fixture) => {
  const pair = await fixture.connect();
  for (const text of ["a", "b"]) {
    await send(pair, text);
    await until("it is read", () => pair.reads.includes(text));
  }
  assert.equal(fixture.coalescer.isCoalescing, false);
});

test("in a crowd, what came in a turn is read together, when the turn has come", async (fixture) => {
  const [pair] = await fixture.crowd(1);
  assert.ok(pair);
  await send(pair, "a");
  await send(pair, "b");
  await fixture.turn();
  assert.deepEqual(pair.reads, []);
  await fixture.clock.advance(PERIOD_MS);
  assert.deepEqual(pair.reads, ["ab"]);
  await fixture.clock.advance(PERIOD_MS);
  assert.deepEqual(pair.reads, ["ab"]);
});

test("connections take turns within the period", async (fixture) => {
  const pairs = await fixture.crowd(4);
  for (const pair of pairs) await send(pair, "mine");
  await fixture.turn();
  const together: number[] = [];
  for (let ms = 0; ms < PERIOD_MS; ms++) {
    const before = pairs.filter(({ reads }) => reads.length > 0).length;
    await fixture.clock.advance(1);
    const count = pairs.filter(({ reads }) => reads.length > 0).length - before;
    if (count > 0) together.push(count);
  }
  assert.deepEqual(together, [1, 1, 1, 1]);
});

test("one that sends more than is taken at once is read as it comes, until it sends less", async (fixture) => {
  const [pair] = await fixture.crowd(1);
  assert.ok(pair);
  await send(pair, "x".repeat(3 * ROOM));
  await fixture.clock.advance(PERIOD_MS);
  await until("all is read", () => pair.reads.join("").length === 3 * ROOM);
  await send(pair, "y");
  await until("what follows is read", () => pair.reads.join("").endsWith("y"));
  // Two turns later it has sent little.
  await fixture.clock.advance(2 * PERIOD_MS);
  await send(pair, "z");
  await until("what was awaited is read", () => pair.reads.join("").endsWith("z"));
  const { length } = pair.reads;
  await send(pair, "a");
  await fixture.turn();
  assert.equal(pair.reads.length, length);
  await fixture.clock.advance(PERIOD_MS);
  assert.equal(pair.reads.at(-1), "a");
});

test("the end of a connection shows in its turn", async (fixture) => {
  const [pair] = await fixture.crowd(1);
  assert.ok(pair);
  await send(pair, "bye");
  pair.peer.close();
  await until("the end is seen", async () => {
    await fixture.clock.advance(PERIOD_MS);
    return pair.reads.length === 2;
  });
  assert.deepEqual(pair.reads, ["bye", null]);
});

test("a connection that breaks tells why", async (fixture) => {
  const peer = connectByNode(fixture.port, hostname);
  const pair = await fixture.accept();
  pair.socket.setCoalesced?.(true);
  await fixture.crowd(1);
  fixture.read(pair);
  peer.on("error", () => {}).resetAndDestroy();
  const [error] = await until("it is broken", async () => {
    await fixture.clock.advance(PERIOD_MS);
    return pair.reads.length > 0 && pair.reads;
  });
  assert.ok(error instanceof Error);
  assert.match(error.message, /reset/);
});

test("a connection that the system cannot read for some other reason is left to Deno", async (fixture) => {
  await fixture.crowd(1);
  const text = new TextEncoder().encode("still there");
  const close = Promise.withResolvers<null>();
  const left = [text];
  const socket = fixture.coalescer.wrap({
    remoteAddr: { hostname, port: 0 },
    read: (buffer) => {
      const bytes = left.shift();
      if (bytes === undefined) return close.promise;
      buffer.set(bytes);
      return Promise.resolve(bytes.length);
    },
    write: ({ length }) => Promise.resolve(length),
    closeWrite: () => Promise.resolve(),
    close: () => close.resolve(null),
    // No descriptor: EBADF, which tells nothing of the connection.
    [Symbol("Deno.internal.fd")]: -1,
  } as StreamSocket);
  socket.setCoalesced?.(true);
  const { reads } = fixture.read({ socket, peer: socket, reads: [] });
  await until("it is read", async () => {
    await fixture.clock.advance(PERIOD_MS);
    return reads.length > 0;
  });
  assert.deepEqual(reads, ["still there"]);
});

test("a connection that is closed while it waits ends its reader's wait", async (fixture) => {
  const [pair] = await fixture.crowd(1);
  assert.ok(pair);
  pair.socket.close();
  const [error] = await until("the read ends", () => pair.reads.length > 0 && pair.reads);
  assert.ok(error instanceof Deno.errors.Interrupted);
});

test("a connection that is wanted at once is read at once, and as it comes from then on", async (fixture) => {
  const [pair] = await fixture.crowd(1);
  assert.ok(pair);
  await send(pair, "a");
  await fixture.turn();
  pair.socket.setCoalesced?.(false);
  await until("what waited is read", () => pair.reads.includes("a"));
  await send(pair, "b");
  await until("what follows is read", () => pair.reads.includes("b"));
});

test("where the crowd is gone, each is read as it comes", async (fixture) => {
  const pair = await fixture.connect();
  const other = await fixture.connect();
  await send(pair, "first");
  await until("it is read", () => pair.reads.length === 1);
  await send(pair, "waits");
  other.socket.setCoalesced?.(false);
  await until("what waited is read", () => pair.reads.includes("waits"));
  await send(pair, "a");
  await until("what follows is read", () => pair.reads.includes("a"));
  assert.equal(fixture.clock.timerCount, 0);
});

test("where the server stood still, all connections are read in the first turn", async (fixture) => {
  const pairs = await fixture.crowd(8);
  for (const pair of pairs) await send(pair, "waited");
  await fixture.turn();
  fixture.clock.standStill(1000);
  for (const { reads } of pairs) await until("it is read", () => reads.includes("waited"));
});

Deno.test("a connection that carries TLS is left alone", async () => {
  const coalescer = new ReadCoalescer({ clock: new FakeClock(), crowd: 1 });
  const listener: StreamListener = Deno.listenTls({
    hostname,
    port: 0,
    cert: CERTIFICATE,
    key: PRIVATE_KEY,
  });
  const { port } = listener.addr;
  const connecting = Deno.connectTls({ hostname: "localhost", port, caCerts: [CERTIFICATE] });
  const socket = await listener.accept();
  assert.equal(coalescer.wrap(socket), socket);
  const reading = socket.read(new Uint8Array(1));
  const peer = await connecting;
  peer.close();
  assert.equal(await reading, null);
  socket.close();
  listener.close();
  coalescer.close();
});
