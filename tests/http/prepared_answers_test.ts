/** Tests of answers that are prepared once and sent to everybody. */
import assert from "node:assert/strict";
import { statusesOf } from "../../testing/http/http_fixture.ts";
import { ASKED_BEFORE, SharedFiles, warmClient } from "../../testing/http/shared_fixture.ts";
import { until } from "../../testing/until.ts";

const HOST = "Host: echo\r\n";

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

Deno.test("what comes by a proxy counts as its client's, and is the handler's", async () => {
  const files = new SharedFiles({ "/a": "aaa\n" });
  await using fixture = files.serve({ proxies: ["127.0.0.1"], maxPerAddress: 0 });
  const client = await fixture.connect();
  await client.send(`GET /a HTTP/1.1\r\n${HOST}X-Forwarded-For: 192.0.2.7\r\n\r\n`);
  assert.deepEqual(statusesOf(await client.all()), [503]);
  assert.deepEqual(files.observed, []);
});
