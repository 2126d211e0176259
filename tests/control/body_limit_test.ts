/** The longest body of a request that the control API reads, over a real connection. */
import assert from "node:assert/strict";
import { WebServer } from "../../src/web/web_server.ts";
import { setUpApi } from "../../testing/control/control_api.ts";

async function withServer(test: (url: string) => Promise<void>): Promise<void> {
  const { app } = setUpApi();
  const server = new WebServer({ hostname: "127.0.0.1", port: 0 }, app, ["echo", "control"]);
  server.listen();
  try {
    await test(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.close();
  }
}

Deno.test("a body of 1 MB is refused unread, with and without its length told", async () => {
  await withServer(async (url) => {
    const megabyte = new Uint8Array(1_000_000).fill(0x20);
    const chunked = new ReadableStream({
      start(controller) {
        for (let at = 0; at < megabyte.length; at += 10_000) {
          controller.enqueue(megabyte.subarray(at, at + 10_000));
        }
        controller.close();
      },
    });
    for (const body of [megabyte, chunked]) {
      const answer = await fetch(`${url}/echo/4/publish/demo`, { method: "POST", body });
      assert.equal(answer.status, 413);
      assert.deepEqual(await answer.json(), {
        code: 413,
        message: "the body is too large: at most 4096 bytes are taken",
      });
    }
    const answer = await fetch(`${url}/echo/option`);
    assert.equal(answer.status, 200);
    await answer.body?.cancel();
  });
});

Deno.test("a TRACE, which has no body, is not served, whatever comes with it", async () => {
  await withServer(async (url) => {
    const { hostname, port } = new URL(url);
    const head = "TRACE /echo/4/state HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx";
    using connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode(head));
    assert.match(await readAll(connection), /^HTTP\/1.1 501 /);
  });
});

async function readAll(connection: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  let text = "";
  for (let n = await connection.read(buffer); n !== null; n = await connection.read(buffer)) {
    text += decoder.decode(buffer.subarray(0, n), { stream: true });
  }
  return text;
}
