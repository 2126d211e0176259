/** Encoders that are asked to go on at another server (Enhanced RTMP v2, Reconnect Request). */
import assert from "node:assert/strict";
import { type AmfObject, isAmfObject } from "../../src/rtmp/amf_value.ts";
import { RtmpServer } from "../../src/rtmp/server.ts";
import { systemClock } from "../../src/session/clock.ts";
import { RtmpPublisher } from "../../testing/rtmp/rtmp_publisher.ts";
import { ASC, SessionHarness } from "../../testing/rtmp/session_harness.ts";
import { RecordingDoorkeeper } from "../../testing/session/recording_doorkeeper.ts";
import { until } from "../../testing/until.ts";

const RECONNECT = 1;
const MULTITRACK = 2;
const CODE = "NetConnection.Connect.ReconnectRequest";

/** One that publishes, and said `properties` when it connected. */
function publishing(app: string, properties: AmfObject): SessionHarness {
  const harness = SessionHarness.shaken({ asksToReconnect: true });
  const { encoder } = harness;
  harness.feed(encoder.connect(app, properties), encoder.createStream());
  harness.feed(encoder.publish("sesame"), encoder.config(ASC));
  return harness;
}

/** What the server said of itself in the answer to `connect`. */
function told(harness: SessionHarness): AmfObject {
  const answer = harness.answers.find(({ values }) => values[0] === "_result" && values[1] === 1);
  const properties = answer?.values[2];
  assert.ok(isAmfObject(properties));
  return properties;
}

Deno.test("an encoder that can be asked is told where to go on, and is served until it leaves", () => {
  const harness = publishing("demo", { capsEx: RECONNECT | MULTITRACK });
  assert.equal(harness.session.requestReconnect("192.0.2.7", 1935), true);
  const request = harness.answers.at(-1);
  assert.equal(request?.streamId, 0, "it is about the connection, not about a stream");
  const [command, transactionId, object, info] = request?.values ?? [];
  assert.deepEqual([command, transactionId, object], ["onStatus", 0, null]);
  assert.ok(isAmfObject(info));
  const { level, code, tcUrl } = info;
  assert.deepEqual([level, code, tcUrl], ["status", CODE, "rtmp://192.0.2.7:1935/demo"]);

  const frame = Uint8Array.of(1, 2, 3);
  harness.feed(harness.encoder.frame(frame, 0));
  assert.deepEqual(harness.ingest.frames.map(({ data }) => data), [frame]);
  assert.equal(harness.session.state, "publishing");
});

Deno.test("the address of the other server may be one of IPv6", () => {
  const harness = publishing("live", { capsEx: RECONNECT });
  harness.session.requestReconnect("2001:db8::7", 19350);
  const info = harness.answers.at(-1)?.values[3];
  assert.ok(isAmfObject(info));
  assert.equal(info.tcUrl, "rtmp://[2001:db8::7]:19350/live");
});

for (
  const [who, properties] of [
    ["says nothing of what it can", {}],
    ["cannot reconnect", { capsEx: MULTITRACK }],
    ["says no number", { capsEx: "1" }],
    ["came by TLS, to a name", {
      ...{ capsEx: RECONNECT, tcUrl: "RTMPS://in.radio.example:1936/demo" },
    }],
  ] as const
) {
  Deno.test(`an encoder that ${who} is asked nothing`, () => {
    const harness = publishing("demo", properties);
    const answers = harness.answers.length;
    assert.equal(harness.session.requestReconnect("192.0.2.7", 1935), false);
    assert.equal(harness.answers.length, answers);
  });
}

Deno.test("who does not publish, or not any more, is asked nothing", () => {
  const harness = SessionHarness.shaken({ asksToReconnect: true });
  const { encoder } = harness;
  harness.feed(encoder.connect("demo", { capsEx: RECONNECT }), encoder.createStream());
  assert.equal(harness.session.requestReconnect("192.0.2.7", 1935), false);
  harness.feed(encoder.publish("sesame"));
  assert.equal(harness.session.requestReconnect("192.0.2.7", 1935), true);
  harness.session.close();
  assert.equal(harness.session.requestReconnect("192.0.2.7", 1935), false);
});

Deno.test("encoders are told that they may be asked, where that is so", () => {
  assert.equal(told(publishing("demo", { capsEx: RECONNECT })).capsEx, RECONNECT);
  assert.equal(told(publishing("demo", {})).capsEx, undefined, "who knows nothing of it");
  const alone = SessionHarness.shaken();
  alone.feed(alone.encoder.connect("demo", { capsEx: RECONNECT }));
  assert.equal(told(alone).capsEx, 0, "on a server that has no others beside it");
});

Deno.test("it is asked over its connection, which is served on until it leaves", async () => {
  const doorkeeper = new RecordingDoorkeeper();
  const server = new RtmpServer({
    ...{
      addr: { hostname: "127.0.0.1", port: 0 },
      connectionTimeoutMs: 10_000,
      maxConnections: 10,
    },
    ...{ clock: systemClock, doorkeeper, asksToReconnect: true },
  });
  server.start();
  const { hostname, port } = server.addr;
  const publisher = await RtmpPublisher.connect({
    ...{ hostname, port, app: "demo", properties: { capsEx: RECONNECT } },
  });
  await publisher.publish("sesame");
  await publisher.sendConfig(ASC);
  const [ingest] = doorkeeper.ingests;
  assert.ok(ingest !== undefined);
  assert.equal(ingest.request.transport.requestReconnect?.("192.0.2.7", 1935), true);
  assert.equal((await publisher.reconnectRequest()).href, "rtmp://192.0.2.7:1935/demo");
  await publisher.sendFrame(Uint8Array.of(1, 2, 3), 0);
  await until("its frame has come", () => ingest.frames.length === 1);
  await publisher.finish();
  await server.close();
  assert.equal(ingest.request.transport.requestReconnect?.("192.0.2.7", 1935), false);
});
