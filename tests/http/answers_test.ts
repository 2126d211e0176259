/** Tests of how answers go out: their heads, lengths, streams, and ends. */
import assert from "node:assert/strict";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { until } from "../../testing/until.ts";
import { HttpFixture, statusesOf } from "../../testing/http/http_fixture.ts";

const HOST = "Host: echo\r\n";
const CLOSE = "Connection: close\r\n";

Deno.test("an answer says when it was made, how long it is, and whether it is the last", async () => {
  await using fixture = new HttpFixture({ handler: () => new Response("hello") });
  const first = await fixture.exchange(`GET / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
  assert.equal(
    first,
    "HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\n" +
      "date: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
  );
  await fixture.clock.advance(61_000);
  const later = await fixture.exchange(`GET / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
  assert.match(later, /^date: Thu, 01 Jan 2026 00:01:01 GMT\r$/m);
});

Deno.test("a HEAD is answered without the body that GET has, and the next request is in step", async () => {
  const handler = () => new Response("hello", { headers: { "Content-Length": "5" } });
  await using fixture = new HttpFixture({ handler });
  const text = await fixture.exchange(
    `HEAD / HTTP/1.1\r\n${HOST}\r\nHEAD / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
  );
  assert.deepEqual(statusesOf(text), [200, 200]);
  assert.equal(text.match(/^content-length: 5\r$/gm)?.length, 2);
  assert.doesNotMatch(text, /hello/);
});

for (const status of [204, 304]) {
  Deno.test(`an answer of ${status} has no body, and the next request is in step`, async () => {
    await using fixture = new HttpFixture({ handler: () => new Response(null, { status }) });
    const text = await fixture.exchange(
      `GET / HTTP/1.1\r\n${HOST}\r\nGET / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
    );
    assert.deepEqual(statusesOf(text), [status, status]);
    assert.doesNotMatch(text, /content-length|transfer-encoding/);
  });
}

Deno.test("a stream goes out as it comes, in chunks, or until the end of the connection", async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const handler = () => {
    return new Response(new ReadableStream({ start: (given) => void (controller = given) }));
  };
  await using fixture = new HttpFixture({ handler });
  for (const version of ["1.1", "1.0"]) {
    const client = await fixture.connect();
    await client.send(`GET / HTTP/${version}\r\n${HOST}\r\n`);
    await until("it is asked for", () => controller !== undefined);
    controller?.enqueue(new TextEncoder().encode("first"));
    assert.match(
      await client.until(/first/),
      version === "1.1" ? /\r\n5\r\nfirst/ : /\r\n\r\nfirst/,
    );
    controller?.enqueue(new TextEncoder().encode("second"));
    await client.until(/second/);
    controller?.close();
    controller = undefined;
    if (version === "1.1") {
      assert.match(await client.until(/\r\n0\r\n\r\n$/), /6\r\nsecond\r\n0\r\n\r\n$/);
    } else assert.match(await client.all(), /firstsecond$/);
  }
});

Deno.test("a body whose length is told goes out as it is, however long it is", async () => {
  const length = 1_000_000;
  const handler = () => {
    let left = length;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = new Uint8Array(Math.min(left, 30_000));
        left -= piece.length;
        controller.enqueue(piece);
        if (left === 0) controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Length": `${length}` } });
  };
  await using fixture = new HttpFixture({ handler });
  const text = await fixture.exchange(`GET / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
  assert.equal(text.length - text.indexOf("\r\n\r\n") - 4, length);
  assert.doesNotMatch(text, /transfer-encoding/);
});

Deno.test("who leaves in the middle of a stream has it ended", async () => {
  let cancelled = false;
  const handler = () => {
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        controller.enqueue(new Uint8Array(10));
      },
      cancel: () => void (cancelled = true),
    });
    return new Response(body);
  };
  await using fixture = new HttpFixture({ handler });
  const client = await fixture.connect();
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await client.until(/\r\n\r\n/);
  client[Symbol.dispose]();
  await until("it is ended", () => cancelled && fixture.counts.count === 0);
});

Deno.test("who leaves a stream that has nothing to say has it ended as well", async () => {
  let cancelled = false;
  const handler = () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => void (cancelled = true),
    });
    return new Response(body);
  };
  await using fixture = new HttpFixture({ handler });
  const client = await fixture.connect();
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await client.until(/\r\n\r\na\r\n/);
  client[Symbol.dispose]();
  await until("it is ended", () => cancelled && fixture.counts.count === 0);
});

Deno.test("who ends its side in the middle of a stream is not told that it is complete", async () => {
  const handler = () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
    });
    return new Response(body);
  };
  await using fixture = new HttpFixture({ handler });
  const client = await fixture.connect();
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await client.until(/\r\n\r\na\r\n/);
  await client.conn.closeWrite();
  assert.doesNotMatch(await client.all(), /0\r\n\r\n$/);
});

Deno.test("a route that waits learns that its client has left", async () => {
  let isAsked = false;
  let hasLeft = false;
  const handler = async ({ signal }: Request) => {
    isAsked = true;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    hasLeft = true;
    return new Response();
  };
  await using fixture = new HttpFixture({ handler });
  const client = await fixture.connect();
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await until("the route is asked", () => isAsked);
  client[Symbol.dispose]();
  await until("the route learns it", () => hasLeft && fixture.counts.count === 0);
});

Deno.test("a route learns that its client has left also where the server ends the connection", async () => {
  let signal: AbortSignal | undefined;
  const handler = (request: Request) => {
    signal = request.signal;
    return new Promise<Response>(() => {});
  };
  await using fixture = new HttpFixture({ handler });
  const client = await fixture.connect();
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await until("the route is asked", () => signal !== undefined);
  const closed = fixture.server.close();
  await fixture.clock.advance(1000);
  await closed;
  assert.ok(signal?.aborted);
});

Deno.test("a route that is asked to watch its client does not lose what that one asks for next", async () => {
  const signals: AbortSignal[] = [];
  const answer = Promise.withResolvers<void>();
  const handler = async ({ signal, url }: Request) => {
    signals.push(signal);
    if (url.endsWith("/1")) await answer.promise;
    return new Response(`${url}\n`);
  };
  await using fixture = new HttpFixture({ handler });
  const client = await fixture.connect();
  await client.send(`GET /1 HTTP/1.1\r\n${HOST}\r\n`);
  await until("the route is asked", () => signals.length === 1);
  await client.send(`GET /2 HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
  answer.resolve();
  assert.match(await client.all(), /echo\/1\n[^]*echo\/2\n$/);
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false]);
});

Deno.test("what is asked for behind a stream is answered when that is over", async () => {
  let end = () => {};
  const handler = ({ url }: Request) => {
    if (!url.endsWith("/stream")) return new Response("next");
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(new Uint8Array(1));
        end = () => controller.close();
      },
    });
    return new Response(body);
  };
  await using fixture = new HttpFixture({ handler });
  const client = await fixture.connect();
  await client.send(`GET /stream HTTP/1.1\r\n${HOST}\r\n`);
  await client.until(/\r\n\r\n1\r\n/);
  await client.send(`GET /next HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  end();
  assert.match(await client.all(), /0\r\n\r\nHTTP\/1\.1 200 OK[^]*next$/);
});

Deno.test("a header that is not ASCII arrives byte by byte, and cookies one by one", async () => {
  const handler = () => {
    const headers = new Headers({ "X-Title": "caf\xe9", "Content-Length": "2" });
    headers.append("Set-Cookie", "a=1");
    headers.append("Set-Cookie", "b=2");
    return new Response("ok", { headers });
  };
  await using fixture = new HttpFixture({ handler });
  const text = await fixture.exchange(`GET / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
  assert.match(text, /^x-title: caf\xe9\r$/m);
  assert.match(text, /^set-cookie: a=1\r$/m);
  assert.match(text, /^set-cookie: b=2\r$/m);
  assert.match(text, /\r\n\r\nok$/);
});

for (const [what, told] of [["longer", 70_000], ["shorter", 90_000]] as const) {
  Deno.test(`a client is cut off where a body is ${what} than its head says`, async () => {
    await using log = await LogRecorder.start();
    const handler = () => {
      const body = new Blob([new Uint8Array(80_000)]).stream();
      return new Response(body, { headers: { "Content-Length": `${told}` } });
    };
    await using fixture = new HttpFixture({ handler });
    const text = await fixture.exchange(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    assert.ok(text.length < told + 500);
    assert.ok(log.lines.some((line) => line.includes("Cannot send a body")), log.lines.join());
  });
}
