/** A listener that decides about callers before it accepts them. */
import assert from "node:assert/strict";
import {
  type AnswerRequest,
  connectSrt,
  listenSrt,
  loadSrt,
  type SrtAddress,
  SrtError,
  type SrtListener,
  SrtPoller,
} from "../../ffi/srt.ts";
import { connected, ConnectionRecord, Server, srt } from "../../testing/ffi/loopback.ts";
import { until } from "../../testing/until.ts";

/** Begins to connect, and notes how that ends. */
function call(poller: SrtPoller, peer: SrtAddress, streamId: string): ConnectionRecord {
  const caller = new ConnectionRecord(connectSrt(srt, peer, { streamId }));
  poller.addConnection(caller.connection, caller);
  return caller;
}

Deno.test("a caller is told the code that it is refused with, and others are let in", async () => {
  using poller = new SrtPoller(srt);
  const asked: string[] = [];
  using server = new Server(poller, {
    onRequest: ({ peer, streamId }) => {
      asked.push(`${peer.hostname} ${streamId}`);
      return streamId === "" ? undefined : Number(streamId);
    },
  });
  const { address } = server.listener;
  for (const code of [1400, 1403, 1409, 2000]) {
    const refused = call(poller, address, `${code}`);
    await until("it is refused", () => refused.end !== undefined);
    assert.match(refused.end?.reason ?? "", new RegExp(`\\(${code}\\)$`));
  }
  using _caller = (await connected(poller, address)).connection;
  await server.connection();
  assert.equal(server.accepted.length, 1, "nobody else was accepted");
  assert.deepEqual(asked, [1400, 1403, 1409, 2000, ""].map((code) => `127.0.0.1 ${code}`));
});

Deno.test("a listener of both families tells IPv4 callers as such, and longest stream ids whole", async () => {
  using poller = new SrtPoller(srt);
  const streamId = "é".repeat(255);
  const asked: unknown[] = [];
  using server = new Server(poller, {
    hostname: "::",
    onRequest: ({ peer: { hostname }, streamId }) => void asked.push({ hostname, streamId }),
  });
  const { port } = server.listener.address;
  for (const hostname of ["127.0.0.1", "::1"]) {
    const peer = { hostname, port };
    using _caller = (await connected(poller, peer, { streamId })).connection;
  }
  assert.deepEqual(asked, [{ hostname: "127.0.0.1", streamId }, { hostname: "::1", streamId }]);
});

Deno.test("two hundred callers at once are all answered", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, {
    backlog: 256,
    onRequest: ({ streamId }) => Number(streamId) % 2 === 0 ? 1403 : undefined,
  });
  const callers = Array.from({ length: 200 }, (_, i) => {
    return call(poller, server.listener.address, `${i}`);
  });
  await until("all know", () => callers.every(({ writable, end }) => writable > 0 || end));
  for (const [i, { end }] of callers.entries()) {
    if (i % 2 === 0) assert.match(end?.reason ?? "", /\(1403\)$/);
    else assert.equal(end, undefined);
  }
  await until("those let in are accepted", () => server.accepted.length === 100);
  for (const { connection } of callers) connection.close();
});

Deno.test("what is wrong in an answer refuses the caller, and is told as any error", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, {
    onRequest: () => {
      throw new Error("met a bug");
    },
  });
  const errors: string[] = [];
  const note = (event: ErrorEvent) => {
    event.preventDefault();
    errors.push(event.message);
  };
  globalThis.addEventListener("error", note);
  try {
    const caller = call(poller, server.listener.address, "");
    await until("it is refused", () => caller.end !== undefined);
    assert.match(caller.end?.reason ?? "", /\(1500\)$/);
  } finally {
    globalThis.removeEventListener("error", note);
  }
  assert.match(errors.join(), /met a bug/);
});

Deno.test("a caller with another passphrase is told of, and one who is accepted is not", async () => {
  using poller = new SrtPoller(srt);
  const passphrase = "correct-horse-battery";
  const failed: SrtAddress[] = [];
  using listener = listenSrt(srt, {
    ...{ hostname: "127.0.0.1", port: 0, passphrase },
    onRequest: () => undefined,
  });
  const accepted: Disposable[] = [];
  poller.addListener(listener, {
    onConnection: (connection) => void accepted.push(connection),
    onError: (error) => assert.fail(error),
    onHandshakeFailed: (peer) => failed.push(peer),
  });
  using _right = (await connected(poller, listener.address, { passphrase })).connection;
  await assert.rejects(
    connected(poller, listener.address, { passphrase: "another-horse-battery" }),
    SrtError,
  );
  await until("it is told of", () => failed.length > 0);
  assert.deepEqual(failed.map(({ hostname }) => hostname), ["127.0.0.1"]);
  for (const connection of accepted) connection[Symbol.dispose]();
  assert.equal(accepted.length, 1);
});

/** Callers that come as fast as they can until told otherwise. */
class Flood implements Disposable {
  readonly #poller: SrtPoller;
  readonly #callers = new Set<ConnectionRecord>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(poller: SrtPoller, peer: SrtAddress) {
    this.#poller = poller;
    this.#timer = setInterval(() => {
      for (let i = 0; i < 5; i++) this.#callers.add(call(this.#poller, peer, `${i}`));
    }, 2);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const { connection } of this.#callers) connection.close();
  }
}

Deno.test("a listener and its library close while callers keep coming, again and again", async () => {
  using poller = new SrtPoller(srt);
  let asked = 0;
  const onRequest: AnswerRequest = () => (asked++, 1403);
  for (let round = 0; round < 10; round++) {
    const library = loadSrt();
    const listener: SrtListener = listenSrt(library, { hostname: "127.0.0.1", port: 0, onRequest });
    using _flood = new Flood(poller, listener.address);
    const before = asked;
    await until("some were asked about", () => asked > before + 5);
    listener.close();
    await library.close();
    assert.equal(library.hooks.size, 0);
  }
});
