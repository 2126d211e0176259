/** SRT connections on loopback: messages, passphrases, and how they end. */
import assert from "node:assert/strict";
import type { StreamListener } from "../../src/listening/stream_socket.ts";
import { RtmpConnection } from "../../src/rtmp/connection.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { CERTIFICATE, PRIVATE_KEY } from "../../testing/listening/localhost_certificate.ts";
import { RecordingDoorkeeper } from "../../testing/session/recording_doorkeeper.ts";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";
import { ASC } from "../../testing/rtmp/session_harness.ts";

const hostname = "127.0.0.1";

/** A listener, and a client that connects to it, of each transport. */
const transports: Record<
  string,
  { listen: () => StreamListener; connect: (port: number) => Promise<Deno.TcpConn | Deno.TlsConn> }
> = {
  TCP: {
    listen: () => Deno.listen({ hostname, port: 0 }),
    connect: (port) => Deno.connect({ hostname, port }),
  },
  TLS: {
    listen: () => Deno.listenTls({ hostname, port: 0, cert: CERTIFICATE, key: PRIVATE_KEY }),
    connect: (port) => Deno.connectTls({ hostname: "localhost", port, caCerts: [CERTIFICATE] }),
  },
};

for (const [transport, { listen, connect }] of Object.entries(transports)) {
  Deno.test(`a connection serves an encoder over ${transport}, up to its goodbye`, async () => {
    const doorkeeper = new RecordingDoorkeeper();
    const listener = listen();
    const client = connect(listener.addr.port);
    const socket = await listener.accept();
    const options = { doorkeeper, clock: new FakeClock(), timeoutMs: 10_000 };
    const connection = new RtmpConnection(socket, options);
    assert.equal(connection.address, hostname);
    const ended = connection.run();
    const publisher = await RtmpPublisher.over(await client, { app: "demo" });
    await publisher.publish("sesame");
    await publisher.sendConfig(ASC);
    await publisher.sendFrame(Uint8Array.of(1, 2, 3), 0);
    await publisher.finish();
    await ended;
    listener.close();
    const ingest = await doorkeeper.ingest();
    assert.deepEqual(ingest.frames.map(({ data }) => [...data]), [[1, 2, 3]]);
    assert.deepEqual(ingest.ends, ["finished"]);
  });

  Deno.test(`an encoder over ${transport} reads why it is refused`, async () => {
    const doorkeeper = new RecordingDoorkeeper();
    doorkeeper.refusal = "key-unknown";
    const listener = listen();
    const client = connect(listener.addr.port);
    const options = { doorkeeper, clock: new FakeClock(), timeoutMs: 10_000 };
    const connection = new RtmpConnection(await listener.accept(), options);
    const ended = connection.run();
    const publisher = await RtmpPublisher.over(await client, { app: "demo" });
    await assert.rejects(publisher.publish("sesame"), { code: "NetStream.Publish.Denied" });
    await publisher.vanish();
    await ended;
    listener.close();
  });
}
