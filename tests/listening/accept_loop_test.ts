/** Tests of how connections are accepted. */
import assert from "node:assert/strict";
import { AcceptLoop } from "../../src/listening/accept_loop.ts";
import type { StreamListener, StreamSocket } from "../../src/listening/stream_socket.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

/** A listener that does what it is told to. */
class Told implements StreamListener {
  readonly addr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  closed = 0;
  asked = 0;
  #waiting: PromiseWithResolvers<StreamSocket> | undefined;

  accept(): Promise<StreamSocket> {
    this.asked++;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  close(): void {
    this.closed++;
    this.#waiting?.reject(new Deno.errors.BadResource("closed"));
  }

  async comes(socket: StreamSocket): Promise<void> {
    this.#waiting?.resolve(socket);
    await settled();
  }

  async fails(error: Error): Promise<void> {
    this.#waiting?.reject(error);
    await settled();
  }
}

class Socket implements StreamSocket {
  readonly remoteAddr = { hostname: "192.0.2.7", port: 2 };
  closed = 0;
  read = () => Promise.resolve(null);
  write = ({ length }: Uint8Array) => Promise.resolve(length);
  closeWrite = () => Promise.resolve();
  close = () => void this.closed++;
}

function start() {
  const listener = new Told();
  const clock = new FakeClock();
  const accepted: StreamSocket[] = [];
  const failures: string[] = [];
  const ends: string[] = [];
  const loop = new AcceptLoop(listener, {
    clock,
    onAccepted: (socket) => void accepted.push(socket),
    onFailed: (why) => void failures.push(why),
    onEnd: ({ message }) => void ends.push(message),
  });
  return { listener, clock, accepted, failures, ends, loop };
}

Deno.test("connections are handed on until the loop is closed", async () => {
  const { listener, accepted, ends, loop } = start();
  const sockets = [new Socket(), new Socket()];
  for (const socket of sockets) await listener.comes(socket);
  assert.deepEqual(accepted, sockets);
  loop.close();
  loop.close();
  await loop.ended;
  assert.deepEqual([listener.closed, ends], [1, []]);
});

Deno.test("a connection that comes while the loop is closed is closed", async () => {
  const { listener, accepted, loop } = start();
  const late = new Socket();
  const comes = listener.comes(late);
  loop.close();
  await comes;
  await loop.ended;
  assert.deepEqual([accepted, late.closed], [[], 1]);
});

Deno.test("a failed accept is told, and tried again a moment later", async () => {
  const { listener, clock, accepted, failures, loop } = start();
  await listener.fails(new Error("Too many open files (os error 24)"));
  assert.deepEqual([failures, listener.asked], [["Too many open files (os error 24)"], 1]);
  await clock.advance(100);
  assert.equal(listener.asked, 2);
  await listener.comes(new Socket());
  assert.equal(accepted.length, 1);
  await listener.fails(new Error("again"));
  loop.close();
  await loop.ended;
});

for (
  const [what, error, closes] of [
    ["has been closed by somebody else", new Deno.errors.BadResource("gone"), 0],
    ["accepts nothing any more", Object.assign(new Error("EINVAL"), { code: "EINVAL" }), 1],
  ] as const
) {
  Deno.test(`a listener that ${what} ends the loop, which is told once`, async () => {
    const { listener, ends, loop } = start();
    await listener.fails(error);
    await loop.ended;
    assert.deepEqual([ends, listener.closed], [[error.message], closes]);
    loop.close();
    assert.equal(listener.closed, closes);
  });
}

/** Resolves once what has been settled is dealt with. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await undefined;
}
