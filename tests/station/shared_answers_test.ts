/** What listeners get from prepared bytes is what the routes answer, field by field. */
import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import type { SharedContents } from "../../src/http/prepared_answers.ts";
import { listenerSite } from "../../src/station/listener_web.ts";
import { WebServer } from "../../src/web/web_server.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { originOf, servedStream } from "../../testing/hls/served_stream.ts";
import { RawClient } from "../../testing/http/http_fixture.ts";
import { OFF_AIR } from "../../testing/pages/listener/broadcasts.ts";

const SEGMENT = "5-1700000000.ts";
const BYTES = new Uint8Array(100_000).map((_, i) => i);
const ADDRESS = { hostname: "127.0.0.1", port: 0 };
const PLAYER = "Host: echo\r\nUser-Agent: a player\r\n";

/** Two servers of the same: one that prepares answers, and one that asks its routes each time. */
class TwoServers implements AsyncDisposable {
  readonly clock = new FakeClock();
  /** What was observed, as `KIND STATUS`. */
  readonly answers: string[] = [];
  readonly fetches: string[] = [];
  /** How often the preparing server had an answer that it need not make. */
  prepared = 0;
  readonly #servers: readonly WebServer[];
  readonly #clients: RawClient[] = [];

  constructor() {
    const demo = servedStream({
      playlist: { text: new TextEncoder().encode("#EXTM3U\n"), etag: '"5-1"' },
      masterPlaylist: "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nplaylist.m3u8\n",
      files: [SEGMENT],
      segment: (file: string) => file === SEGMENT ? BYTES : undefined,
    });
    const { routes, middleware, shared } = listenerSite({
      origin: originOf({ demo: () => demo }, () => Promise.resolve(undefined)),
      preroll: { files: new Map() },
      shows: { status: (name: string) => ({ ...OFF_AIR, name }), current: [] },
      ...{ path: "cast", index: true, clock: this.clock },
      onFetch: (name, file) => void this.fetches.push(`${name}/${file}`),
      observe: (kind, status) => void this.answers.push(`${kind} ${status}`),
    });
    assert.ok(shared !== undefined && middleware !== undefined);
    const { clock } = this;
    this.#servers = [{ shared: this.#counting(shared) }, {}].map((more) =>
      new WebServer(ADDRESS, routes, ["echo", "hls"], { middleware, clock, ...more })
    );
    for (const server of this.#servers) server.listen();
  }

  /** A connection to each. */
  async connect(): Promise<RawClient[]> {
    const clients = await Promise.all(
      this.#servers.map(async ({ addr: { hostname, port } }) =>
        new RawClient(await Deno.connect({ hostname, port }))
      ),
    );
    this.#clients.push(...clients);
    return clients;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    const closed = Promise.all(this.#servers.map((server) => server.close()));
    await this.clock.advance(1000);
    await closed;
  }

  #counting(shared: SharedContents): SharedContents {
    return {
      ...shared,
      observerOf: (target) => {
        const observe = shared.observerOf(target);
        return (client, agent) => {
          this.prepared++;
          observe(client, agent);
        };
      },
    };
  }
}

const FILES = ["playlist.m3u8", "index.m3u8", SEGMENT];

for (
  const [what, fields, isShared] of [
    ["as players do", "", true],
    [
      "as browsers do",
      "Accept: */*\r\nAccept-Encoding: gzip, br\r\nOrigin: https://player.example\r\n" +
      "Referer: https://player.example/\r\nSec-Fetch-Mode: cors\r\nCache-Control: no-cache\r\n" +
      "Cookie: a=b\r\nConnection: keep-alive\r\n",
      true,
    ],
    ["for anything but gzip", "Accept-Encoding: gzip;q=0, br\r\n", true],
    ["as a cache does", "Via: 1.1 cache\r\nX-Forwarded-For: 192.0.2.7\r\nX-Id: 12345\r\n", true],
    ["for a part", "Range: bytes=0-99\r\n", false],
    ["for what is not there", "Range: bytes=1000000-\r\n", false],
    ["for the rest of something else", 'Range: bytes=5-\r\nIf-Range: "other"\r\n', false],
    ["for what is new", `If-None-Match: "5-1"\r\n`, false],
    ["for anything new", "If-None-Match: *\r\n", false],
    ["from the internet", "Access-Control-Request-Private-Network: true\r\n", false],
  ] as const
) {
  Deno.test(`who asks ${what} gets the same from prepared bytes as from the routes`, async () => {
    await using servers = new TwoServers();
    for (const method of ["GET", "HEAD"]) {
      for (const file of FILES) {
        const clients = await servers.connect();
        const seen = await Promise.all(clients.map(async (client) => {
          for (let i = 1; i <= 4; i++) {
            const usual = isShared ? fields : "";
            await client.send(`GET /cast/demo/${file} HTTP/1.1\r\n${PLAYER}${usual}\r\n`);
            await client.answers(i);
          }
          const before = servers.prepared;
          const close = method === "HEAD" ? "Connection: close\r\n" : "";
          const request = `${method} /cast/demo/${file} HTTP/1.1\r\n${PLAYER}${fields}${close}\r\n`;
          await client.send(request);
          if (method === "HEAD") return (await client.all()).split("HTTP/1.1 ").at(-1);
          const [answer] = (await client.answers(5)).slice(4);
          if (client === clients[0] && isShared) assert.equal(servers.prepared, before + 1);
          return answer;
        }));
        assert.equal(seen[0], seen[1], `${method} ${file}`);
        const isPlaylist = file.endsWith(".m3u8");
        const isGzip = isPlaylist && fields.includes("gzip, br");
        assert.equal(seen[0]?.includes("\r\ncontent-encoding: gzip\r\n"), isGzip);
        assert.equal(/\r\nvary: Accept-Encoding\r\n/i.test(seen[0] ?? ""), isPlaylist, seen[0]);
        assert.match(seen[0] ?? "", /^[^]*\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n/);
      }
    }
  });
}

Deno.test("each answer is counted and logged once, whoever gives it", async () => {
  const lines: string[] = [];
  await configure({
    reset: true,
    sinks: { sink: ({ message }: LogRecord) => lines.push(message.join("")) },
    loggers: [
      { category: ["echo-hls-web"], sinks: ["sink"], lowestLevel: "info" },
      { category: ["logtape", "meta"], lowestLevel: "fatal" },
    ],
  });
  try {
    await using servers = new TwoServers();
    const [client] = await servers.connect();
    for (const file of ["playlist.m3u8", SEGMENT]) {
      for (let i = 0; i < 5; i++) {
        await client?.send(`GET /cast/demo/${file} HTTP/1.1\r\n${PLAYER}\r\n`);
      }
    }
    await client?.answers(10);
    assert.ok(servers.prepared >= 4, `${servers.prepared} were prepared`);
    const times = (what: string) => Array.from({ length: 5 }, () => what);
    assert.deepEqual(servers.answers, [...times("playlist 200"), ...times("segment 200")]);
    assert.deepEqual(servers.fetches, times(`demo/${SEGMENT}`));
    assert.deepEqual(lines, [
      ...times('127.0.0.1 "GET /cast/demo/playlist.m3u8" 200 0.0 "a player"'),
      ...times(`127.0.0.1 "GET /cast/demo/${SEGMENT}" 200 0.0 "a player"`),
    ]);
  } finally {
    await reset();
  }
});
