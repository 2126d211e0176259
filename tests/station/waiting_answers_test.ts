/** Players that wait for what comes next get the same from prepared bytes as from the routes. */
import assert from "node:assert/strict";
import { localOrigin } from "../../src/hls/local_origin.ts";
import type { Replica } from "../../src/hls/replica.ts";
import { listenerSite } from "../../src/station/listener_web.ts";
import { WebServer } from "../../src/web/web_server.ts";
import { Broadcast } from "../../testing/hls/broadcast.ts";
import { RawClient } from "../../testing/http/http_fixture.ts";
import { OFF_AIR } from "../../testing/pages/listener/broadcasts.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { until } from "../../testing/until.ts";

const ADDRESS = { hostname: "127.0.0.1", port: 0 };
const MEDIA = "/cast/demo/low-media.m3u8";

/** A broadcast on air, on a server that prepares answers and on one that asks its routes each time. */
class TwoServers implements AsyncDisposable {
  prepared = 0;
  /** What was timed: kind and milliseconds. */
  readonly timed: [string, number][] = [];
  readonly origin: Replica;
  readonly broadcast: Broadcast;
  readonly #ingest: Ingest;
  readonly #servers: readonly WebServer[];
  #frame = 0;

  private constructor(broadcast: Broadcast) {
    this.broadcast = broadcast;
    this.#ingest = broadcast.connect();
    const { clock, hls } = broadcast;
    const readFile = () => Promise.resolve(undefined);
    this.origin = localOrigin(hls.distributor, { clock, readFile });
    const { routes, middleware, shared } = listenerSite({
      origin: this.origin,
      preroll: { files: new Map() },
      shows: { status: (name: string) => ({ ...OFF_AIR, name }), current: [] },
      ...{ path: "cast", index: true, clock },
      observe: (kind, _, ms) => void this.timed.push([kind, ms]),
    });
    assert.ok(shared !== undefined && middleware !== undefined);
    const counting = {
      ...shared,
      observerOf: () => () => void this.prepared++,
    };
    this.#servers = [{ shared: counting }, {}].map((more) =>
      new WebServer(ADDRESS, routes, ["echo", "hls"], { middleware, clock, ...more })
    );
    for (const server of this.#servers) server.listen();
  }

  static async start(): Promise<TwoServers> {
    const servers = new TwoServers(await Broadcast.start());
    await servers.play(200);
    return servers;
  }

  async play(frames: number): Promise<void> {
    await this.broadcast.live(this.#ingest, this.#frame, this.#frame + frames);
    this.#frame += frames;
  }

  /** A connection to each on which nothing was asked for. */
  async open(which: number): Promise<RawClient> {
    const { hostname = "", port = 0 } = this.#servers[which]?.addr ?? {};
    return new RawClient(await Deno.connect({ hostname, port }));
  }

  /** A connection to each; the plain playlist is answered on it already. */
  async connect(which = [0, 1]): Promise<RawClient[]> {
    return await Promise.all(which.map(async (at) => {
      const client = await this.open(at);
      await client.send(`GET ${MEDIA} HTTP/1.1\r\nHost: echo\r\n\r\n`);
      await client.answers(1);
      return client;
    }));
  }

  /** The part that comes next. */
  async nextPart(origin: Pick<Replica, "playlist"> = this.origin): Promise<string> {
    const playlist = await origin.playlist("demo", "low-media.m3u8");
    return playlist?.edge?.nextPartUri ?? "";
  }

  /** Asks for the playlist with the part that comes next. */
  async next(): Promise<string> {
    const uri = await this.nextPart();
    const [, sequence, part] = /^(\d+)-.*\.(\d+)\.m4s$/.exec(uri) ?? assert.fail(uri);
    return `${MEDIA}?_HLS_msn=${sequence}&_HLS_part=${part}`;
  }

  async untilWaiting(count: number): Promise<void> {
    await until(`${count} wait`, () => this.origin.waiting === count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.origin.close();
    const closed = Promise.all(this.#servers.map((server) => server.close()));
    await this.broadcast.clock.advance(1000);
    await closed;
    await this.broadcast.stop();
  }
}

for (const fields of ["", "Accept-Encoding: gzip\r\nOrigin: https://player.example\r\n"]) {
  Deno.test(`an answer that was waited for is the same field by field, with ${fields.length} more`, async () => {
    await using servers = await TwoServers.start();
    // The first one makes the server subscribe to it.
    const clients = await servers.connect();
    for (let i = 0; i < 2; i++) clients.push(...await servers.connect());
    for (let round = 0; round < 3; round++) {
      const target = await servers.next();
      for (const client of clients) {
        await client.send(`GET ${target} HTTP/1.1\r\nHost: echo\r\n${fields}\r\n`);
      }
      await servers.untilWaiting(clients.length);
      await servers.play(16);
      const answers = await Promise.all(
        clients.map(async (client) => (await client.answers(2 + round)).at(-1)),
      );
      assert.equal(
        new Set(answers.map((answer) => answer?.replace(/\r\ndate: .*\r\n/, ""))).size,
        1,
      );
      assert.match(answers[0] ?? "", /^HTTP\/1.1 200 OK\r\n[^]*\r\ncache-control: max-age=6\r\n/i);
    }
    // Of the three that asked the preparing server, two got what the first one had made.
    assert.ok(servers.prepared >= 3, `${servers.prepared} were prepared`);
    for (const client of clients) client[Symbol.dispose]();
  });
}

Deno.test("who asks for what cannot be is refused alike, and who waits in vain is told alike", async () => {
  await using servers = await TwoServers.start();
  const clients = await servers.connect();
  const seen: string[][] = [];
  for (const query of ["_HLS_part=1", "_HLS_msn=x", "_HLS_msn=1&_HLS_msn=2", "_HLS_msn=1"]) {
    for (const client of clients) {
      await client.send(`GET ${MEDIA}?${query} HTTP/1.1\r\nHost: echo\r\n\r\n`);
    }
    seen.push(
      await Promise.all(clients.map(async (client) => {
        return (await client.answers(seen.length + 2)).at(-1) ?? "";
      })),
    );
  }
  const target = await servers.next();
  for (const client of clients) await client.send(`GET ${target} HTTP/1.1\r\nHost: echo\r\n\r\n`);
  await servers.untilWaiting(2);
  servers.origin.dismiss();
  seen.push(
    await Promise.all(clients.map(async (client) => (await client.answers(6)).at(-1) ?? "")),
  );
  const withoutDate = (answer: string) => answer.replace(/\r\ndate: .*\r\n/, "\r\n");
  for (const [one = "", other = ""] of seen) assert.equal(withoutDate(one), withoutDate(other));
  const statuses = seen.map(([answer = ""]) => answer.split(" ")[1]);
  assert.deepEqual(statuses, ["400", "400", "400", "200", "503"]);
  for (const client of clients) client[Symbol.dispose]();
});

Deno.test("what follows on a connection that waited is read as any other request", async () => {
  await using servers = await TwoServers.start();
  const [first] = await servers.connect();
  for (let i = 0; i < 2; i++) {
    const [client] = await servers.connect();
    const target = await servers.next();
    await client?.send(`GET ${target} HTTP/1.1\r\nHost: echo\r\n\r\n`);
    await servers.untilWaiting(1);
    await servers.play(16);
    await client?.answers(2);
    for (const [fields, status] of [["Range: bytes=0-4\r\n", 200], ["X\r\n", 400]] as const) {
      await client?.send(`GET ${MEDIA} HTTP/1.1\r\nHost: echo\r\n${fields}\r\n`);
      const answers = await client?.answers(status === 200 ? 3 : 4);
      assert.match(answers?.at(-1) ?? "", new RegExp(`^HTTP/1.1 ${status} `));
    }
    client?.[Symbol.dispose]();
  }
  first?.[Symbol.dispose]();
});

Deno.test("a part is timed where it is there, and not where the request waits for it to come", async () => {
  await using servers = await TwoServers.start();
  const [client] = await servers.connect([1]);
  const part = `/cast/demo/${await servers.nextPart()}`;
  servers.timed.length = 0;
  await client?.send(`GET ${part} HTTP/1.1\r\nHost: echo\r\n\r\n`);
  await servers.untilWaiting(1);
  await servers.play(16);
  await client?.answers(2);
  assert.deepEqual(servers.timed, []);
  await client?.send(`GET ${part} HTTP/1.1\r\nHost: echo\r\n\r\n`);
  await client?.answers(3);
  assert.deepEqual(servers.timed, [["segment", 0]]);
  client?.[Symbol.dispose]();
});

Deno.test("a part is not timed either that is waited for by the first request to a thread", async () => {
  await using servers = await TwoServers.start();
  const { hls, clock } = servers.broadcast;
  const readFile = () => Promise.resolve(undefined);
  const elsewhere = localOrigin(hls.distributor, { clock, readFile });
  const part = await servers.nextPart(elsewhere);
  for (const which of [0, 1]) {
    using client = await servers.open(which);
    await client.send(`GET /cast/demo/${part} HTTP/1.1\r\nHost: echo\r\n\r\n`);
    if (which === 0) {
      await servers.untilWaiting(1);
      await servers.play(16);
    }
    assert.match((await client.answers(1))[0] ?? "", /^HTTP\/1.1 200 /);
  }
  assert.deepEqual(servers.timed, [["segment", 0]], "the second one did not wait");
  elsewhere.close();
});

Deno.test("who disconnects while waiting leaves nothing behind", async () => {
  await using servers = await TwoServers.start();
  const clients = (await Promise.all(Array.from({ length: 50 }, () => servers.connect()))).flat();
  const target = await servers.next();
  for (const client of clients) await client.send(`GET ${target} HTTP/1.1\r\nHost: echo\r\n\r\n`);
  await servers.untilWaiting(100);
  for (const client of clients) client[Symbol.dispose]();
  await servers.untilWaiting(0);
  await servers.play(16);
});
