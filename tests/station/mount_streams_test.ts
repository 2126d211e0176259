/** Receivers that come to the source port, served in its thread and in others. */
import assert from "node:assert/strict";
import { ConnectionLimits } from "../../src/http/connection_limits.ts";
import { TrustedProxies } from "../../src/http/addresses.ts";
import { SystemSockets } from "../../src/listening/system_socket.ts";
import type { StreamFacts } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { MountStreams } from "../../src/station/mount_streams.ts";
import { BorrowedSockets } from "../../src/station/threads/borrowed_sockets.ts";
import { LentSockets } from "../../src/station/threads/lent_sockets.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";
import { StreamedBroadcast } from "../../testing/hls/streamed_broadcast.ts";
import { RawClient } from "../../testing/http/http_fixture.ts";
import { bytesOf } from "../../testing/http/read_requests.ts";
import { until } from "../../testing/until.ts";

/** A source port with `demo` on air, and a thread of listeners, where receivers are lent to it. */
class SourcePort implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  facts: StreamFacts = {};
  readonly counts = new ConnectionLimits({
    ...{ maxConnections: 2, maxPerAddress: 2, maxTogether: 2 },
    proxies: new TrustedProxies([]),
  }).addServer("mounts");
  readonly mounts: MountStreams;
  readonly lent: LentSockets;
  readonly borrowed: BorrowedSockets;
  readonly #clients: RawClient[] = [];
  readonly #system = SystemSockets.load();

  constructor(readonly broadcast: StreamedBroadcast, isLending: boolean, maxSentHere?: number) {
    const { clock, streams, copies } = broadcast;
    this.lent = new LentSockets(clock, (message) => {
      if (message.kind === "receiver") void this.borrowed.serve(message.receiver);
      if (message.kind === "receiver left") this.borrowed.leave(message.id);
    });
    this.borrowed = new BorrowedSockets(copies, (id) => this.lent.takeBack(id));
    this.mounts = new MountStreams({
      ...{ clock, streams, copies, counts: this.counts, url: "http://192.0.2.9:8000" },
      ...{ system: this.#system, factsOf: () => this.facts },
      ...(maxSentHere === undefined ? {} : { maxSentHere }),
      lend: (socket) => {
        if (isLending) this.lent.lend(socket);
        return isLending;
      },
    });
  }

  static async open(isLending: boolean, maxSentHere?: number): Promise<SourcePort> {
    const broadcast = await StreamedBroadcast.start();
    const port = new SourcePort(broadcast, isLending, maxSentHere);
    await broadcast.live(port.ingest, 0, 300);
    return port;
  }

  readonly ingest = this.#publish();

  #publish() {
    return this.broadcast.publish();
  }

  /** A receiver whose request has been read. @returns `undefined` where it is not taken */
  async ask(
    path: string,
    { method = "GET", fields = {} }: {
      readonly method?: "GET" | "HEAD";
      readonly fields?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<RawClient | undefined> {
    const { port } = this.#listener.addr;
    const connecting = Deno.connect({ hostname: "127.0.0.1", port });
    const conn = await this.#listener.accept();
    const client = new RawClient(await connecting);
    this.#clients.push(client);
    const request = { method, path, fields: new Map(Object.entries(fields)) };
    if (this.mounts.serve(request, conn, "192.0.2.1")) return client;
    conn.close();
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    this.mounts.close();
    this.lent.close();
    this.#listener.close();
    await this.broadcast.clock.advance(3000);
    await until("all connections are gone", () => this.counts.count === 0);
    this.borrowed.close();
    this.#system?.close();
    await this.broadcast.stop();
  }
}

for (const isLending of [true, false]) {
  const where = isLending ? "in a thread of listeners" : "in the thread of the port";

  Deno.test(`a mount is answered by HTTP/1.0 with the stream, ${where}`, async () => {
    await using port = await SourcePort.open(isLending);
    for (const path of ["/demo", "/demo.aac"]) {
      const client = await port.ask(path);
      const text = await client?.until(/\r\n\r\n\xff\xf1/) ?? "";
      assert.match(text, /^HTTP\/1\.0 200 OK\r\n/);
      assert.match(text, /\r\nContent-Type: audio\/aac\r\n/);
      assert.match(text, /\r\nicy-name: demo\r\n/);
      assert.match(text, /\r\nicy-br: \d+\r\n/);
      assert.match(text, /\r\nAccess-Control-Expose-Headers: [^\r]*icy-metaint/);
      assert.doesNotMatch(text, /\r\n(?:icy-metaint|transfer-encoding|content-length):/i);
    }
    assert.equal(port.lent.count, isLending ? 2 : 0);
  });

  Deno.test(`who asks for titles gets them from a mount, ${where}`, async () => {
    await using port = await SourcePort.open(isLending);
    const client = await port.ask("/demo", { fields: { "icy-metadata": "1" } });
    const text = await client?.until(/StreamTitle/) ?? "";
    assert.match(text, /\r\nicy-metaint: 1000\r\n/);
  });

  Deno.test(`receivers of a mount are told what the source says of its station, ${where}`, async () => {
    await using port = await SourcePort.open(isLending);
    port.facts = {
      ...{ "ice-name": "Radio Nová ♫", "ice-genre": "Jazz", "ice-public": "1", "ice-bitrate": "9" },
      "ice-url": "https://nova.example\r\nX-Injected: 1",
      "ice-description": 7,
    };
    for (const method of ["GET", "HEAD"] as const) {
      const client = await port.ask("/demo", { method });
      const text = await client?.until(/\r\n\r\n/) ?? "";
      const head = new TextDecoder().decode(bytesOf(text.slice(0, text.indexOf("\r\n\r\n"))));
      const told = head.split("\r\n").filter((line) => /^icy-(?!br)/.test(line));
      assert.deepEqual(told, [
        "icy-name: Radio Nová ♫",
        "icy-genre: Jazz",
        "icy-url: https://nova.example X-Injected: 1",
        "icy-pub: 1",
      ]);
      client?.[Symbol.dispose]();
      await until("it is counted no more", () => port.counts.count === 0);
    }
  });

  Deno.test(`a receiver of a mount hears what follows, to the end of the stream, ${where}`, async () => {
    await using port = await SourcePort.open(isLending);
    const client = await port.ask("/demo");
    const before = (await client?.until(/\r\n\r\n\xff\xf1/) ?? "").length;
    await port.broadcast.live(port.ingest, 300, 400);
    await client?.until(new RegExp(`^[^]{${before + 3000}}`));
    port.ingest.end("finished");
    await port.broadcast.clock.advance(11_000);
    const whole = await client?.all() ?? "";
    assert.ok(whole.length > before + 3000);
    await until("it is counted no more", () => port.counts.count === 0);
  });

  Deno.test(`a receiver of a mount that leaves is counted no more, ${where}`, async () => {
    await using port = await SourcePort.open(isLending);
    const client = await port.ask("/demo");
    await client?.until(/\r\n\r\n\xff\xf1/);
    assert.equal(port.broadcast.copies.listeners.get("demo"), 1);
    client?.[Symbol.dispose]();
    await until("it has left", () => port.broadcast.copies.listeners.size === 0);
    await until("its connection is closed", () => port.counts.count === 0);
  });

  Deno.test(`a receiver of a mount that reads nothing is let go, ${where}`, async () => {
    await using port = await SourcePort.open(isLending);
    const client = await port.ask("/demo");
    await until("it listens", () => port.broadcast.copies.listeners.size === 1);
    // As much as no system holds.
    const data = new Uint8Array(8000);
    for (let frame = 300; port.broadcast.copies.listeners.size > 0; frame++) {
      assert.ok(frame < 10_000);
      port.ingest.write(data, frame * FRAME_MS);
      await port.broadcast.clock.advance(FRAME_MS);
    }
    await port.broadcast.clock.advance(3000);
    await until("its connection is closed", () => port.counts.count === 0);
    const held = (await client?.all() ?? "").length;
    if (Deno.build.os === "linux") assert.ok(held < 1_000_000, `the system held ${held} bytes`);
  });

  Deno.test(`a receiver of a mount that reads nothing when the stream ends is let go, ${where}`, async () => {
    await using port = await SourcePort.open(isLending);
    await port.ask("/demo");
    await until("it listens", () => port.broadcast.copies.listeners.size === 1);
    // More than the system holds, and less than it may be behind.
    const data = new Uint8Array(8000);
    for (let frame = 300; frame < 300 + 500; frame++) {
      port.ingest.write(data, frame * FRAME_MS);
      await port.broadcast.clock.advance(FRAME_MS);
    }
    assert.equal(port.broadcast.copies.listeners.size, 1);
    port.broadcast.manager.find("demo")?.end("teardown", SERVER_REASON);
    assert.equal(port.broadcast.copies.listeners.size, 0);
    assert.equal(port.counts.count, 1);
    await port.broadcast.clock.advance(30_000);
    await until("its connection is closed", () => port.counts.count === 0);
  });
}

Deno.test("what is no mount, or of another codec, is not taken", async () => {
  await using port = await SourcePort.open(true);
  for (
    const path of ["/", "/other", "/demo.mp3", "/demo.ogg", "/a/demo", "/demo.aac.aac", "/~x/demo"]
  ) {
    assert.equal(await port.ask(path), undefined, path);
  }
});

Deno.test("a HEAD of a mount is answered with its head alone", async () => {
  await using port = await SourcePort.open(true);
  const client = await port.ask("/demo", { method: "HEAD" });
  assert.match(await client?.all() ?? "", /^HTTP\/1\.0 200 OK\r\n[^]*audio\/aac[^]*\r\n\r\n$/);
  assert.equal(port.broadcast.copies.listeners.size, 0);
});

Deno.test("an address has its share of a port's receivers, and is told so", async () => {
  await using port = await SourcePort.open(true);
  for (let i = 0; i < 2; i++) await (await port.ask("/demo"))?.until(/\r\n\r\n/);
  const third = await port.ask("/demo");
  assert.match(await third?.all() ?? "", /^HTTP\/1\.0 503 /);
  assert.equal(port.counts.count, 2);
});

Deno.test("the thread of the port sends to so many receivers, and refuses others", async () => {
  await using port = await SourcePort.open(false, 1);
  const first = await port.ask("/demo");
  await first?.until(/\r\n\r\n\xff\xf1/);
  const second = await port.ask("/demo");
  assert.match(await second?.all() ?? "", /^HTTP\/1\.0 503 /);
  await until("the second is counted no more", () => port.counts.count === 1);
});

Deno.test("the files by which players open a mount name it at the port where they were asked for", async () => {
  await using port = await SourcePort.open(true);
  const asked = { fields: { host: "radio.example:8000" } };
  const m3u = await (await port.ask("/demo.m3u", asked))?.all() ?? "";
  assert.match(m3u, /^HTTP\/1\.0 200 OK\r\n/);
  assert.match(m3u, /\r\nContent-Type: audio\/x-mpegurl\r\n/);
  assert.match(m3u, /\r\n\r\n#EXTM3U\n#EXTINF:-1,demo\nhttp:\/\/radio\.example:8000\/demo\.aac\n$/);
  const pls = await (await port.ask("/demo.pls", asked))?.all() ?? "";
  assert.match(pls, /\r\nContent-Type: audio\/x-scpls\r\n/);
  assert.match(pls, /\nFile1=http:\/\/radio\.example:8000\/demo\.aac\n/);
  await until("they are counted no more", () => port.counts.count === 0);
  for (const [told, scheme] of [["https, http", "https"], ["http", "http"], ["x", "http"]]) {
    const fields = { ...asked.fields, "x-forwarded-proto": told ?? "" };
    const text = await (await port.ask("/demo.m3u", { fields }))?.all() ?? "";
    assert.ok(text.endsWith(`\n${scheme}://radio.example:8000/demo.aac\n`), told);
    await until("it is counted no more", () => port.counts.count === 0);
  }
  for (const fields of [{}, { host: "a b" }, { host: 'x"/' }]) {
    const text = await (await port.ask("/demo.m3u", { fields }))?.all() ?? "";
    assert.match(text, /\nhttp:\/\/192\.0\.2\.9:8000\/demo\.aac\n$/, "as nobody told where");
    await until("it is counted no more", () => port.counts.count === 0);
  }
  const head = await (await port.ask("/demo.m3u", { method: "HEAD" }))?.all() ?? "";
  assert.match(head, /\r\nContent-Length: \d+\r\n[^]*\r\n\r\n$/);
  for (const path of ["/demo.ogg", "/demo.xspf", "/demo.m3u8", "/~x.m3u"]) {
    assert.equal(await port.ask(path), undefined, path);
  }
});

Deno.test("off air such a file names the mount that there will be, as with Icecast", async () => {
  await using port = await SourcePort.open(true);
  const asked = { fields: { host: "radio.example:8000" } };
  const m3u = await (await port.ask("/other.m3u", asked))?.all() ?? "";
  assert.match(m3u, /^HTTP\/1\.0 200 OK\r\n[^]*\nhttp:\/\/radio\.example:8000\/other\n$/);
  const pls = await (await port.ask("/other.pls", asked))?.all() ?? "";
  assert.match(pls, /\nFile1=http:\/\/radio\.example:8000\/other\n/);
  await until("they are counted no more", () => port.counts.count === 0);
});
