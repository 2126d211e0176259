/** One HTTP request to a hook server: bounded in time and size, without a secret in any error. */
import assert from "node:assert/strict";
import { HookEndpoint, HookUnreachable } from "../../src/hook/endpoint.ts";
import { systemClock } from "../../src/session/clock.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { until } from "../../testing/until.ts";
import { verify } from "../../testing/hook/hook_server.ts";

const LONG_MS = 60_000;
const MESSAGE = { id: "an-id", body: '{"type":"test"}' };

/** A real HTTP server, and the endpoint that posts to it. */
class Fixture implements AsyncDisposable {
  readonly endpoint: HookEndpoint;
  readonly paths: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(handle: (request: Request) => Response | Promise<Response>, path: string = "hook") {
    const listen = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(listen, (request) => {
      this.paths.push(new URL(request.url).pathname);
      return handle(request);
    });
    this.endpoint = new HookEndpoint({
      clock: systemClock,
      url: `http://anna:pa55@127.0.0.1:${this.port}/${path}`,
      secret: "sesame",
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endpoint.close();
    await this.#server.shutdown();
  }
}

/** Answers one request with these bytes, and closes. */
class RawServer implements AsyncDisposable {
  readonly endpoint: HookEndpoint;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #served: Promise<void>;

  constructor(answer: string) {
    const url = `http://anna:pa55@127.0.0.1:${this.#listener.addr.port}/hook`;
    this.endpoint = new HookEndpoint({ clock: systemClock, url, secret: undefined });
    this.#served = this.#serve(new TextEncoder().encode(answer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endpoint.close();
    await this.#served;
    this.#listener.close();
  }

  async #serve(answer: Uint8Array): Promise<void> {
    using conn = await this.#listener.accept();
    let request = "";
    const buffer = new Uint8Array(1024);
    // Whole, as closing with some of it unread would be a reset.
    while (!request.includes(MESSAGE.body)) {
      request += new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
    }
    await conn.write(answer);
  }
}

function unreachable(why: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HookUnreachable, String(error));
    assert.match(error.message, why);
    assert.doesNotMatch(error.message, /pa55|hook/);
    return true;
  };
}

Deno.test("a message arrives over HTTP with its signature and the URL's credentials", async () => {
  let got: { headers: Headers; text: string } | undefined;
  await using fixture = new Fixture(async (request) => {
    got = { headers: request.headers, text: await request.text() };
    return new Response("thanks");
  });
  const answer = await fixture.endpoint.post(MESSAGE, LONG_MS);
  assert.deepEqual(answer, { status: 200, retryAfterMs: undefined });
  assert.ok(got !== undefined);
  assert.equal(got.text, MESSAGE.body);
  assert.equal(got.headers.get("Authorization"), `Basic ${btoa("anna:pa55")}`);
  assert.equal(got.headers.get("webhook-id"), "an-id");
  await verify(got, new TextEncoder().encode("sesame"));
});

Deno.test("a redirect is an answer, and is not followed", async () => {
  await using fixture = new Fixture(() => {
    return new Response(null, { status: 307, headers: { Location: "/elsewhere" } });
  });
  assert.equal((await fixture.endpoint.post(MESSAGE, LONG_MS)).status, 307);
  assert.deepEqual(fixture.paths, ["/hook"]);
});

Deno.test("an answer without an end is read up to a bound", async () => {
  let sent = 0;
  let cancelled = false;
  const body = () =>
    new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1024));
        sent += 1024;
      },
      cancel() {
        cancelled = true;
      },
    });
  await using fixture = new Fixture(() => new Response(body()));
  assert.equal((await fixture.endpoint.post(MESSAGE, LONG_MS)).status, 200);
  await until("the server notices", () => cancelled);
  assert.ok(sent >= 16_384);
});

Deno.test("a status counts where its answer never ends, and the rest is given up soon", async () => {
  const clock = new FakeClock();
  let givenUp = false;
  const endpoint = new HookEndpoint({
    clock,
    url: "http://hooks.example/",
    secret: undefined,
    fetch: (_, init) => {
      const body = new ReadableStream({
        start(controller) {
          init?.signal?.addEventListener("abort", () => {
            givenUp = true;
            controller.error(new Error("aborted"));
          });
        },
      });
      return Promise.resolve(new Response(body, { status: 202 }));
    },
  });
  const posted = endpoint.post(MESSAGE, LONG_MS);
  await clock.advance(1000);
  assert.ok(givenUp);
  assert.equal((await posted).status, 202);
  assert.equal(clock.timerCount, 0);
});

Deno.test("an answer that breaks off behind its status counts by that", async () => {
  await using server = new RawServer("HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\nthan");
  assert.equal((await server.endpoint.post(MESSAGE, LONG_MS)).status, 202);
});

Deno.test("where nobody listens, that is said without the URL's secrets", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const url = `http://anna:pa55@127.0.0.1:${port}/hook`;
  const endpoint = new HookEndpoint({ clock: systemClock, url, secret: undefined });
  await assert.rejects(endpoint.post(MESSAGE, LONG_MS), unreachable(/Connection refused/));
  assert.equal(endpoint.origin, `http://127.0.0.1:${port}`);
  endpoint.close();
});

Deno.test("HTTP/2 is not offered, whose dead connections outlive what is given up on them", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `https://127.0.0.1:${listener.addr.port}/hook`;
  const endpoint = new HookEndpoint({ clock: systemClock, url, secret: undefined });
  const rejected = assert.rejects(endpoint.post(MESSAGE, LONG_MS), unreachable(/./));
  const conn = await listener.accept();
  let hello = "";
  const buffer = new Uint8Array(4096);
  // RFC 7301 3.1: each protocol behind its length, in the TLS ClientHello.
  while (!hello.includes("\x08http/1.1")) {
    const count = await conn.read(buffer);
    assert.ok(count !== null);
    hello += String.fromCharCode(...buffer.subarray(0, count));
  }
  assert.ok(!hello.includes("\x02h2\x08http/1.1"));
  conn.close();
  await rejected;
  endpoint.close();
});

Deno.test("what is not HTTP is no answer", async () => {
  await using server = new RawServer("pa55 hook\r\n\r\n");
  await assert.rejects(server.endpoint.post(MESSAGE, LONG_MS), unreachable(/invalid HTTP/));
});

Deno.test("a request under way can be given up", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using fixture = new Fixture(() => {
    asked.resolve();
    return answer.promise;
  });
  const posted = fixture.endpoint.post(MESSAGE, LONG_MS);
  const rejected = assert.rejects(posted, unreachable(/the server is stopping/));
  await asked.promise;
  fixture.endpoint.close();
  await rejected;
  await assert.rejects(
    fixture.endpoint.post(MESSAGE, LONG_MS),
    unreachable(/the server is stopping/),
  );
  answer.resolve(new Response());
});
