/** FFmpeg and srt-live-transmit as the other end of a connection. */
import assert from "node:assert/strict";
import { SrtPoller } from "../../ffi/srt.ts";
import { Child } from "../../testing/child.ts";
import { Server, srt } from "../../testing/ffi/loopback.ts";
import { until } from "../../testing/until.ts";

const SINE = "-nostdin -hide_banner -loglevel error -re -f lavfi -i sine -t 1 -c:a aac -f mpegts";

/** FFmpeg, sending a second of MPEG-TS to an SRT address in real time: it does not wait for its send buffer. */
async function ffmpeg(url: string): Promise<{ success: boolean; log: string }> {
  const args = [...SINE.split(" "), url];
  await using child = new Child("ffmpeg", args);
  const { code } = await child.end();
  return { success: code === 0, log: child.output };
}

Deno.test("FFmpeg publishes MPEG-TS with a stream id", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 50 });
  const { port } = server.listener.address;
  const sent = await ffmpeg(`srt://127.0.0.1:${port}?streamid=publish:demo`);
  assert(sent.success, sent.log);
  const receiver = await server.connection();
  await until("the connection has ended", () => receiver.end !== undefined);
  assert.equal(receiver.connection.streamId, "publish:demo");
  assert(receiver.messages.length > 1);
  for (const { text } of receiver.messages) {
    assert.equal(text.length % 188, 0);
    for (let i = 0; i < text.length; i += 188) assert.equal(text[i], "G");
  }
});

Deno.test("FFmpeg's passphrase is checked", async () => {
  using poller = new SrtPoller(srt);
  const passphrase = "correct-horse-battery";
  using server = new Server(poller, { passphrase, receiverLatencyMs: 50 });
  const { port } = server.listener.address;
  const wrong = await ffmpeg(`srt://127.0.0.1:${port}?passphrase=another-horse-battery`);
  assert(!wrong.success);
  assert.equal(server.accepted.length, 0);
  const right = await ffmpeg(`srt://127.0.0.1:${port}?passphrase=${passphrase}&pbkeylen=32`);
  assert(right.success, right.log);
  const receiver = await server.connection();
  await until("the connection has ended", () => receiver.end !== undefined);
  assert(receiver.messages.length > 1);
  assert(receiver.messages.every(({ text }) => text.startsWith("G")));
});

Deno.test("srt-live-transmit sends what it reads", async () => {
  using poller = new SrtPoller(srt);
  using server = new Server(poller, { receiverLatencyMs: 50 });
  const { port } = server.listener.address;
  const command = new Deno.Command("srt-live-transmit", {
    args: [
      "-q",
      "-chunk:1316",
      "file://con",
      `srt://127.0.0.1:${port}?streamid=#!::r=demo,m=publish`,
    ],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  });
  const transmit = command.spawn();
  const input = transmit.stdin.getWriter();
  try {
    const receiver = await server.connection();
    assert.equal(receiver.connection.streamId, "#!::r=demo,m=publish");
    // What it reads before it thinks itself connected it drops.
    let written = 0;
    await until("10 messages are there", () => {
      if (input.desiredSize === 1) input.write(new Uint8Array(1316).fill(written++));
      return receiver.messages.length >= 10;
    });
    const first = receiver.messages[0]?.text.charCodeAt(0) ?? NaN;
    receiver.messages.forEach(({ text }, n) => {
      assert.equal(text, String.fromCharCode(first + n).repeat(1316));
    });
  } finally {
    // It outlives the end of its input, and a polite signal while it reads.
    transmit.kill("SIGKILL");
    await transmit.status;
    await input.close().catch((error) => assert(error instanceof Deno.errors.BrokenPipe));
  }
});
