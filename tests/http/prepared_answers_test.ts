/** Tests of answers that are prepared once and sent to everybody. */
import assert from "node:assert/strict";
import { statusesOf } from "../../testing/http/http_fixture.ts";
import { splits } from "../../testing/http/read_requests.ts";
import { ASKED_BEFORE, SharedFiles, warmClient } from "../../testing/http/shared_fixture.ts";
import { openMemoryFiles } from "../../testing/listening/memory_files.ts";
import { SMUGGLED, SMUGGLING } from "../../testing/http/smuggling.ts";
import { until } from "../../testing/until.ts";

const HOST = "Host: echo\r\n";
/** What no socket takes at once. */
const LARGE = new Uint8Array(6_000_000).map((_, i) => 0x61 + i % 26);

Deno.test("what everybody asks for is asked of the handler twice, and answered the same after", async () => {
  const files = new SharedFiles({ "/a": "aaa\n" });
  await using fixture = files.serve();
  const client = await fixture.connect();
  for (let i = 0; i < 5; i++) await client.send(`GET /a HTTP/1.1\r\n${HOST}\r\n`);
  const answers = await client.answers(5);
  assert.equal(files.handled.length, ASKED_BEFORE);
  assert.equal(new Set(answers).size, 1, answers.join());
  assert.match(answers[0] ?? "", /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\naaa\n$/);
});

Deno.test("it is asked anew for what has changed", async () => {
  const files = new SharedFiles({ "/a": "aaa\n" });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/a");
  files.put("/a", "bbbb\n");
  files.handled.length = 0;
  for (let i = 0; i < 4; i++) await client.send(`GET /a HTTP/1.1\r\n${HOST}\r\n`);
  const answers = (await client.answers(8)).slice(4);
  assert.equal(files.handled.length, ASKED_BEFORE);
  for (const answer of answers) assert.match(answer, /\r\n\r\nbbbb\n$/);
});

for (
  const [what, status, headers] of [
    ["is not 200", 203, { "Content-Length": "4" }],
    ["does not tell its length", 200, {}],
    ["gives a cookie", 200, { "Content-Length": "4", "Set-Cookie": "a=1" }],
    ["has a date of its own", 200, {
      "Content-Length": "4",
      "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
    }],
    ["has a field that is not ASCII", 200, { "Content-Length": "4", "X-Title": "caf\xe9" }],
  ] as const
) {
  Deno.test(`an answer that ${what} is always the handler's`, async () => {
    const files = new SharedFiles({ "/a": "aaa\n" });
    let asked = 0;
    const handler = () => {
      asked++;
      return new Response("aaa\n", { status, headers });
    };
    await using fixture = files.serve({ handler });
    const client = await warmClient(fixture, "/a");
    await client.answers(ASKED_BEFORE + 2);
    assert.equal(asked, ASKED_BEFORE + 2);
  });
}

Deno.test("whoever is told of answers learns the client and what it says it is", async () => {
  const files = new SharedFiles({ "/a": "aaa\n", "/b": "bbb\n" });
  await using fixture = files.serve();
  await warmClient(fixture, "/b");
  const client = await warmClient(fixture, "/a", `${HOST}User-Agent: one\r\n`);
  files.observed.length = 0;
  for (const agent of ["two", "two", "one"]) {
    await client.send(`GET /b HTTP/1.1\r\n${HOST}User-Agent: ${agent}\r\n\r\n`);
  }
  await client.answers(7);
  assert.deepEqual(files.observed, ["two", "two", "one"].map((agent) => `/b 127.0.0.1 ${agent}`));
});

for (
  const [what, request] of [
    ["a part", `GET /a HTTP/1.1\r\n${HOST}Range: bytes=0-0\r\n\r\n`],
    ["what is new", `GET /a HTTP/1.1\r\n${HOST}if-none-match: "1"\r\n\r\n`],
    ["the head", `HEAD /a HTTP/1.1\r\n${HOST}\r\n`],
    ["a query", `GET /a?b HTTP/1.1\r\n${HOST}\r\n`],
    ["a whole URL", `GET http://echo/a HTTP/1.1\r\n${HOST}\r\n`],
    ["it with HTTP/1.0", `GET /a HTTP/1.0\r\n${HOST}\r\n`],
    ["it for the last time", `GET /a HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`],
    ["it with a body", `GET /a HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx`],
    ["it of another host", `GET /a HTTP/1.1\r\nHost: other\r\n\r\n`],
    ["something else", `GET /b HTTP/1.1\r\n${HOST}\r\n`],
  ] as const
) {
  Deno.test(`who asks for ${what} is answered by the handler`, async () => {
    const files = new SharedFiles({ "/a": "aaa\n" });
    await using fixture = files.serve();
    const client = await warmClient(fixture, "/a");
    const before = files.handled.length;
    await client.send(request);
    await until("the handler is asked", () => files.handled.length > before);
  });
}

Deno.test("requests that come together are answered in their order, whoever answers them", async () => {
  const files = new SharedFiles({ "/a": "aaa\n", "/b": "b" });
  await using fixture = files.serve();
  await warmClient(fixture, "/b");
  const client = await warmClient(fixture, "/a");
  const targets = ["/a", "/b", "/none", "/a", "/a", "/none", "/b", "/a"];
  await client.send(targets.map((target) => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`).join(""));
  const end = "GET /a HTTP/1.1\r\nHost: echo\r\nConnection: close\r\n\r\n";
  await client.send(end);
  const text = await client.all();
  const bodies = text.split("\r\n\r\n").slice(5).map((part) => part.split("HTTP/1.1")[0]);
  assert.deepEqual(bodies, ["aaa\n", "b", "none", "aaa\n", "aaa\n", "none", "b", "aaa\n", "aaa\n"]);
});

Deno.test("a request that is known is taken however it is cut", async () => {
  const files = new SharedFiles({ "/a": "aaa\n" });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/a");
  const request = new TextEncoder().encode(`GET /a HTTP/1.1\r\n${HOST}\r\n`);
  const cuts = [...splits(request)];
  let answers = ASKED_BEFORE + 2;
  for (const pieces of cuts) {
    for (const piece of pieces) {
      await client.send(String.fromCharCode(...piece));
      await new Promise((resolve) => setTimeout(resolve));
    }
    const answer = (await client.answers(++answers)).at(-1);
    assert.match(answer ?? "", /\r\n\r\naaa\n$/);
  }
  assert.equal(files.handled.length, ASKED_BEFORE);
});

for (const [what, text] of Object.entries(SMUGGLING)) {
  Deno.test(`where the head is remembered, nothing is smuggled by ${what}`, async () => {
    // As a GET it differs the least from what is remembered; its body is not even looked at.
    for (const [method, status] of [["POST", "400"], ["GET", "400|200"]] as const) {
      const files = new SharedFiles({ "/": "aaa\n", [SMUGGLED]: "smuggled" });
      await using fixture = files.serve();
      const client = await warmClient(fixture, "/");
      await client.send(text.replace(/^POST/, method));
      const answer = await client.all();
      const statuses = statusesOf(answer).slice(ASKED_BEFORE + 2);
      assert.match(statuses.join(), new RegExp(`^(${status})$`));
      assert.match(answer, /^connection: close\r$/m);
      const asked = [...files.handled, ...files.observed];
      assert.ok(asked.every((request) => !request.includes(SMUGGLED)), asked.join());
    }
  });
}

for (
  const [what, head, status] of [
    ["a bare LF behind the request line", "GET /a HTTP/1.1\nHost: echo\r\n\r\n", 400],
    ["two spaces in the request line", `GET  /a HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["a space in the target", `GET /a b HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["a NUL in the target", `GET /a\0 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["a target that is none", `GET a HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["another method", `TRACE /a HTTP/1.1\r\n${HOST}\r\n`, 501],
    ["a method in small letters", `get /a HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["another version", `GET /a HTTP/2.0\r\n${HOST}\r\n`, 505],
    ["no host", "GET /a HTTP/1.1\r\n\r\n", 400],
    ["two hosts", `GET /a HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400],
    ["a host that is none", "GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
    ["a host that no URL has", "GET /a HTTP/1.1\r\nHost: 1.2.3.4.5\r\n\r\n", 400],
    ["a target that is too long", `GET /${"a".repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431],
  ] as const
) {
  Deno.test(`where the head is remembered, ${what} is still refused with ${status}`, async () => {
    const files = new SharedFiles({ "/a": "aaa\n" });
    await using fixture = files.serve();
    const client = await warmClient(fixture, "/a");
    await client.send(head);
    assert.deepEqual(statusesOf(await client.all()).slice(ASKED_BEFORE + 2), [status]);
  });
}

Deno.test("each answer says when it was sent", async () => {
  const files = new SharedFiles({ "/a": "aaa\n" });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/a");
  for (let second = 0; second < 3; second++) {
    await client.send(`GET /a HTTP/1.1\r\n${HOST}\r\n`);
    const answer = (await client.answers(ASKED_BEFORE + 3 + second)).at(-1) ?? "";
    const date = new Date(fixture.clock.now()).toUTCString();
    assert.match(answer, new RegExp(`\r\ndate: ${date}\r\n`));
    await fixture.clock.advance(1000);
  }
});

Deno.test("an answer that is still being written does not change, and others have their own date", async () => {
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const warm = await warmClient(fixture, "/large");
  warm[Symbol.dispose]();
  const dates: string[] = [];
  const clients = [];
  for (let i = 0; i < 3; i++) {
    const client = await fixture.connect();
    clients.push(client);
    const before = files.handled.length + files.observed.length;
    await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`.repeat(i === 2 ? 1 : 2));
    await until("it is asked", () => files.handled.length + files.observed.length > before);
    dates.push(new Date(fixture.clock.now()).toUTCString());
    await fixture.clock.advance(1000);
  }
  for (const [i, client] of clients.entries()) {
    const [answer = ""] = await client.answers(1);
    assert.match(answer, new RegExp(`\r\ndate: ${dates[i]}\r\n`));
    assert.equal(answer.length - answer.indexOf("\r\n\r\n") - 4, LARGE.length);
  }
});

Deno.test("an answer that goes out in many parts arrives whole", async () => {
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/large");
  const before = files.handled.length;
  await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
  const answer = (await client.answers(ASKED_BEFORE + 3)).at(-1) ?? "";
  assert.ok(answer.endsWith(`\r\n\r\n${new TextDecoder().decode(LARGE)}`));
  assert.equal(files.handled.length, before);
});

Deno.test("who leaves in the middle of an answer leaves nothing behind, and others get theirs", async () => {
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const [one, other] = [await warmClient(fixture, "/large"), await warmClient(fixture, "/large")];
  const before = files.observed.length;
  for (const client of [one, other]) await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
  await until("both are being answered", () => files.observed.length === before + 2);
  one[Symbol.dispose]();
  await until("one has gone", () => fixture.counts.count === 1);
  assert.equal((await other.answers(ASKED_BEFORE + 3)).length, ASKED_BEFORE + 3);
});

Deno.test("a large body is held once more by the system, however many ask for it at once", async () => {
  const body = LARGE.slice(0, 100_000);
  const files = new SharedFiles({ "/large": body });
  const before = openMemoryFiles();
  {
    await using fixture = files.serve();
    const clients = await Promise.all(Array.from({ length: 8 }, () => fixture.connect()));
    for (let round = 0; round < 3; round++) {
      for (const client of clients) await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
      for (const client of clients) await client.answers(round + 1);
    }
    assert.equal(openMemoryFiles(), before + 1);
    const text = new TextDecoder().decode(body);
    for (const client of clients) {
      for (const answer of await client.answers(3)) assert.ok(answer.endsWith(`\r\n\r\n${text}`));
    }
  }
  assert.equal(openMemoryFiles(), before);
});

Deno.test("a reader that takes nothing of an answer is cut off after 20 s", async () => {
  const files = new SharedFiles({ "/large": LARGE.slice(0, 900_000) });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/large");
  const before = files.observed.length;
  await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`.repeat(40));
  let [seconds, takenAt, taken] = [0, 0, before];
  await until("it is cut off", async () => {
    if (files.observed.length > taken) [taken, takenAt] = [files.observed.length, seconds];
    await fixture.clock.advance(1000);
    seconds++;
    return fixture.counts.count === 0;
  });
  assert.ok(taken < before + 40);
  assert.ok(seconds - takenAt >= 20, `after ${seconds - takenAt} s`);
  assert.equal(fixture.counts.refused.get("late"), 1);
});

Deno.test("a server that stops lets an answer finish that is being written", async () => {
  const ASKED = 10;
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/large");
  const before = files.observed.length;
  await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`.repeat(ASKED));
  await until("it is being answered", () => files.observed.length > before);
  const closed = fixture.server.close();
  // The system may hold some that are written.
  const begun = files.observed.length - before;
  assert.ok(begun < ASKED);
  const answers = await client.answers(ASKED_BEFORE + 2 + ASKED);
  assert.equal(answers.length, ASKED_BEFORE + 2 + begun);
  await fixture.clock.advance(1000);
  await closed;
});

Deno.test("a server that stops ends a connection once its answer is read, also where it was prepared", async () => {
  const files = new SharedFiles({ "/large": LARGE });
  await using fixture = files.serve();
  const client = await warmClient(fixture, "/large");
  await client.answers(ASKED_BEFORE + 2);
  const before = files.observed.length;
  await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
  await until("it is being answered", () => files.observed.length > before);
  const closed = fixture.server.close();
  // No time passes here: it does not wait until answers have had their time.
  await client.all();
  assert.equal((await client.answers(ASKED_BEFORE + 3)).length, ASKED_BEFORE + 3);
  await closed;
});

Deno.test("what comes by a proxy counts as its client's, and is the handler's", async () => {
  const files = new SharedFiles({ "/a": "aaa\n" });
  await using fixture = files.serve({ proxies: ["127.0.0.1"], maxPerAddress: 0 });
  const client = await fixture.connect();
  await client.send(`GET /a HTTP/1.1\r\n${HOST}X-Forwarded-For: 192.0.2.7\r\n\r\n`);
  assert.deepEqual(statusesOf(await client.all()), [503]);
  assert.deepEqual(files.observed, []);
});
