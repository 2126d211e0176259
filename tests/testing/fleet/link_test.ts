/** A link lets through what is sent, holds it while it is cut, and tells of an end. */
import assert from "node:assert/strict";
import { Link } from "../../../testing/fleet/link.ts";
import { until } from "../../../testing/until.ts";

Deno.test("while a link is cut nothing comes through, and then all of it does", async () => {
  await withEcho(async (link) => {
    using client = await Deno.connect({ ...link.place });
    const heard = listenTo(client);
    await say(client, "one ");
    await until("it is answered", () => heard.text === "one ");
    link.cut();
    await say(client, "two ");
    using late = await Deno.connect({ ...link.place });
    const lateHeard = listenTo(late);
    await say(late, "three");
    assert.equal(heard.text + lateHeard.text, "one ");
    link.mend();
    await until("it comes", () => heard.text === "one two " && lateHeard.text === "three");
    assert.equal(link.answeredBytes, 13);
  });
});

Deno.test("a client is told where nobody listens behind a link", async () => {
  const { hostname, port } = withoutListener();
  await using link = new Link({ hostname, port });
  using client = await Deno.connect({ ...link.place });
  assert.equal(await client.read(new Uint8Array(1)), null);
});

/** Has a link before a server that says what it is told. */
async function withEcho(test: (link: Link) => Promise<void>): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const conn of listener) void conn.readable.pipeTo(conn.writable).catch(() => "over");
  })();
  const { port } = listener.addr;
  {
    await using link = new Link({ hostname: "127.0.0.1", port });
    await test(link);
  }
  listener.close();
  await serving;
}

function withoutListener(): Deno.NetAddr {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr;
}

/** What comes from now on. */
function listenTo(conn: Deno.TcpConn): { text: string } {
  const heard = { text: "" };
  void (async () => {
    const buffer = new Uint8Array(100);
    try {
      for (let count; (count = await conn.read(buffer)) !== null;) {
        heard.text += new TextDecoder().decode(buffer.subarray(0, count));
      }
    } catch (error) {
      // Closed at the end of the test.
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  })();
  return heard;
}

async function say(conn: Deno.TcpConn, text: string): Promise<void> {
  await conn.write(new TextEncoder().encode(text));
}
