/** Tests that no request is hidden in another. */
import assert from "node:assert/strict";
import { HttpFixture, statusesOf } from "../../testing/http/http_fixture.ts";
import { SMUGGLED, SMUGGLING } from "../../testing/http/smuggling.ts";

for (const [what, text] of Object.entries(SMUGGLING)) {
  Deno.test(`nothing is smuggled by ${what}`, async () => {
    await using fixture = new HttpFixture();
    const answer = await fixture.exchange(text);
    assert.deepEqual(statusesOf(answer), [400]);
    assert.match(answer, /^connection: close\r$/m);
    assert.ok(
      fixture.requests.every((request) => !request.includes(SMUGGLED)),
      fixture.requests[0],
    );
  });
}

Deno.test("bytes behind a body do not become the beginning of the next request", async () => {
  await using fixture = new HttpFixture();
  const text = await fixture.exchange(
    "POST /1 HTTP/1.1\r\nHost: echo\r\nContent-Length: 0\r\n\r\nx" +
      `GET ${SMUGGLED} HTTP/1.1\r\nHost: echo\r\n\r\n`,
  );
  assert.deepEqual(statusesOf(text), [200, 400]);
  assert.deepEqual(fixture.requests, ["POST /1 "]);
});
