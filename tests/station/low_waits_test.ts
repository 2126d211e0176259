/** Who waits for what comes next in low latency, over HTTP as listeners are served. */
import assert from "node:assert/strict";
import type { Replica } from "../../src/hls/replica.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { listenerSite } from "../../src/station/listener_web.ts";
import { WebServer } from "../../src/web/web_server.ts";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { LowListener } from "../../testing/hls/low_listener.ts";
import { RawClient } from "../../testing/http/http_fixture.ts";
import { OFF_AIR } from "../../testing/pages/listener/broadcasts.ts";
import { until } from "../../testing/until.ts";

const MEDIA = "low-media.m3u8";
const ON_AIR_FRAMES = 200;

/** A broadcast that sends, and a server of it for listeners. */
class LowServer implements AsyncDisposable {
  readonly broadcast: Broadcast;
  readonly origin: Replica;
  /** How often the routes were asked. */
  handled = 0;
  readonly fetches: string[] = [];
  readonly #ingest: Ingest;
  readonly #web: WebServer;
  readonly #clients: RawClient[] = [];
  #sent = ON_AIR_FRAMES;

  private constructor(broadcast: Broadcast, ingest: Ingest) {
    const { clock } = this.broadcast = broadcast;
    this.#ingest = ingest;
    this.origin = new LowListener(broadcast).origin;
    const { routes, shared } = listenerSite({
      origin: this.origin,
      preroll: { files: new Map() },
      shows: { status: (name: string) => ({ ...OFF_AIR, name }), current: [] },
      ...{ path: "cast", index: true, clock },
      onFetch: (name, file) => void this.fetches.push(`${name}/${file}`),
      observe: () => {},
    });
    this.#web = new WebServer({ hostname: "127.0.0.1", port: 0 }, routes, ["echo", "hls"], {
      clock,
      ...(shared && { shared }),
      middleware: [(_, next) => {
        this.handled++;
        return next();
      }],
    });
    this.#web.listen();
  }

  static async start(): Promise<LowServer> {
    const broadcast = await Broadcast.start();
    const ingest = broadcast.connect();
    await broadcast.live(ingest, 0, ON_AIR_FRAMES);
    return new LowServer(broadcast, ingest);
  }

  /** A client that has the newest version. */
  async connect(): Promise<Client> {
    const { hostname, port } = this.#web.addr;
    const client = new RawClient(await Deno.connect({ hostname, port }));
    this.#clients.push(client);
    const connected = new Client(client);
    await connected.get(MEDIA);
    return connected;
  }

  /** Has the next part come. */
  async sendPart(): Promise<void> {
    await this.broadcast.live(this.#ingest, this.#sent, this.#sent + 16);
    this.#sent += 16;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    const closed = this.#web.close();
    await this.broadcast.clock.advance(1000);
    await closed;
    this.origin.close();
    await this.broadcast.stop();
  }
}

/** A connection on which one request follows the other. */
class Client {
  readonly #client: RawClient;
  #asked = 0;

  constructor(client: RawClient) {
    this.#client = client;
  }

  async ask(file: string, fields = ""): Promise<void> {
    this.#asked++;
    await this.#client.send(`GET /cast/demo/${file} HTTP/1.1\r\nHost: echo\r\n${fields}\r\n`);
  }

  /** The answer to the last request. */
  async answer(): Promise<Answer> {
    const text = (await this.#client.answers(this.#asked)).at(-1) ?? "";
    const [head = "", body = ""] = text.split("\r\n\r\n");
    const caching = /^cache-control: *(.*)$/im.exec(head)?.[1] ?? "";
    return { status: Number(head.slice(9, 12)), caching, head, body };
  }

  async get(file: string): Promise<Answer> {
    await this.ask(file);
    return await this.answer();
  }

  leave(): void {
    this.#client[Symbol.dispose]();
  }
}

interface Answer {
  readonly status: number;
  /** Cache-Control. */
  readonly caching: string;
  readonly head: string;
  readonly body: string;
}

/** What comes next, by the playlist that a client had last. */
async function comingNext(client: Client): Promise<{ hint: string; reload: string; next: number }> {
  const { body } = await client.get(MEDIA);
  const [, hint = "", sequence, part] = /"((\d+)-[^"]*\.(\d+)\.m4s)"\n$/.exec(body) ?? [];
  const reload = `${MEDIA}?_HLS_msn=${sequence}&_HLS_part=${part}`;
  return { hint, reload, next: Number(sequence) };
}

function outcome({ status, caching }: Answer): [number, string] {
  return [status, caching];
}

Deno.test("of many who wait for the same two are answered by the routes, and all alike", async () => {
  await using server = await LowServer.start();
  const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
  const [first] = clients;
  assert.ok(first);
  for (const what of ["reload", "hint"] as const) {
    const file = (await comingNext(first))[what];
    server.handled = 0;
    for (const client of clients) await client.ask(file);
    await until("all wait", () => server.origin.waiting === clients.length);
    assert.equal(server.handled, 0, "the routes hold nothing of them");
    await server.sendPart();
    const answers = await Promise.all(clients.map((client) => client.answer()));
    const [answer, ...others] = answers;
    assert.equal(answer?.status, 200);
    for (const other of others) assert.deepEqual(other, answer);
    assert.equal(server.handled, 2);
    assert.equal(server.origin.waiting, 0);
  }
});

Deno.test("who waits may have sent the next request already, and both are answered", async () => {
  await using server = await LowServer.start();
  const client = await server.connect();
  for (let round = 0; round < 3; round++) {
    const { reload, hint } = await comingNext(client);
    await client.ask(reload);
    await until("it waits", () => server.origin.waiting === 1);
    await client.ask(hint, `X-Padding: ${"x".repeat(3000)}\r\n`);
    await server.sendPart();
    assert.deepEqual(outcome(await client.answer()), [200, "max-age=600, immutable"]);
  }
});

Deno.test("a client that leaves while it waits leaves nothing behind", async () => {
  await using server = await LowServer.start();
  const [first, stays] = [await server.connect(), await server.connect()];
  const { hint, reload } = await comingNext(first);
  for (const file of [reload, hint]) {
    const leaver = await server.connect();
    await leaver.ask(file);
    await until("it waits", () => server.origin.waiting === 1);
    leaver.leave();
    await until("it waits no longer", () => server.origin.waiting === 0);
  }
  await stays.ask(reload);
  await until("another one waits", () => server.origin.waiting === 1);
  await server.sendPart();
  assert.deepEqual(outcome(await stays.answer()), [200, "max-age=6"]);
});

Deno.test("where nothing comes any more those who wait are told so at once", async () => {
  await using server = await LowServer.start();
  const [one, other] = [await server.connect(), await server.connect()];
  const { hint, reload } = await comingNext(one);
  await one.ask(reload);
  await other.ask(hint);
  await until("both wait", () => server.origin.waiting === 2);
  server.origin.dismiss();
  assert.deepEqual(outcome(await one.answer()), [503, "no-store"]);
  assert.deepEqual(outcome(await other.answer()), [503, "no-store"]);
  assert.equal(server.origin.waiting, 0);
});

Deno.test("while many of one address wait, those of others are answered all the same", async () => {
  await using server = await LowServer.start();
  const [one, other] = [await server.connect(), await server.connect()];
  const { hint, reload } = await comingNext(one);
  const newerThan = /^etag: *(.*)$/im.exec((await one.get(MEDIA)).head)?.[1] ?? "";
  const options = { newerThan, maxMs: 3000, client: "203.0.113.66" };
  const waits = Array.from({ length: 10_000 }, () => server.origin.wait("demo", MEDIA, options));
  const [first, second, ...rest] = waits;
  await one.ask(reload);
  await other.ask(hint);
  assert.deepEqual([await first, await second], [undefined, undefined]);
  assert.equal(server.origin.waiting, 10_000);
  await server.sendPart();
  assert.deepEqual(outcome(await one.answer()), [200, "max-age=6"]);
  assert.deepEqual(outcome(await other.answer()), [200, "max-age=600, immutable"]);
  assert.ok((await Promise.all(rest)).every((playlist) => playlist !== undefined));
});

Deno.test("what asks for what cannot be is refused at once, on a connection that goes on", async () => {
  await using server = await LowServer.start();
  const client = await server.connect();
  const { hint, next } = await comingNext(client);
  const refused = ["?_HLS_part=0", `?_HLS_msn=${next + 2}`, `?_HLS_msn=${next}&_HLS_part=90`];
  const malformed = ["?_HLS_msn=x", `?_HLS_msn=${next}&_HLS_part=-1`, "?_HLS_msn=", "?_HLS_part"];
  for (const query of [...refused, ...malformed]) {
    assert.deepEqual(outcome(await client.get(MEDIA + query)), [400, "max-age=1"], query);
  }
  const farther = hint.replace(/\.(\d+)\.m4s$/, (_, part) => `.${Number(part) + 1}.m4s`);
  const others = [farther, hint.replace(/^\d+/, `${next + 1}`), "low-media.m4s", "init-0.mp4"];
  for (const file of others) {
    assert.deepEqual(outcome(await client.get(file)), [404, "max-age=1"], file);
  }
  assert.equal(server.origin.waiting, 0);
});

Deno.test("a listener counts once a segment, also where its parts come out of prepared bytes", async () => {
  await using server = await LowServer.start();
  const client = await server.connect();
  for (let part = 0; part < 6; part++) {
    const { hint } = await comingNext(client);
    for (let time = 0; time < 4; time++) {
      await client.ask(hint);
      if (time > 0) continue;
      await until("it waits", () => server.origin.waiting === 1);
      await server.sendPart();
    }
    await client.answer();
  }
  assert.ok(server.fetches.length > 0);
  for (const file of server.fetches) assert.match(file, /\.0\.m4s$/);
});

Deno.test("whoever is answered out of memory hears the broadcast, but for who only looks at it", async () => {
  const broadcast = await Broadcast.start();
  const { clock } = broadcast;
  const heard: string[] = [];
  const origin = Object.assign(new LowListener(broadcast).origin, {
    hear: (name: string, client: () => string | undefined) => heard.push(`${name} ${client()}`),
  });
  const { shared } = listenerSite({
    origin,
    preroll: { files: new Map() },
    shows: { status: (name: string) => ({ ...OFF_AIR, name }), current: [] },
    ...{ path: "cast", index: true, clock },
    observe: () => {},
  });
  const answer = (file: string, client: string) =>
    shared?.observerOf(`/cast/demo/${file}`)(client, "");
  for (const file of ["low.m3u8", MEDIA, "playlist.m3u8", "1-2.ts"]) answer(file, "192.0.2.1");
  assert.deepEqual(heard, []);
  answer(`${MEDIA}?_HLS_msn=7&_HLS_part=1`, "192.0.2.1");
  answer("7-1700000000-k3f9.1.m4s", "::ffff:192.0.2.2");
  answer("7-1700000000-k3f9.m4s", "127.0.0.1");
  assert.deepEqual(heard, ["demo 192.0.2.1", "demo 192.0.2.2", "demo undefined"]);
  origin.close();
  await broadcast.stop();
});
