/** What happens where connections of Deno cannot be handed to Node. */
import assert from "node:assert/strict";
import process from "node:process";
import { nodeSocket, tryHandOver } from "../../src/tls/node_socket.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";

/** Has `target` another `key` while `action` runs. */
async function replaced(
  target: object,
  key: string,
  value: unknown,
  action: () => Promise<void>,
): Promise<void> {
  const before: unknown = Reflect.get(target, key);
  Reflect.set(target, key, value);
  try {
    await action();
  } finally {
    Reflect.set(target, key, before);
  }
}

Deno.test("a Deno that cannot hand connections to Node is found out", async () => {
  await replaced(process, "binding", undefined, async () => {
    await assert.rejects(tryHandOver(), /cannot hand TCP connections to Node's TLS/);
  });
  await tryHandOver();
});

Deno.test("where no descriptor is left the connection is closed, and it is logged", async () => {
  await using log = await LogRecorder.start();
  const { prototype } = Reflect.get(process, "binding")("tcp_wrap").TCP;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const conn = await listener.accept();
  await replaced(prototype, "openFromRid", () => -24, async () => {
    await Promise.resolve();
    assert.throws(() => nodeSocket(conn), /Node does not take it \(status -24\)/);
  });
  assert.equal(await client.read(new Uint8Array(1)), null);
  assert.deepEqual(log.lines, [
    "error Cannot begin TLS on a connection: Node does not take it (status -24)",
  ]);
});
