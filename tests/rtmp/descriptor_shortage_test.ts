/** An RTMP server that runs out of file descriptors accepts again later. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";

const LIMIT = 64;
const program = fileURLToPath(
  new URL("../../testing/rtmp/short_of_descriptors.ts", import.meta.url),
);

Deno.test("a server that runs out of file descriptors accepts again when there are some", async () => {
  const script = `ulimit -n ${LIMIT}; exec "$0" run --no-check -A "$1"`;
  const child = new Deno.Command("sh", {
    args: ["-c", script, Deno.execPath(), program],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const stdout = child.stdout.getReader();
  const { value } = await stdout.read();
  const port = Number(new TextDecoder().decode(value));
  assert.ok(port > 0);

  const hostname = "127.0.0.1";
  const conns: Deno.TcpConn[] = [];
  for (let i = 0; i < LIMIT; i++) conns.push(await Deno.connect({ hostname, port }));
  // The kernel completes the connection; the server cannot accept it yet.
  const publisher = RtmpPublisher.connect({ hostname, port, app: "demo" });
  for (const conn of conns) conn.close();
  await (await publisher).publish("sesame");
  await (await publisher).vanish();

  await child.stdin.close();
  assert.equal((await child.status).code, 0);
  await stdout.cancel();
});
