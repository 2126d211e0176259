/** What listeners get from prepared bytes is what the routes answer, field by field. */
import assert from "node:assert/strict";
import type { SharedContents } from "../../src/http/prepared_answers.ts";
import { type EntranceSettings, listenerEntrance } from "../../src/station/entrance_settings.ts";
import { listenerSite } from "../../src/station/listener_web.ts";
import { WebServer } from "../../src/web/web_server.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { originOf, servedStream } from "../../testing/hls/served_stream.ts";
import { RawClient } from "../../testing/http/http_fixture.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { OFF_AIR } from "../../testing/pages/listener/broadcasts.ts";
import { FakeKeySource, Issuer } from "../../testing/tokens/issuer.ts";

const SEGMENT = "5-1700000000.ts";
const BYTES = new Uint8Array(100_000).map((_, i) => i);
const ADDRESS = { hostname: "127.0.0.1", port: 0 };
const PLAYER = "Host: echo\r\nUser-Agent: a player\r\n";

/** Two servers of the same: one that prepares answers, and one that asks its routes each time. */
class TwoServers implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly issuer = new Issuer();
  /** What was observed, as `KIND STATUS`. */
  readonly answers: string[] = [];
  readonly fetches: string[] = [];
  /** How often the preparing server had an answer that it need not make. */
  prepared = 0;
  readonly #servers: readonly WebServer[];
  readonly #clients: RawClient[] = [];

  constructor(settings: EntranceSettings = { originSecret: undefined, tokens: undefined }) {
    const { clock } = this;
    const keys = new FakeKeySource(this.issuer);
    const entrance = listenerEntrance(settings, { clock, path: "cast", keys });
    const demo = servedStream({
      playlist: { text: new TextEncoder().encode("#EXTM3U\n"), etag: '"5-1"' },
      masterPlaylist: "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nplaylist.m3u8\n",
      files: [SEGMENT],
      segment: (file: string) => file === SEGMENT ? BYTES : undefined,
    });
    const { routes, middleware, shared, getPath } = listenerSite({
      entrance,
      origin: originOf({ demo: () => demo }, () => Promise.resolve(undefined)),
      preroll: { files: new Map() },
      shows: { status: (name: string) => ({ ...OFF_AIR, name }), current: [] },
      ...{ path: "cast", index: true, clock },
      onFetch: (name, file) => void this.fetches.push(`${name}/${file}`),
      observe: (kind, status) => void this.answers.push(`${kind} ${status}`),
    });
    assert.ok(shared !== undefined && middleware !== undefined);
    this.#servers = [{ shared: this.#counting(shared) }, {}].map((more) =>
      new WebServer(ADDRESS, routes, ["echo", "hls"], { middleware, getPath, clock, ...more })
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
  await using log = await LogRecorder.start("echo-hls-web");
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
  assert.deepEqual(log.lines, [
    ...times('info 127.0.0.1 "GET /cast/demo/playlist.m3u8" 200 0.0 "a player"'),
    ...times(`info 127.0.0.1 "GET /cast/demo/${SEGMENT}" 200 0.0 "a player"`),
  ]);
});

/** Sends requests on one connection, one after the other. */
async function ask(client: RawClient, requests: readonly string[]): Promise<string[]> {
  for (const [i, request] of requests.entries()) {
    await client.send(`GET ${request}\r\n${PLAYER}\r\n`);
    await client.answers(i + 1);
  }
  return await client.answers(requests.length);
}

function statusesOf(answers: readonly string[]): string[] {
  return answers.map((answer) => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? answer);
}

Deno.test("prepared bytes are for all tokens of the name, and for nobody without one", async () => {
  await using log = await LogRecorder.start("echo-hls-web");
  const tokens = { issuer: undefined, audience: undefined };
  await using servers = new TwoServers({ originSecret: undefined, tokens });
  const { clock, issuer } = servers;
  const exp = clock.now() / 1000 + 60;
  const [one = "", two = "", other = ""] = ["demo", "de*", "other"].map((name) =>
    issuer.token([{ action: "listen", name }], { claims: { exp } })
  );
  for (const file of ["playlist.m3u8", SEGMENT]) {
    const target = (token: string) => `/cast/${token}demo/${file} HTTP/1.1`;
    const [own, second] = [target(`~${one}/`), target(`~${two}/`)];
    const wrong = [target(`~${other}/`), target(""), target("~x/")];
    const requests = [own, own, own, own, second, second, ...wrong, own];
    const [prepared, routed] = await Promise.all(
      (await servers.connect()).map((client) => ask(client, requests)),
    );
    assert.deepEqual(prepared, routed);
    assert.deepEqual(
      statusesOf(prepared ?? []),
      ["200", "200", "200", "200", "200", "200", "403", "403", "403", "200"],
    );
    assert.match(prepared?.[4] ?? "", /\r\ncache-control: private, max-age=\d+\r\n/i);
    assert.match(prepared?.[4] ?? "", /\r\nreferrer-policy: no-referrer\r\n/i);
  }
  assert.ok(servers.prepared >= 6, `${servers.prepared} were prepared`);
  assert.equal(new Set(servers.fetches).size, 1);
  assert.equal(servers.fetches.length, 14, "each segment that was sent is counted");
  clock.setWall(clock.now() + 65_000);
  for (const client of await servers.connect()) {
    const answers = await ask(client, [`/cast/~${one}/demo/playlist.m3u8 HTTP/1.1`]);
    assert.deepEqual(statusesOf(answers), ["403"]);
  }
  assert.equal(log.lines.length, 42);
  assert.deepEqual(
    new Set(log.lines.map((line) => /"GET (.*)" (?:200|403)/.exec(line)?.[1])),
    new Set(["/cast/demo/playlist.m3u8", `/cast/demo/${SEGMENT}`]),
  );
});

Deno.test("prepared bytes are for a CDN that shows the secret, and for nobody else", async () => {
  const secret = "0123456789abcdef";
  await using servers = new TwoServers({ originSecret: secret, tokens: undefined });
  const target = "/cast/demo/playlist.m3u8 HTTP/1.1";
  const own = `${target}\r\nX-Echo-Origin: ${secret}`;
  const wrong = [target, `${target}\r\nX-Echo-Origin: ${secret}0`, `${own}\r\nX-Echo-Origin: x`];
  const requests = [own, own, own, own, ...wrong, own, own, ...wrong];
  const [prepared, routed] = await Promise.all(
    (await servers.connect()).map((client) => ask(client, requests)),
  );
  assert.deepEqual(prepared, routed);
  const [good, bad] = [["200", "200"], ["403", "403", "403"]];
  assert.deepEqual(statusesOf(prepared ?? []), [...good, ...good, ...bad, ...good, ...bad]);
  assert.ok(servers.prepared >= 3, `${servers.prepared} were prepared`);
});

Deno.test("a token is in no log where the server asks for none either", async () => {
  await using log = await LogRecorder.start("echo-hls-web");
  await using servers = new TwoServers();
  const token = servers.issuer.token([{ action: "listen", name: "demo" }]);
  const [client] = await servers.connect();
  assert.ok(client !== undefined);
  const answers = await ask(client, [`/cast/~${token}/demo/playlist.m3u8 HTTP/1.1`]);
  assert.deepEqual(statusesOf(answers), ["404"]);
  assert.deepEqual(log.lines.map((line) => /"GET (.*)" 404/.exec(line)?.[1]), [
    "/cast/~…/demo/playlist.m3u8",
  ]);
});
