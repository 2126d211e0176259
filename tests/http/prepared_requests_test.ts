/** Requests where the head is remembered: nothing is taken that would not be taken without it. */
import assert from "node:assert/strict";
import { statusesOf } from "../../testing/http/http_fixture.ts";
import { splits } from "../../testing/http/read_requests.ts";
import { ASKED_BEFORE, SharedFiles, warmClient } from "../../testing/http/shared_fixture.ts";
import { SMUGGLED, SMUGGLING } from "../../testing/http/smuggling.ts";

const HOST = "Host: echo\r\n";

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
