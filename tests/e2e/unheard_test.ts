/** Encoders of which nothing can be heard are told so, and what one of them sends is bounded. */
import assert from "node:assert/strict";
import { codecOf } from "../../src/audio/codec_of.ts";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

const CONFIG = audioConfig();
const SILENT = codecOf(CONFIG).silentFrame(CONFIG);
/** AAC-LC at 48 kHz, in stereo and in mono. */
const ASCS = [Uint8Array.of(0x11, 0x90), Uint8Array.of(0x11, 0x88)] as const;

scenario("who sends what cannot be heard is told so in time", async () => {
  await using server = await EchoServer.start({ env: { RTMP_CONNECTION_TIMEOUT: "2" } });
  const raw = await publish(server, "raw");
  await raw.sendFrame(SILENT, 0);
  const pings = await publish(server, "pings");
  await Promise.all([
    assert.rejects(raw.status("never"), /no audio within 2 s, but AAC without its configuration/),
    assert.rejects(pings.status("never"), /no audio within 2 s, but nothing/),
  ]);
  await Promise.all([raw.ended(), pings.ended()]);
  await server.line(/WARN .* raw#\d+ cannot be broadcast: no audio within 2 s, but AAC without/);
});

scenario(
  "an encoder that changes its configuration with each frame makes a few files",
  async () => {
    await using server = await EchoServer.start();
    const publisher = await publish(server, "flood");
    const refused = assert.rejects(
      publisher.status("never"),
      /the configuration changed 10 times within 60 s/,
    );
    for (let i = 0; i < 100; i++) {
      await publisher.sendConfig(ASCS[i % 2] ?? ASCS[0], i * 21);
      await publisher.sendFrame(SILENT, i * 21);
    }
    await refused;
    await publisher.ended();
    await until("its recordings are finished", async () => {
      const files = await filesOf(`${server.folder}/output/record`);
      return files.length > 0 && files.every((file) => file.endsWith(".mp4"));
    });
    const recordings = await filesOf(`${server.folder}/output/record`);
    assert.ok(recordings.length <= 2, recordings.join());
  },
);

async function publish(server: EchoServer, name: string): Promise<RtmpPublisher> {
  const publisher = await RtmpPublisher.connect({
    hostname: "127.0.0.1",
    port: server.rtmpPort,
    app: "live",
  });
  await publisher.publish(name);
  return publisher;
}

async function filesOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) names.push(entry.name);
  return names;
}
