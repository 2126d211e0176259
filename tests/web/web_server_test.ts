/** An HTTP server that stops listening lets open connections go on. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { WebServer, withServerHeader } from "../../src/web/web_server.ts";
import { freePort } from "../../testing/free_ports.ts";
import { endListening } from "../../testing/listening/end_listening.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { until } from "../../testing/until.ts";

const hostname = "127.0.0.1";
const REQUEST = "GET / HTTP/1.1\r\nHost: echo\r\n\r\n";

Deno.test({
  name: "connections go on where listening ends, until they are let go",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const port = freePort();
    const routes = new Hono().get("/", (c) => c.text("hello"));
    const server = new WebServer({ hostname, port }, routes, ["echo", "hls"]);
    const ends: Error[] = [];
    server.listen((why) => ends.push(why));
    using before = await Deno.connect({ hostname, port });
    assert.match(await ask(before), /hello$/);

    endListening(port);
    await until("its end is told", () => ends.length > 0);
    assert.match(await ask(before), /hello$/);
    await assert.rejects(Deno.connect({ hostname, port }), Deno.errors.ConnectionRefused);

    server.listen((why) => ends.push(why));
    using after = await Deno.connect({ hostname, port });
    assert.match(await ask(after), /hello$/);
    assert.match(await ask(before), /hello$/);
    server.letGo();
    assert.equal(await before.read(new Uint8Array(1)), null);
    assert.match(await ask(after), /hello$/);
    await server.close();
    assert.equal(ends.length, 1, "being closed is no end of its own");
  },
});

Deno.test("a token in a path is not in the log, also where an answer fails", async () => {
  await using log = await LogRecorder.start();
  const app = withServerHeader(new Hono().get("*", () => assert.fail("broken")), ["echo", "hls"]);
  for (const tilde of ["~", "%7E"]) {
    assert.equal((await app.request(`/cast/${tilde}a.b.c/dj1/~d.e.f/`)).status, 500);
  }
  assert.equal(log.matching(/Cannot answer GET \/cast\/~…\/dj1\/~…\/: /).length, 2);
});

async function ask(conn: Deno.TcpConn): Promise<string> {
  await conn.write(new TextEncoder().encode(REQUEST));
  const buffer = new Uint8Array(4096);
  const length = await conn.read(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, length));
}
