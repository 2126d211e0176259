/** What is taken out of aggregate messages, and out of FLV that holds ADTS. */
import assert from "node:assert/strict";
import { aggregatedIn } from "../../src/rtmp/aggregate.ts";
import { writeAmf0 } from "../../src/rtmp/amf0.ts";
import { payloadOf } from "../../src/rtmp/message.ts";
import { MessageType } from "../../src/rtmp/message_type.ts";
import { adtsFrame, audioConfig } from "../../testing/audio/access_units.ts";
import { concat } from "../../testing/bytes.ts";
import { aggregatePart } from "../../testing/rtmp/aggregate_message.ts";
import { ASC, AUDIO_TIMEOUT_MS, SessionHarness } from "../../testing/rtmp/session_harness.ts";

const { Aggregate, Audio, Command, Data, Video } = MessageType;
const CONFIG = audioConfig();
const FRAME_MS = 1024 / 48;
const unit = (n: number) => new Uint8Array(100).fill(n);
const rawAac = (data: Uint8Array) => concat([Uint8Array.of(0xaf, 1), data]);

function parts(payload: Uint8Array, timestamp: number) {
  const { length } = payload;
  const aggregate = { type: Aggregate, timestamp, streamId: 1, length, bytes: payload, start: 0 };
  return [...aggregatedIn({ ...aggregate, end: length })].map((message) => ({
    type: message.type,
    payload: [...payloadOf(message)],
    timestamp: message.timestamp,
    length: message.length,
  }));
}

Deno.test("messages come out of an aggregate on the time scale of the stream", () => {
  const payload = concat([
    aggregatePart(Video, Uint8Array.of(1, 2), 0x0100_0000),
    aggregatePart(Audio, Uint8Array.of(3), 0x0100_0015),
    aggregatePart(Data, new Uint8Array(0), 0x00ff_fff0),
  ]);
  assert.deepEqual(parts(payload, 500), [
    { type: Video, payload: [1, 2], timestamp: 500, length: 2 },
    { type: Audio, payload: [3], timestamp: 521, length: 1 },
    { type: Data, payload: [], timestamp: 484, length: 0 },
  ]);
  assert.deepEqual(parts(payload, 0xffff_fff0).map(({ timestamp }) => timestamp), [
    0xffff_fff0,
    5,
    0xffff_ffe0,
  ]);
});

Deno.test("what is cut off ends an aggregate, wherever that is", () => {
  const payload = concat([
    aggregatePart(Audio, Uint8Array.of(1, 2, 3), 0),
    aggregatePart(Audio, unit(4), 21),
  ]);
  for (let length = 0; length <= payload.length; length++) {
    const found = parts(payload.subarray(0, length), 7);
    assert.equal(found.length, length < 11 ? 0 : length < 29 ? 1 : 2);
    assert.ok(found.every((message) => message.payload.length <= message.length));
  }
});

Deno.test("commands and aggregates in an aggregate are passed over", () => {
  const inner = aggregatePart(Aggregate, aggregatePart(Audio, Uint8Array.of(1), 0), 0);
  const command = aggregatePart(Command, writeAmf0("deleteStream", 1, null, 1), 0);
  assert.deepEqual(parts(concat([inner, command]), 0), []);
});

Deno.test("audio and titles in aggregate messages are used, with their times", () => {
  const harness = SessionHarness.publishing();
  const title = writeAmf0("onMetaData", { title: "Song" });
  const payload = concat([
    aggregatePart(Audio, rawAac(unit(1)), 40),
    aggregatePart(Video, unit(9), 40),
    aggregatePart(Data, title, 61),
    aggregatePart(Audio, rawAac(unit(2)), 61),
  ]);
  harness.feed(harness.encoder.message(6, Aggregate, payload, { timestamp: 1000, streamId: 1 }));
  const { frames, tags } = harness.ingest;
  assert.deepEqual(frames.map(({ data, timeMs }) => [data[0], timeMs]), [[1, 1000], [2, 1021]]);
  assert.deepEqual(tags, [{ title: "Song", artist: undefined, timeMs: 1021 }]);
  assert.deepEqual(harness.unused, []);
});

Deno.test("of an aggregate that is too long, what stands in its first 64 kB is used", () => {
  const harness = SessionHarness.publishing();
  const payload = concat([
    aggregatePart(Audio, rawAac(unit(1)), 0),
    aggregatePart(Video, new Uint8Array(70_000), 0),
    aggregatePart(Audio, rawAac(unit(2)), 21),
  ]);
  harness.feed(harness.encoder.message(6, Aggregate, payload, { streamId: 1 }));
  assert.deepEqual(harness.ingest.frames.map(({ data }) => data[0]), [1]);
  assert.deepEqual(harness.unused.map(({ why }) => why), ["more than 65536 bytes"]);
});

/** Behind an accepted publish, without a configuration. */
function unconfigured(): SessionHarness {
  const harness = SessionHarness.shaken();
  const { encoder } = harness;
  harness.feed(encoder.connect("demo"), encoder.createStream(), encoder.publish("sesame"));
  return harness;
}

Deno.test("ADTS in FLV is taken apart, and tells the configuration where none came", () => {
  const harness = unconfigured();
  const { encoder } = harness;
  const frames = [1, 2, 3].map((n) => adtsFrame(CONFIG, unit(n)));
  harness.feed(encoder.frame(frames[0] ?? unit(0), 0));
  harness.feed(encoder.frame(concat(frames), 21));
  assert.deepEqual(harness.ingest.configs, [CONFIG]);
  const { frames: found } = harness.ingest;
  assert.deepEqual(found.map(({ data }) => [data.length, data[0]]), [
    [100, 1],
    [100, 1],
    [100, 2],
    [100, 3],
  ]);
  const times = [0, 21, 21 + FRAME_MS, 21 + 2 * FRAME_MS];
  assert.deepEqual(found.map(({ timeMs = 0 }) => Math.round(timeMs)), times.map(Math.round));
  assert.equal(harness.ingest.badCount, 0);
});

Deno.test("beside a configuration that came, what ADTS headers tell does not count", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  const implicit = audioConfig({ sampleRate: 24_000 });
  harness.feed(encoder.frame(adtsFrame(implicit, unit(1)), 0), encoder.config(ASC));
  assert.deepEqual(harness.ingest.configs.map(({ sampleRate }) => sampleRate), [48_000]);
  assert.deepEqual(harness.ingest.frames.map(({ data }) => data.length), [100]);
});

Deno.test("ADTS of a kind that is not taken is rejected in words", () => {
  const harness = unconfigured();
  const scalable = adtsFrame(CONFIG, unit(1));
  scalable[2] = (scalable[2] ?? 0) & 0x3f | 0x80; // SSR
  harness.feed(harness.encoder.frame(scalable, 0));
  assert.match(harness.ingest.rejections.join(), /^unsupported audio: .*SSR/);
  assert.equal(harness.statuses.at(-1), "NetStream.Publish.Rejected");
});

Deno.test("an encoder that cannot be heard is told in time what is missing", async () => {
  const video = (harness: SessionHarness) =>
    harness.encoder.message(6, Video, unit(0x17), { streamId: 1 });
  const raw = (harness: SessionHarness) => harness.encoder.frame(unit(1), 0);
  const nothing = () => new Uint8Array(0);
  const unusable: [what: (harness: SessionHarness) => Uint8Array, told: RegExp][] = [
    [raw, /^no audio within 10 s, but AAC without its configuration/],
    [video, /^no audio within 10 s, but video$/],
    [(harness) => concat([video(harness), raw(harness)]), /but video and AAC without its config/],
    [nothing, /^no audio within 10 s, but nothing$/],
  ];
  for (const [what, told] of unusable) {
    const harness = unconfigured();
    harness.feed(what(harness));
    await harness.clock.advance(AUDIO_TIMEOUT_MS - 1);
    assert.deepEqual(harness.statuses, ["NetStream.Publish.Start"]);
    await harness.clock.advance(1);
    assert.deepEqual(harness.statuses.at(-1), "NetStream.Publish.Rejected");
    assert.match(String(harness.descriptions.at(-1)), told);
    assert.deepEqual(harness.ingest.ends, ["lost"]);
  }
});

Deno.test("a connection may publish again, but not without end", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  const again = () =>
    harness.feed(encoder.command(["closeStream", 0, null], 1), encoder.publish("sesame"));
  for (let i = 0; i < 15; i++) again();
  assert.equal(harness.doorkeeper.ingests.length, 16);
  assert.throws(again, { name: "RtmpError", message: /more than 16 times/ });
});
