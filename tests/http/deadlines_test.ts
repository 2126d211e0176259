/** Tests of how long each part of a connection may take. */
import assert from "node:assert/strict";
import { until } from "../../testing/until.ts";
import { HttpFixture, type RawClient, statusesOf } from "../../testing/http/http_fixture.ts";

const HOST = "Host: echo\r\n";

/** Whether the server has ended it: `clients` are those that are open otherwise. */
async function untilOpen(fixture: HttpFixture, clients: number): Promise<void> {
  await until(`${clients} are open`, () => fixture.counts.count === clients);
}

async function connected(fixture: HttpFixture): Promise<RawClient> {
  const client = await fixture.connect();
  await untilOpen(fixture, 1);
  return client;
}

Deno.test("a connection that says nothing ends after 10 s without a word", async () => {
  await using fixture = new HttpFixture();
  const client = await connected(fixture);
  await fixture.clock.advance(9000);
  assert.equal(fixture.counts.count, 1);
  await fixture.clock.advance(2000);
  assert.equal(await client.all(), "");
  await untilOpen(fixture, 0);
  assert.equal(fixture.counts.refused.get("late"), 1);
});

Deno.test("a head that comes byte by byte has 10 s in all", async () => {
  await using fixture = new HttpFixture();
  const client = await connected(fixture);
  await client.send(`GET /1 HTTP/1.1\r\n${HOST}\r\nG`);
  await client.until(/\/1 \n/);
  for (const byte of "ET / HTTP") {
    await client.send(byte);
    await fixture.clock.advance(1000);
  }
  assert.equal(fixture.counts.count, 1);
  await fixture.clock.advance(2000);
  const text = await client.all();
  assert.deepEqual(statusesOf(text), [200, 408]);
  assert.match(text, /^connection: close\r$/m);
  await untilOpen(fixture, 0);
});

Deno.test("a body that comes byte by byte has 10 s in all", async () => {
  let isAsked = false;
  let fault: unknown;
  await using fixture = new HttpFixture({
    handler: async (request) => {
      isAsked = true;
      fault = await request.text().catch((error: unknown) => error);
      return new Response();
    },
  });
  const client = await connected(fixture);
  await client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 20\r\n\r\n`);
  await until("the route is asked", () => isAsked);
  for (let i = 0; i < 9; i++) {
    await client.send("x");
    await fixture.clock.advance(1000);
  }
  assert.equal(fault, undefined);
  await fixture.clock.advance(2000);
  assert.deepEqual(statusesOf(await client.all()), [408]);
  await until("the route is told", () => fault !== undefined);
  assert.match(String(fault), /^HttpError: /);
  await untilOpen(fixture, 0);
});

Deno.test("a connection waits for its next request for 75 s, which then has 10 s", async () => {
  await using fixture = new HttpFixture();
  const client = await connected(fixture);
  await client.send(`GET /1 HTTP/1.1\r\n${HOST}\r\n`);
  await client.until(/\/1 \n/);
  await fixture.clock.advance(74_000);
  await client.send(`GET /2 HTTP/1.1\r\n${HOST}\r\n`);
  await client.until(/\/2 \n/);
  await fixture.clock.advance(74_000);
  assert.equal(fixture.counts.count, 1);
  await fixture.clock.advance(2000);
  await client.all();
  await untilOpen(fixture, 0);
  assert.equal(fixture.counts.refused.get("late"), 0, "that is no fault");

  const other = await connected(fixture);
  await other.send(`GET /3 HTTP/1.1\r\n${HOST}\r\nGET`);
  await other.until(/\/3 \n/);
  await fixture.clock.advance(11_000);
  assert.deepEqual(statusesOf(await other.all()), [200, 408]);
});

Deno.test("a route may take its time", async () => {
  const answer = Promise.withResolvers<Response>();
  let isAsked = false;
  const handler = () => {
    isAsked = true;
    return answer.promise;
  };
  await using fixture = new HttpFixture({ handler });
  const client = await connected(fixture);
  await client.send(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  await until("the route is asked", () => isAsked);
  await fixture.clock.advance(600_000);
  answer.resolve(new Response("at last"));
  assert.match(await client.all(), /at last$/);
});

Deno.test("a reader that takes nothing is cut off after 20 s, and whoever made the answer is told", async () => {
  let cancelled = false;
  let made = 0;
  const handler = () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        made += 100_000;
        controller.enqueue(new Uint8Array(100_000));
      },
      cancel: () => void (cancelled = true),
    }, { highWaterMark: 0 });
    return new Response(body);
  };
  await using fixture = new HttpFixture({ handler });
  const client = await connected(fixture);
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  let [seconds, takenAt, taken] = [0, 0, 0];
  await until("it is cut off", async () => {
    if (made > taken) [taken, takenAt] = [made, seconds];
    await fixture.clock.advance(1000);
    seconds++;
    return fixture.counts.count === 0;
  });
  assert.ok(seconds - takenAt >= 20, `after ${seconds - takenAt} s`);
  assert.ok(cancelled);
  assert.equal(fixture.counts.refused.get("late"), 1);
});

Deno.test("who pauses in a long answer for a minute, or reads as slowly, gets all of it", async () => {
  const length = 16_000_000;
  let made = 0;
  const handler = () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        made += 100_000;
        controller.enqueue(new Uint8Array(100_000));
        if (made === length) controller.close();
      },
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { "Content-Length": `${length}` } });
  };
  await using fixture = new HttpFixture({ handler });
  const client = await connected(fixture);
  await client.send(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  let [seconds, takenAt, taken] = [0, 0, 0];
  await until("nothing has been taken for a minute", async () => {
    if (made > taken) [taken, takenAt] = [made, seconds];
    await fixture.clock.advance(1000);
    seconds++;
    return seconds - takenAt > 60 || fixture.counts.count === 0;
  });
  assert.ok(made < length);
  assert.equal(fixture.counts.count, 1);
  const [answer = ""] = await client.answers(1);
  assert.equal(answer.length - answer.indexOf("\r\n\r\n") - 4, length);
});

Deno.test("who is refused and stays is let go after 2 s", async () => {
  await using fixture = new HttpFixture();
  const client = await connected(fixture);
  await client.send("nonsense");
  await client.until(/}$/);
  await fixture.clock.advance(1000);
  assert.equal(fixture.counts.count, 1);
  await fixture.clock.advance(2000);
  await untilOpen(fixture, 0);
});
