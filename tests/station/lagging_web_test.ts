/** A thread that lags, over HTTP as listeners are served. */
import assert from "node:assert/strict";
import { listenerSite } from "../../src/station/listener_web.ts";
import { WebServer } from "../../src/web/web_server.ts";
import { later, reloadFor, TwoThreads } from "../../testing/hls/two_threads.ts";
import { RawClient } from "../../testing/http/http_fixture.ts";
import { OFF_AIR } from "../../testing/pages/listener/broadcasts.ts";
import { until } from "../../testing/until.ts";

/** The server of the thread that lags. */
class LaggingServer implements AsyncDisposable {
  readonly threads: TwoThreads;
  /** What answers were timed, by their kind. */
  readonly timed: string[] = [];
  readonly #web: WebServer;
  readonly #clients: RawClient[] = [];

  private constructor(threads: TwoThreads) {
    this.threads = threads;
    const { clock } = threads.broadcast;
    const { routes, ...site } = listenerSite({
      origin: threads.thread,
      preroll: { files: new Map() },
      shows: { status: (name: string) => ({ ...OFF_AIR, name }), current: [] },
      ...{ path: "cast", index: true, clock },
      observe: (kind) => void this.timed.push(kind),
    });
    const address = { hostname: "127.0.0.1", port: 0 };
    this.#web = new WebServer(address, routes, ["echo", "hls"], { ...site, clock });
    this.#web.listen();
  }

  static async start(): Promise<LaggingServer> {
    return new LaggingServer(await TwoThreads.start());
  }

  /** A connection on which the playlist was asked for already, by requests of the same kind. */
  async connect(): Promise<Client> {
    const { hostname, port } = this.#web.addr;
    const client = new RawClient(await Deno.connect({ hostname, port }));
    this.#clients.push(client);
    const connected = new Client(client);
    for (let i = 0; i < 2; i++) {
      await connected.ask("low-media.m3u8");
      assert.equal(await connected.status(), 200);
    }
    return connected;
  }

  /** As many wait as that. */
  async untilWaiting(count: number): Promise<void> {
    await until(`${count} wait`, () => this.threads.thread.waiting === count);
  }

  /** Stops as a thread does. */
  async close(): Promise<void> {
    this.threads.thread.dismiss();
    const closed = this.#web.close();
    await this.threads.broadcast.clock.advance(1000);
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.close();
    await this.threads.stop();
  }
}

class Client {
  readonly #client: RawClient;
  #asked = 0;

  constructor(client: RawClient) {
    this.#client = client;
  }

  async ask(file: string): Promise<void> {
    this.#asked++;
    await this.#client.send(`GET /cast/demo/${file} HTTP/1.1\r\nHost: echo\r\n\r\n`);
  }

  /** Of the answer to the last request. */
  async status(): Promise<number> {
    const answer = (await this.#client.answers(this.#asked)).at(-1) ?? "";
    return Number(answer.slice(9, 12));
  }

  leave(): void {
    this.#client[Symbol.dispose]();
  }
}

Deno.test("what another thread has hinted at is waited for, and the wait is not timed", async () => {
  await using server = await LaggingServer.start();
  const { threads } = server;
  const [one, other] = [await server.connect(), await server.connect()];
  await threads.play(50);
  const { hint = "", segments } = await threads.newest();
  server.timed.length = 0;
  await one.ask(hint);
  await other.ask(reloadFor(hint));
  await server.untilWaiting(2);
  assert.equal(threads.thread.questions, 1, "the version is one of the next here too");
  await threads.settle();
  await threads.play(16);
  await until("both get it", async () => {
    await threads.settle();
    return threads.thread.waiting === 0;
  });
  assert.deepEqual([await one.status(), await other.status()], [200, 200]);
  assert.equal(server.timed.length, 0);
  const [last] = segments.flatMap(({ parts }) => parts).slice(-1);
  await one.ask(last?.uri ?? "");
  assert.equal(await one.status(), 200);
  assert.deepEqual(server.timed, ["segment"]);
});

Deno.test("a client that leaves while the source is asked leaves nothing behind", async () => {
  await using server = await LaggingServer.start();
  const { hint } = await server.threads.newest();
  for (const file of [later(hint, 1), reloadFor(later(hint, 3))]) {
    const leaver = await server.connect();
    await leaver.ask(file);
    await server.untilWaiting(1);
    leaver.leave();
    await server.untilWaiting(0);
  }
});

Deno.test("a stop waits for no answer of the source", async () => {
  await using server = await LaggingServer.start();
  const [one, other] = [await server.connect(), await server.connect()];
  const { hint } = await server.threads.newest();
  await one.ask(later(hint, 1));
  await other.ask(reloadFor(later(hint, 3)));
  await server.untilWaiting(2);
  await server.close();
  assert.deepEqual([await one.status(), await other.status()], [404, 503]);
  assert.equal(server.threads.thread.waiting, 0);
});
