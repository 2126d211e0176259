/** What is sent by the system's own calls, also from files in memory, and that none of those is left. */
import assert from "node:assert/strict";
import { SystemSockets } from "../../src/listening/system_socket.ts";
import { openMemoryFiles } from "../../testing/listening/memory_files.ts";

const hostname = "127.0.0.1";
const HEAD = new TextEncoder().encode("head");

Deno.test("what is sent from a file in memory is what was sent otherwise", async () => {
  using listener = Deno.listen({ hostname, port: 0 });
  using reader = await Deno.connect({ hostname, port: listener.addr.port });
  using writer = await listener.accept();
  const sockets = load();
  const socket = sockets.of(writer);
  assert.ok(socket);
  const body = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7);
  const bytes = new Uint8Array([...HEAD, ...body]);
  const file = sockets.memoryFile(body);
  for (const tail of [undefined, file, file]) {
    const receiving = receive(reader, bytes.length);
    const sent = socket.send(bytes, tail);
    assert.ok(sent > HEAD.length);
    await sendRest(writer, bytes, sent);
    assert.deepEqual(await receiving, bytes);
  }
  sockets.close();
});

Deno.test("a reader that takes nothing gets no more than the system holds for it", async () => {
  using listener = Deno.listen({ hostname, port: 0 });
  using _reader = await Deno.connect({ hostname, port: listener.addr.port });
  using writer = await listener.accept();
  const sockets = load();
  const socket = sockets.of(writer);
  const body = new Uint8Array(2 ** 20);
  const bytes = new Uint8Array([...HEAD, ...body]);
  const file = sockets.memoryFile(body);
  let sent: number | undefined = bytes.length;
  for (let i = 0; i < 100 && sent === bytes.length; i++) sent = socket?.send(bytes, file);
  assert.ok(sent !== undefined && sent < bytes.length);
  assert.equal(socket?.send(bytes, file), 0);
  sockets.close();
});

Deno.test("files in memory are so many at most, and none is left", () => {
  const before = openMemoryFiles();
  const sockets = load();
  const files = Array.from({ length: 100 }, () => sockets.memoryFile(HEAD));
  const made = files.filter((file) => file !== undefined);
  assert.equal(made.length, 64);
  assert.equal(openMemoryFiles(), before + 64);
  for (const file of made.slice(0, 10)) {
    sockets.removeFile(file);
    sockets.removeFile(file);
  }
  assert.equal(openMemoryFiles(), before + 54);
  assert.ok(sockets.memoryFile(HEAD));
  sockets.close();
  assert.equal(openMemoryFiles(), before);
});

function load(): SystemSockets {
  const sockets = SystemSockets.load();
  assert.ok(sockets);
  return sockets;
}

async function sendRest(writer: Deno.TcpConn, bytes: Uint8Array, from: number): Promise<void> {
  for (let sent = from; sent < bytes.length;) sent += await writer.write(bytes.subarray(sent));
}

async function receive(reader: Deno.TcpConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let count = 0; count < length;) {
    const more = await reader.read(bytes.subarray(count));
    assert.ok(more !== null);
    count += more;
  }
  return bytes;
}
