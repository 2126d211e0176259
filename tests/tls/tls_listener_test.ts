/** Connections that carry TLS, as doors use them. */
import assert from "node:assert/strict";
import { CurrentCertificate } from "../../src/tls/current_certificate.ts";
import { FREE_TURNS } from "../../src/tls/handshake_turns.ts";
import { TlsListener } from "../../src/tls/tls_listener.ts";
import type { TlsSocket } from "../../src/tls/tls_socket.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { freePorts } from "../../testing/free_ports.ts";
import { TestAuthority } from "../../testing/tls/test_authority.ts";
import { until } from "../../testing/until.ts";

const PER_SECOND = 30;

/** A listener, and what it has accepted. */
class Door implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly authority: TestAuthority;
  readonly certificate: CurrentCertificate;
  readonly listener: TlsListener;
  readonly #clients: Deno.Conn[] = [];
  readonly #accepted: TlsSocket[] = [];
  /** Sockets of Node that were handed over do not keep a process going. */
  readonly #timer = setInterval(() => {}, 1000);

  private constructor(authority: TestAuthority, certificate: CurrentCertificate) {
    this.authority = authority;
    this.certificate = certificate;
    const listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    this.listener = new TlsListener(listener, certificate, {
      ...{ clock: this.clock, handshakesPerSecond: PER_SECOND },
      protocols: ["h2", "http/1.1"],
    });
  }

  static async open(): Promise<Door> {
    const authority = await TestAuthority.create();
    return new Door(authority, new CurrentCertificate(await authority.issue()));
  }

  /** Both ends of a new connection. */
  async connect(alpnProtocols?: string[]): Promise<{ client: Deno.TlsConn; server: TlsSocket }> {
    const caCerts = [this.authority.root];
    const { port } = this.listener.addr;
    const connecting = Deno.connectTls({
      ...{ hostname: "localhost", port, caCerts },
      ...(alpnProtocols === undefined ? {} : { alpnProtocols }),
    });
    const server = await this.accept();
    const client = await connecting;
    this.#clients.push(client);
    await Promise.all([client.handshake(), server.secured()]);
    return { client, server };
  }

  async connectPlainly(): Promise<{ client: Deno.TcpConn; server: TlsSocket }> {
    const { port } = this.listener.addr;
    const connecting = Deno.connect({ hostname: "127.0.0.1", port });
    const server = await this.accept();
    const client = await connecting;
    this.#clients.push(client);
    return { client, server };
  }

  async accept(): Promise<TlsSocket> {
    const socket = await this.listener.accept();
    this.#accepted.push(socket);
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) {
      try {
        client.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error; // the test has closed it
      }
    }
    for (const socket of this.#accepted) socket.close();
    clearInterval(this.#timer);
    this.listener.close();
    await this.authority[Symbol.asyncDispose]();
  }
}

/** Whether the system has a connection from that port (proc(5), /proc/net/tcp). */
async function isKept(port: number): Promise<boolean> {
  const [, ...lines] = (await Deno.readTextFile("/proc/net/tcp")).trim().split("\n");
  const hex = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return lines.map((line) => line.trim().split(/\s+/)).some(([, local, , state]) =>
    local?.endsWith(hex) && state !== LISTENS
  );
}

const LISTENS = "0A";

/** Reads to the end. */
async function readAll(conn: Deno.Conn, took: (count: number) => void = () => {}): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    took(count);
  }
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("what one end writes the other reads, in parts as it likes", async () => {
  await using door = await Door.open();
  const { client, server } = await door.connect();
  await client.write(bytesOf("hello"));
  const buffer = new Uint8Array(2);
  let text = "";
  while (text.length < 5) {
    const count = await server.read(buffer);
    text += new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  }
  assert.equal(text, "hello");
  assert.equal(await server.write(bytesOf("good day")), 8);
  const answer = new Uint8Array(100);
  const count = await client.read(answer);
  assert.equal(new TextDecoder().decode(answer.subarray(0, count ?? 0)), "good day");
});

Deno.test("the end of what a client sends is read as an end, and it can still be answered", async () => {
  await using door = await Door.open();
  const { client, server } = await door.connect();
  await client.write(bytesOf("bye"));
  await client.closeWrite();
  const buffer = new Uint8Array(10);
  assert.equal(await server.read(buffer), 3);
  assert.equal(await server.read(buffer), null);
  await server.write(bytesOf("so long"));
  await server.closeWrite();
  assert.equal(await client.read(buffer), 7);
  assert.equal(await client.read(buffer), null);
});

Deno.test("the protocol is the client's best of those that there are", async () => {
  await using door = await Door.open();
  for (
    const [offered, expected] of [
      [["h2", "http/1.1"], "h2"],
      [["http/1.1"], "http/1.1"],
      [undefined, undefined],
    ] as const
  ) {
    const { server } = await door.connect(offered === undefined ? undefined : [...offered]);
    assert.equal(await server.protocol(), expected);
  }
});

Deno.test("the next connection gets the new certificate, and others go on", async () => {
  await using door = await Door.open();
  const { client, server } = await door.connect();
  const stranger = await TestAuthority.create();
  door.certificate.replace(await stranger.issue());
  await assert.rejects(door.connect(), /invalid peer certificate|UnknownIssuer|not agreed/);
  await stranger[Symbol.asyncDispose]();
  await client.write(bytesOf("still"));
  assert.equal(await server.read(new Uint8Array(10)), 5);
  door.certificate.replace(await door.authority.issue({ kind: "rsa", chain: true }));
  await door.connect();
});

Deno.test("a client that reads nothing is written to no further", async () => {
  await using door = await Door.open();
  const { client, server } = await door.connect();
  const part = new Uint8Array(1_000_000);
  let [written, isStuck] = [0, false];
  const writing = (async () => {
    for (;;) written += await server.write(part);
  })();
  writing.catch(() => {});
  await until("nothing more is taken", async () => {
    const before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
    isStuck = written === before && written > 0;
    return isStuck;
  });
  server.close();
  await assert.rejects(writing);
  // The system keeps nothing for it either.
  await until("the connection is gone", async () => !await isKept(door.listener.addr.port));
  await assert.rejects(readAll(client), Deno.errors.ConnectionReset);
});

Deno.test("what was written before a connection is closed comes whole", async () => {
  await using door = await Door.open();
  const { client, server } = await door.connect();
  const bytes = new Uint8Array(1_000_000);
  for (let sent = 0; sent < bytes.length;) sent += await server.write(bytes.subarray(sent));
  server.close();
  let read = 0;
  await assert.rejects(readAll(client, (count) => read += count), /close_notify/);
  assert.equal(read, bytes.length);
});

Deno.test("what a client sends and nobody reads is left with the system", async () => {
  await using door = await Door.open();
  const { client, server } = await door.connect();
  await client.write(bytesOf("x"));
  assert.equal(await server.read(new Uint8Array(1)), 1);
  let sent = 0;
  const sending = (async () => {
    for (;;) sent += await client.write(new Uint8Array(100_000));
  })();
  sending.catch(() => {});
  await until("the client is held up", async () => {
    const before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return sent === before && sent > 0;
  });
  const buffer = new Uint8Array(65_536);
  for (let read = 0; read < 1_000_000;) read += await server.read(buffer) ?? 0;
  client.close();
  await assert.rejects(sending);
});

Deno.test("who speaks no TLS, or leaves before it is agreed on, is an error", async () => {
  await using door = await Door.open();
  const noise = await door.connectPlainly();
  await noise.client.write(bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  await assert.rejects(noise.server.read(new Uint8Array(10)));
  const gone = await door.connectPlainly();
  const reading = gone.server.read(new Uint8Array(10));
  gone.client.close();
  await assert.rejects(reading);
});

Deno.test("a connection can be closed before TLS, during it and while it is read", async () => {
  await using door = await Door.open();
  const early = await door.connectPlainly();
  early.server.close();
  await assert.rejects(early.server.read(new Uint8Array(10)));
  assert.equal(await early.client.read(new Uint8Array(10)), null);
  const during = await door.connectPlainly();
  const beginning = during.server.read(new Uint8Array(10));
  during.server.close();
  await assert.rejects(beginning);
  assert.equal(await during.client.read(new Uint8Array(10)), null);
  const { client, server } = await door.connect();
  const reading = server.read(new Uint8Array(10));
  server.close();
  await assert.rejects(reading, Deno.errors.Interrupted);
  await assert.rejects(client.read(new Uint8Array(10)), /close_notify/);
});

Deno.test("who has the same port towards two addresses of a listener has two connections", async () => {
  await using door = await Door.open();
  const { port } = door.listener.addr;
  const [own = 0] = freePorts(1);
  const clients = ["127.0.0.1", "127.0.0.2"].map((address) =>
    new Deno.Command("openssl", {
      args: [
        ...["s_client", "-quiet", "-connect", `${address}:${port}`, "-bind", `127.0.0.1:${own}`],
      ],
      ...{ stdin: "piped", stdout: "null", stderr: "null" },
    }).spawn()
  );
  const servers = [await door.accept(), await door.accept()];
  assert.deepEqual(servers.map(({ remoteAddr }) => remoteAddr.port), [own, own]);
  const secured = await Promise.all(servers.map((server) => server.secured()));
  assert.deepEqual(
    secured.map(({ localAddress }) => localAddress),
    servers.map(({ localAddr }) => localAddr.hostname),
  );
  for (const server of servers) server.close();
  for (const client of clients) await client.stdin.close();
  await Promise.all(clients.map(({ status }) => status));
});

Deno.test("handshakes begin at a rate, and a connection can be closed before its turn", async () => {
  await using door = await Door.open();
  const silent = [];
  for (let i = 0; i < FREE_TURNS; i++) silent.push((await door.connectPlainly()).server.secured());
  for (const securing of silent) securing.catch(() => {});
  const { client, server } = await door.connectPlainly();
  const securing = server.secured();
  server.close();
  await assert.rejects(securing, Deno.errors.Interrupted);
  assert.equal(await client.read(new Uint8Array(1)), null);
  const late = door.connect();
  await until("it waits for its turn", () => door.clock.timerCount === 1);
  await door.clock.advance(1000 / PER_SECOND);
  await late;
});

Deno.test("who begins TLS and says nothing more gives way to others", async () => {
  await using door = await Door.open();
  const silent: Deno.TcpConn[] = [];
  const ended: number[] = [];
  for (let i = 0; i < PER_SECOND; i++) {
    const { client, server } = await door.connectPlainly();
    server.secured().catch(() => ended.push(i));
    silent.push(client);
    await door.clock.advance(1000 / PER_SECOND);
  }
  await door.connect();
  await until("one has given way", () => ended.length > 0);
  assert.deepEqual(ended, [0], "the oldest");
  assert.equal(await silent[0]?.read(new Uint8Array(1)), null);
});
