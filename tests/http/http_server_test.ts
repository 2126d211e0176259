/** Tests of the HTTP server, over sockets. */
import assert from "node:assert/strict";
import type { HttpHandler } from "../../src/http/http_site.ts";
import { until } from "../../testing/until.ts";
import { HttpFixture, statusesOf } from "../../testing/http/http_fixture.ts";

const HOST = "Host: echo\r\n";
const CLOSE = "Connection: close\r\n";

Deno.test("requests behind each other are answered in their order, on one connection", async () => {
  await using fixture = new HttpFixture();
  const text = await fixture.exchange(
    `GET /1 HTTP/1.1\r\n${HOST}\r\n` +
      `POST /2 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc` +
      `POST /3 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n` +
      `GET /4 HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
  );
  assert.deepEqual(fixture.requests, ["GET /1 ", "POST /2 abc", "POST /3 def", "GET /4 "]);
  const bodies = text.split("\r\n\r\n").slice(1).map((part) => part.split("\n")[0]);
  assert.deepEqual(bodies, [
    "GET http://echo/1 ",
    "POST http://echo/2 abc",
    "POST http://echo/3 def",
    "GET http://echo/4 ",
  ]);
});

Deno.test("HTTP/1.0 is answered once, or as often as it asks to be", async () => {
  await using fixture = new HttpFixture();
  const once = await fixture.exchange("GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
  assert.match(once, /^connection: close\r$/m);
  const { port } = fixture.server.addr;
  assert.match(once, new RegExp(`GET http://127.0.0.1:${port}/1 \n$`));
  const kept = await fixture.exchange(
    "GET /3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /4 HTTP/1.0\r\n\r\n",
  );
  assert.match(kept, /^connection: keep-alive\r$/m);
  assert.deepEqual(fixture.requests, ["GET /1 ", "GET /3 ", "GET /4 "]);
});

Deno.test("of a whole URL the host counts, whatever Host says", async () => {
  let host: string | null = "";
  await using fixture = new HttpFixture({
    handler: ({ url, headers }) => {
      host = headers.get("Host");
      return new Response(url);
    },
  });
  const text = await fixture.exchange(
    `GET http://other:81/a?b HTTP/1.1\r\n${HOST}\r\nGET HTTP://other?c HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
  );
  assert.match(text, /http:\/\/other:81\/a\?b/);
  assert.match(text, /http:\/\/other\/\?c$/);
  assert.equal(host, "other");
});

for (
  const [what, head, status] of [
    ["OPTIONS *", `OPTIONS * HTTP/1.1\r\n${HOST}${CLOSE}`, 204],
    ["* with another method", `GET * HTTP/1.1\r\n${HOST}`, 400],
    ["a target that is neither path nor URL", `GET a HTTP/1.1\r\n${HOST}`, 400],
    ["a URL of another kind", `GET https://echo/ HTTP/1.1\r\n${HOST}`, 400],
    ["a URL with a user", `GET http://me@echo/ HTTP/1.1\r\n${HOST}`, 400],
    ["a host with a path", "GET / HTTP/1.1\r\nHost: echo/a", 400],
    ["a host with a user", "GET / HTTP/1.1\r\nHost: me@echo", 400],
    ["a host with a space", "GET / HTTP/1.1\r\nHost: a b", 400],
    ["a host that no URL has", "GET / HTTP/1.1\r\nHost: 1.2.3.4.5", 400],
    ["a port that there is not", "GET / HTTP/1.1\r\nHost: echo:99999", 400],
    ["TRACE", `TRACE / HTTP/1.1\r\n${HOST}`, 501],
    ["TRACK", `TRACK / HTTP/1.1\r\n${HOST}`, 501],
    ["CONNECT", `CONNECT echo:80 HTTP/1.1\r\n${HOST}`, 501],
    ["an expectation of another kind", `GET / HTTP/1.1\r\n${HOST}Expect: a`, 417],
    ["a head that is too long", `GET /${"a".repeat(20_000)} HTTP/1.1\r\n${HOST}`, 431],
    ["HTTP/3", `GET / HTTP/3.0\r\n${HOST}`, 505],
  ] as const
) {
  Deno.test(`${what} is answered with ${status} by the server itself`, async () => {
    await using fixture = new HttpFixture();
    // What stands behind it is no request any more.
    const ending = head.endsWith("\r\n") ? "\r\n" : "\r\n\r\n";
    const smuggled = status === 204 ? "" : `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
    const text = await fixture.exchange(`${head}${ending}${smuggled}`);
    assert.deepEqual(statusesOf(text), [status]);
    assert.match(text, /^date: Thu, 01 Jan 2026 00:00:00 GMT\r$/m);
    assert.match(text, /^server: Test\/1\r$/m);
    assert.match(text, /^connection: close\r$/m);
    assert.match(text, /^cache-control: no-store\r$/m);
    if (status !== 204) assert.match(text, new RegExp(`{"code":${status},"message":"[^"]+"}$`));
    assert.deepEqual(fixture.requests, []);
  });
}

Deno.test("methods that there are not are for the routes to refuse", async () => {
  const methods: string[] = [];
  await using fixture = new HttpFixture({
    handler: ({ method }) => {
      methods.push(method);
      return new Response(null, { status: 405 });
    },
  });
  const text = await fixture.exchange(`BREW / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
  assert.deepEqual([methods, statusesOf(text)], [["BREW"], [405]]);
});

Deno.test("a client that waits for leave to send its body gets it once the body is asked for", async () => {
  await using fixture = new HttpFixture();
  const client = await fixture.connect();
  await client.send(
    `POST / HTTP/1.1\r\n${HOST}${CLOSE}Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n`,
  );
  assert.equal(await client.until(/\r\n\r\n/), "HTTP/1.1 100 Continue\r\n\r\n");
  await client.send("abc");
  assert.match(await client.all(), /POST http:\/\/echo\/ abc\n$/);
});

Deno.test("a body that nobody wants is not asked for, and is no request", async () => {
  await using fixture = new HttpFixture({ handler: () => new Response("no", { status: 403 }) });
  const expecting = await fixture.exchange(
    `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 30\r\n\r\n`,
  );
  assert.deepEqual(statusesOf(expecting), [403]);
  assert.match(expecting, /^connection: close\r$/m);
  const sent = await fixture.exchange(
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 35\r\n\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
  );
  assert.deepEqual(statusesOf(sent), [403]);
});

Deno.test("a client that still sends a large body gets its answer", async () => {
  await using fixture = new HttpFixture({ handler: () => new Response("no", { status: 413 }) });
  const client = await fixture.connect();
  await client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 4000000\r\n\r\n`);
  await client.send("x".repeat(4_000_000));
  client.conn.closeWrite();
  assert.deepEqual(statusesOf(await client.all()), [413]);
});

for (
  const [what, body] of [
    ["is cut off", "Content-Length: 10\r\n\r\nabc"],
    ["has no proper chunks", "Transfer-Encoding: chunked\r\n\r\nno chunk"],
  ] as const
) {
  Deno.test(`a body that ${what} is told to the route as a fault of the client`, async () => {
    let fault: unknown;
    const handler = async (request: Request) => {
      fault = await request.text().catch((error: unknown) => error);
      return new Response(null, { status: 400 });
    };
    await using fixture = new HttpFixture({ handler });
    const client = await fixture.connect();
    await client.send(`POST / HTTP/1.1\r\n${HOST}${body}`);
    client.conn.closeWrite();
    assert.deepEqual(statusesOf(await client.all()), [400]);
    assert.match(String(fault), /^HttpError: /);
  });
}

Deno.test("connections beyond what there may be are closed at once, and counted", async () => {
  await using fixture = new HttpFixture({ maxConnections: 2 });
  using first = await fixture.connect();
  await fixture.connect();
  await until("both are there", () => fixture.counts.count === 2);
  assert.equal(await fixture.exchange(`GET / HTTP/1.1\r\n${HOST}\r\n`), "");
  assert.equal(fixture.counts.refused.get("full"), 1);
  assert.ok(fixture.server.isFull);
  first[Symbol.dispose]();
  await until("one is gone", () => fixture.counts.count === 1);
  const text = await fixture.exchange(`GET / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
  assert.deepEqual(statusesOf(text), [200]);
  await fixture.clock.advance(60_000);
  assert.ok(!fixture.server.isFull);
});

for (
  const [proxies, address] of [[["127.0.0.0/8"], "192.0.2.1"], [["10.0.0.1"], "127.0.0.1"]] as const
) {
  Deno.test(`where ${proxies.join()} is trusted, routes are told that ${address} asks`, async () => {
    const seen: string[] = [];
    const handler: HttpHandler = (_, { client }) => {
      seen.push(client);
      return new Response("hello");
    };
    await using fixture = new HttpFixture({ proxies, handler });
    const forwarded = "X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 192.0.2.1\r\n";
    await fixture.exchange(`GET / HTTP/1.1\r\n${HOST}${CLOSE}${forwarded}\r\n`);
    assert.deepEqual(seen, [address]);
  });
}

Deno.test("behind a trusted proxy each client has its share of requests", async () => {
  const open = Promise.withResolvers<Response>();
  let isSlow = false;
  await using fixture = new HttpFixture({
    maxPerAddress: 1,
    proxies: ["127.0.0.1"],
    handler: ({ url }) => {
      if (!url.endsWith("/slow")) return new Response("quick");
      isSlow = true;
      return open.promise;
    },
  });
  const get = (path: string, client: string) =>
    `GET ${path} HTTP/1.1\r\n${HOST}${CLOSE}X-Forwarded-For: 203.0.113.9, ${client}\r\n\r\n`;
  const slow = await fixture.connect();
  await slow.send(get("/slow", "192.0.2.1"));
  await until("it is under way", () => isSlow);
  const refused = await fixture.exchange(get("/", "192.0.2.1"));
  assert.deepEqual(statusesOf(refused), [503]);
  assert.equal(fixture.counts.refused.get("address"), 1);
  assert.deepEqual(statusesOf(await fixture.exchange(get("/", "192.0.2.2"))), [200]);
  open.resolve(new Response("slow"));
  assert.match(await slow.all(), /slow$/);
  assert.deepEqual(statusesOf(await fixture.exchange(get("/", "192.0.2.1"))), [200]);
});

Deno.test("a server that stops answers what is asked for, and ends everything else", async () => {
  const answer = Promise.withResolvers<Response>();
  let isAsked = false;
  const handler = () => {
    isAsked = true;
    return answer.promise;
  };
  const fixture = new HttpFixture({ handler });
  const idle = await fixture.connect();
  const asking = await fixture.connect();
  await asking.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await until("it is asked, and both are there", () => isAsked && fixture.counts.count === 2);
  const closed = fixture.server.close();
  assert.equal(await idle.all(), "");
  answer.resolve(new Response("hello"));
  const text = await asking.all();
  assert.match(text, /^connection: close\r$/m);
  assert.match(text, /hello$/);
  await closed;
  assert.equal(fixture.counts.count, 0);
  await fixture[Symbol.asyncDispose]();
});

Deno.test("a server that stops waits for no answer that does not come", async () => {
  await using fixture = new HttpFixture({ handler: () => new Promise(() => {}) });
  const client = await fixture.connect();
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await until("it is there", () => fixture.counts.count === 1);
  const closed = fixture.server.close();
  await fixture.clock.advance(500);
  await closed;
  assert.equal(await client.all(), "");
});
