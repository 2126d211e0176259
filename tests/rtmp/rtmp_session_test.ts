/** An RTMP session without a socket: what it answers, and what it tells of a publish. */
import assert from "node:assert/strict";
import { writeAmf0 } from "../../src/rtmp/amf0.ts";
import { type AmfValue, isAmfObject } from "../../src/rtmp/amf_value.ts";
import { MessageType } from "../../src/rtmp/message_type.ts";
import type { RefusalKind } from "../../src/session/ingest.ts";
import { writeAmf3 } from "../../testing/rtmp/amf3_writer.ts";
import { ASC, SessionHarness } from "../../testing/rtmp/session_harness.ts";

const frame = Uint8Array.of(1, 2, 3);
const rejected = (message: RegExp) => ({ name: "RtmpError", message });

function concat(parts: (Uint8Array | number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function timesOf(...timestamps: number[]): (number | undefined)[] {
  const harness = SessionHarness.publishing();
  for (const timestamp of timestamps) harness.feed(harness.encoder.frame(frame, timestamp));
  return harness.ingest.frames.map(({ timeMs }) => timeMs);
}

Deno.test("connect is answered with window sizes, a chunk size and success", () => {
  const harness = SessionHarness.shaken();
  harness.feed(harness.encoder.connect("live"));
  const { WindowAcknowledgementSize, SetPeerBandwidth, Command } = MessageType;
  const types = harness.answers.map(({ type }) => type);
  assert.deepEqual(types, [WindowAcknowledgementSize, SetPeerBandwidth, Command]);
  const [, , { values } = { values: [] as AmfValue[] }] = harness.answers;
  assert.deepEqual(values.slice(0, 2), ["_result", 1]);
  const [properties, information] = values.slice(2);
  assert.ok(isAmfObject(information) && isAmfObject(properties));
  assert.equal(information.code, "NetConnection.Connect.Success");
  assert.equal(properties.fourCcList, undefined);
});

Deno.test("an encoder that speaks Enhanced RTMP is told that AAC is taken so", () => {
  const harness = SessionHarness.shaken();
  harness.feed(harness.encoder.connect("live", { fourCcList: ["hvc1", "mp4a"] }));
  const properties = harness.answers.at(-1)?.values[2];
  assert.ok(isAmfObject(properties));
  assert.deepEqual(properties.fourCcList, ["mp4a", ".mp3"]);
});

Deno.test("a publish goes through and its audio comes out", () => {
  const harness = SessionHarness.shaken();
  const { encoder } = harness;
  harness.feed(encoder.connect("demo"));
  harness.feed(encoder.command(["releaseStream", 2, null, "sesame"]));
  harness.feed(encoder.command(["FCPublish", 3, null, "sesame"]));
  harness.feed(encoder.createStream());
  harness.feed(encoder.command(["_checkbw", 6, null]));
  harness.feed(encoder.command(["getStreamLength", 7, null, "sesame"]));
  harness.feed(encoder.publish("sesame"));
  const results = harness.answers.filter(({ values }) => values[0] === "_result");
  assert.deepEqual(results.map(({ values }) => values[1]), [1, 2, 3, 4]);
  assert.equal(results.at(-1)?.values[3], 1);
  assert.deepEqual(harness.statuses, ["NetStream.Publish.Start"]);
  assert.equal(harness.answers.at(-1)?.streamId, 1);
  assert.deepEqual(harness.ingest.request.key, "sesame");

  harness.feed(encoder.config(ASC), encoder.frame(frame, 0), encoder.frame(frame, 21));
  assert.equal(harness.ingest.configs[0]?.sampleRate, 48000);
  const expected = [{ data: frame, timeMs: 0 }, { data: frame, timeMs: 21 }];
  assert.deepEqual(harness.ingest.frames, expected);
});

Deno.test("a repeated configuration is told once, a changed one again", () => {
  const harness = SessionHarness.publishing();
  harness.feed(harness.encoder.config(ASC, 10), harness.encoder.config(ASC, 20));
  assert.equal(harness.ingest.configs.length, 1);
  harness.feed(harness.encoder.config(Uint8Array.of(0x12, 0x10), 30));
  assert.deepEqual(harness.ingest.configs.map(({ sampleRate }) => sampleRate), [48000, 44100]);
});

Deno.test("frames before their configuration and frames no ADTS header could hold are bad", () => {
  const harness = SessionHarness.shaken();
  const { encoder } = harness;
  harness.feed(encoder.connect("demo"), encoder.createStream(), encoder.publish(""));
  harness.feed(encoder.frame(frame, 0));
  assert.equal(harness.ingest.badCount, 1);
  harness.feed(encoder.config(new Uint8Array(0)), encoder.config(ASC));
  harness.feed(encoder.frame(new Uint8Array(8184), 0), encoder.frame(new Uint8Array(8185), 21));
  assert.equal(harness.ingest.badCount, 2);
  assert.deepEqual(harness.ingest.frames.map(({ data }) => data.length), [8184]);
});

Deno.test("timestamps go on over their 32 bit wrap, and may jump back", () => {
  const wrap = 2 ** 32;
  assert.deepEqual(timesOf(wrap - 20, wrap + 1, wrap + 22), [wrap - 20, wrap + 1, wrap + 22]);
  assert.deepEqual(timesOf(5000, 0, 21), [5000, 0, 21]);
  assert.deepEqual(timesOf(100, wrap - 100), [100, -100]);
});

Deno.test("audio before a publish is passed over", () => {
  const harness = SessionHarness.shaken();
  const { encoder } = harness;
  harness.feed(encoder.connect("demo"), encoder.config(ASC), encoder.frame(frame, 0));
  assert.equal(harness.doorkeeper.ingests.length, 0);
});

const endings: Record<string, AmfValue[][]> = {
  FCUnpublish: [["FCUnpublish", 6, null, "sesame"]],
  deleteStream: [["deleteStream", 7, null, 1]],
  "FCUnpublish and deleteStream": [["FCUnpublish", 6, null, "x"], ["deleteStream", 7, null, 1]],
};
for (const [name, commands] of Object.entries(endings)) {
  Deno.test(`${name} is a deliberate end, once`, () => {
    const harness = SessionHarness.publishing();
    for (const command of commands) harness.feed(harness.encoder.command(command));
    harness.session.close();
    assert.deepEqual(harness.ingest.ends, ["finished"]);
    assert.equal(harness.statuses.at(-1), "NetStream.Unpublish.Success");
  });
}

Deno.test("closeStream is a deliberate end of its own stream only", () => {
  const harness = SessionHarness.publishing();
  harness.feed(harness.encoder.command(["closeStream", 0, null], 2));
  harness.feed(harness.encoder.command(["deleteStream", 0, null, 2]));
  assert.deepEqual(harness.ingest.ends, []);
  harness.feed(harness.encoder.command(["closeStream", 0, null], 1));
  assert.deepEqual(harness.ingest.ends, ["finished"]);
});

Deno.test("a connection that is gone loses its stream, once", () => {
  const harness = SessionHarness.publishing();
  harness.session.close();
  harness.session.close();
  harness.feed(harness.encoder.frame(frame, 0));
  assert.deepEqual(harness.ingest.ends, ["lost"]);
  assert.deepEqual(harness.ingest.frames, []);
});

Deno.test("after a deliberate end the connection may publish again", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  harness.feed(encoder.command(["FCUnpublish", 6, null, "sesame"]));
  harness.feed(encoder.createStream(), encoder.publish("sesame", 2));
  harness.feed(encoder.config(ASC), encoder.frame(frame, 7));
  assert.deepEqual(harness.doorkeeper.ingests[1]?.frames, [{ data: frame, timeMs: 7 }]);
});

const refusals: Record<RefusalKind, string> = {
  "invalid-name": "NetStream.Publish.BadName",
  "name-in-use": "NetStream.Publish.BadName",
  "key-required": "NetStream.Publish.Denied",
  "key-unknown": "NetStream.Publish.Denied",
  "key-expired": "NetStream.Publish.Denied",
  "not-allowed": "NetStream.Publish.Denied",
  "unavailable": "NetStream.Publish.Rejected",
  "limit": "NetStream.Publish.Rejected",
  "stopping": "NetStream.Publish.Rejected",
  "no-audio": "NetStream.Publish.Rejected",
};
for (const [kind, code] of Object.entries(refusals)) {
  Deno.test(`a publish refused for ${kind} is answered ${code}, and ends the connection`, () => {
    const harness = SessionHarness.shaken();
    const { encoder } = harness;
    harness.doorkeeper.refusal = kind as RefusalKind;
    harness.feed(encoder.connect("demo"), encoder.createStream());
    assert.throws(() => harness.feed(encoder.publish("wrong")), rejected(/Not today/));
    assert.deepEqual(harness.statuses, [code]);
    const [description, ...others] = harness.descriptions;
    assert.match(String(description), /^Not today\./);
    assert.doesNotMatch(String(description), /wrong/, "the key is not told");
    assert.deepEqual(others, []);
  });
}

for (const name of ["", "../x", "live", "x".repeat(10_000), "name with spaces", "\0"]) {
  Deno.test(`the name "${name.slice(0, 20)}" is refused with a status, by either form`, () => {
    for (const [app, streamName] of [["live", name], [name, "sesame"]] as const) {
      if (["live", ""].includes(app) && streamName === "sesame") continue;
      const harness = SessionHarness.shaken();
      const { encoder } = harness;
      harness.feed(encoder.connect(app), encoder.createStream());
      assert.throws(() => harness.feed(encoder.publish(streamName)), rejected(/No such name/));
      assert.deepEqual(harness.statuses, ["NetStream.Publish.BadName"]);
      const [description] = harness.descriptions;
      assert.match(String(description), /; got rtmp:\/\/HOST\/.*; publish to rtmp:\/\/HOST\/live/);
      assert.doesNotMatch(String(description), /sesame/);
    }
  });
}

Deno.test("publishing without connect, without createStream or twice ends the connection", () => {
  const { encoder, session } = SessionHarness.shaken();
  assert.throws(() => session.feed(encoder.publish("x")), rejected(/not connected/));

  const second = SessionHarness.shaken();
  second.feed(second.encoder.connect("demo"));
  assert.throws(() => second.feed(second.encoder.publish("x")), rejected(/was not created/));

  const third = SessionHarness.publishing();
  assert.throws(() => third.feed(third.encoder.publish("x")), rejected(/publishes already/));
});

Deno.test("createStream before connect, a second connect and too many streams end it too", () => {
  const first = SessionHarness.shaken();
  assert.throws(() => first.feed(first.encoder.createStream()), rejected(/not connected/));
  first.feed(first.encoder.connect("demo"));
  for (let i = 0; i < 16; i++) first.feed(first.encoder.createStream());
  assert.throws(() => first.feed(first.encoder.createStream()), rejected(/more than 16/));
  assert.throws(() => first.feed(first.encoder.connect("demo")), rejected(/connected already/));
});

Deno.test("another codec is refused with a status that names it", () => {
  const mp2 = [0xff, 0xfd, 0x14, 0, ...new Array(92).fill(0)]; // 32 kb/s at 48 kHz
  const cases: [message: number[], name: string][] = [
    [[0xb2, 1, 2, 3], "Speex"],
    [[0x2f, ...mp2], "Layer 2"],
    [[0x90, ...new TextEncoder().encode("Opus")], "Opus"],
    [[0xaf, 0, 0x19, 0x90], "SSR"],
    [[0xaf, 0, 0x11], "AudioSpecificConfig"],
  ];
  for (const [message, name] of cases) {
    const harness = SessionHarness.publishing();
    const options = { timestamp: 0, streamId: 1 };
    const { Audio } = MessageType;
    const bytes = harness.encoder.message(4, Audio, Uint8Array.from(message), options);
    harness.feed(bytes);
    assert.equal(harness.session.state, "over");
    assert.match(harness.ingest.rejections.join("\n"), new RegExp(`^unsupported audio: .*${name}`));
    assert.equal(harness.statuses.at(-1), "NetStream.Publish.Rejected");
    assert.match(String(harness.descriptions.at(-1)), new RegExp(name));
  }
});

Deno.test("a dismissed encoder is told why", () => {
  const harness = SessionHarness.publishing();
  harness.session.dismiss("Another encoder took over.");
  assert.equal(harness.statuses.at(-1), "NetStream.Publish.Rejected");
  assert.equal(harness.descriptions.at(-1), "Another encoder took over.");
});

Deno.test("metadata becomes facts: strings, numbers and booleans, within bounds", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${i}`, i]));
  harness.feed(encoder.metadata({
    encoder: "Lavf",
    stereo: true,
    audiodatarate: 128,
    nothing: null,
    list: [1],
    infinite: Infinity,
    comment: "x".repeat(300),
    ["k".repeat(65)]: 1,
  }));
  harness.feed(encoder.metadata(many));
  const [facts, bounded] = harness.ingest.recordedFacts;
  const comment = "x".repeat(256);
  assert.deepEqual(facts, { encoder: "Lavf", stereo: true, audiodatarate: 128, comment });
  assert.equal(Object.keys(bounded ?? {}).length, 64);
});

Deno.test("title and artist of data messages are told with their time, on the clock of the audio", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  const wrap = 2 ** 32;
  const tell = (timestamp: number, ...values: AmfValue[]) =>
    harness.feed(encoder.message(6, Data, writeAmf0(...values), { timestamp, streamId: 1 }));
  tell(7, "@setDataFrame", "onMetaData", { title: "First", encoder: "x" });
  harness.feed(encoder.frame(frame, wrap - 10));
  tell(wrap - 5, "onMetaData", { StreamTitle: "Song", artist: "Band" });
  tell(5, "onTextData", { title: "Next" });
  tell(9, "onMetaData", { audiodatarate: 128 });
  tell(9, "onCuePoint", { title: "None" });
  assert.deepEqual(harness.ingest.tags, [
    { title: "First", artist: undefined, timeMs: 7 },
    { title: "Song", artist: "Band", timeMs: wrap - 5 },
    { title: "Next", artist: undefined, timeMs: wrap + 5 },
  ]);
  assert.deepEqual(harness.ingest.recordedFacts, [
    { title: "First", encoder: "x" },
    { StreamTitle: "Song", artist: "Band" },
    { audiodatarate: 128 },
  ]);
});

Deno.test("a title of 10 kB is told cut, and one that a broken encoder sends is told clean", () => {
  const harness = SessionHarness.publishing();
  for (const title of ["é".repeat(10_000), 'a\n"b"\u0000\u202ec ']) {
    harness.feed(harness.encoder.metadata({ title }));
  }
  const titles = harness.ingest.tags.map(({ title }) => title);
  assert.deepEqual(titles, ["é".repeat(256), 'a "b" c']);
});

const { Data, DataAmf3, Command, CommandAmf3, Audio } = MessageType;
const deep = Uint8Array.from(Array.from({ length: 10_000 }, () => [10, 0, 0, 0, 1]).flat());
/** AMF0's movieclip-marker, which is reserved. */
const unreadable = 4;
const song = writeAmf3({ title: "Song" });
const call = writeAmf0("onSongChange", 0, null);
const tooLong = new Uint8Array(70_000);

const unusable: Record<string, [type: number, payload: Uint8Array, why: RegExp]> = {
  "metadata nested too deep": [Data, deep, /nested deeper/],
  "metadata of 70 000 bytes": [Data, tooLong, /^more than 65536 bytes$/],
  "empty metadata": [Data, new Uint8Array(0), /^empty, as FFmpeg sends it/],
  "AMF3 metadata of 70 000 bytes": [DataAmf3, tooLong, /^more than 65536 bytes$/],
  "data that is no AMF": [Data, Uint8Array.of(99), /unknown marker 99/],
  "an AMF3 value that refers to nothing": [Data, Uint8Array.of(0x11, 6, 0), /reference 0 of 0/],
  "a command nested too deep": [Command, deep, /nested deeper/],
  "a command of 70 000 bytes": [Command, tooLong, /more than 1024/],
  "a call with a value that cannot be read": [Command, concat([call, [unreadable]]), /marker 4/],
  "a call that is cut": [Command, call.subarray(0, 9), /expected 12 bytes/],
  "an AMF3 call with an unknown marker": [CommandAmf3, concat([[0], call, [0x11, 99]]), /AMF3/],
  "a deliberate end of a stream that cannot be read": [
    Command,
    concat([writeAmf0("deleteStream", 0, null), [unreadable]]),
    /marker 4/,
  ],
  "an aggregate": [22, new Uint8Array(100), /nothing that is used/],
  "a shared object": [19, new Uint8Array(10), /unknown type/],
  "a message of a type that nobody knows": [99, tooLong, /unknown type/],
};
for (const [what, [type, payload, why]] of Object.entries(unusable)) {
  Deno.test(`${what} leaves the show as it is, and is told`, () => {
    const harness = SessionHarness.publishing();
    const { encoder } = harness;
    harness.feed(encoder.message(6, type, payload, { streamId: 1 }));
    harness.feed(encoder.frame(frame, 21));
    assert.equal(harness.session.state, "publishing");
    assert.equal(harness.ingest.frames.length, 1);
    assert.deepEqual(harness.ingest.ends, []);
    const [unused, ...others] = harness.unused;
    assert.deepEqual([unused?.type, unused?.length], [type, payload.length]);
    assert.match(unused?.why ?? "", why);
    assert.deepEqual(others, []);
  });
}

Deno.test("malformed data and audio that is too long are bad; long, unknown and other data is not", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  const send = (type: number, payload: Uint8Array) =>
    harness.feed(encoder.message(6, type, payload, { streamId: 1 }));
  send(Data, deep);
  assert.equal(harness.ingest.badCount, 1);
  send(Audio, concat([[0xaf, 1], tooLong]));
  assert.equal(harness.ingest.badCount, 2);
  send(Data, tooLong);
  send(22, tooLong);
  send(Command, deep);
  send(Data, writeAmf0("onTextData", "lyrics"));
  assert.equal(harness.ingest.badCount, 2);
  harness.feed(encoder.frame(frame, 21));
  assert.equal(harness.ingest.frames.length, 1);
});

Deno.test("commands that nobody acts on, control messages and good metadata are not told", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  harness.feed(encoder.command(["_checkbw", 6, null]), encoder.metadata({ title: "x" }));
  harness.feed(encoder.message(2, MessageType.Acknowledgement, new Uint8Array(4)));
  harness.feed(encoder.message(2, MessageType.SetPeerBandwidth, new Uint8Array(5)));
  harness.feed(encoder.message(6, MessageType.Video, tooLong));
  assert.deepEqual(harness.unused, []);
});

Deno.test("of metadata that is too long or ends in what cannot be read, what stands before counts", () => {
  const picture = { title: "Song", picture: "A".repeat(70_000), artist: "Band" };
  const harness = SessionHarness.publishing();
  harness.feed(harness.encoder.metadata(picture));
  const cut = writeAmf0("onMetaData", { title: "Other", artist: "Band" }).subarray(0, -3);
  harness.feed(harness.encoder.message(4, Data, concat([cut, [0, 1, 97, unreadable]])));
  assert.deepEqual(harness.ingest.recordedFacts, [
    { title: "Song" },
    { title: "Other", artist: "Band" },
  ]);
});

Deno.test("AMF3 metadata is used, in messages of either type", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  const metadata = concat([writeAmf0("@setDataFrame", "onMetaData"), song]);
  harness.feed(encoder.message(6, Data, metadata, { streamId: 1 }));
  harness.feed(encoder.message(6, DataAmf3, concat([[0], metadata]), { streamId: 1 }));
  harness.feed(encoder.message(6, DataAmf3, metadata, { streamId: 1 }));
  assert.deepEqual(harness.ingest.recordedFacts, new Array(3).fill({ title: "Song" }));
  assert.deepEqual(harness.unused, []);
  assert.equal(harness.ingest.badCount, 0);
});

Deno.test("connect, createStream and publish are taken where only what follows cannot be read", () => {
  const harness = SessionHarness.shaken();
  const { encoder } = harness;
  const command = (streamId: number, ...parts: (Uint8Array | number[])[]) =>
    harness.feed(encoder.message(3, Command, concat(parts), { streamId }));
  const connect = writeAmf0("connect", 1, { app: "demo" }).subarray(0, -3);
  command(0, connect, [0, 1, 97, unreadable]);
  command(0, writeAmf0("createStream", 2, null), [unreadable]);
  command(1, writeAmf0("publish", 3, null, "sesame"), [unreadable]);
  harness.feed(encoder.config(ASC), encoder.frame(frame, 0));
  assert.equal(harness.ingest.frames.length, 1);
  assert.equal(harness.unused.length, 3);
});

Deno.test("connect, createStream and publish that cannot be read as far as needed end it", () => {
  const { encoder, session } = SessionHarness.shaken();
  const command = (streamId: number, ...values: AmfValue[]) =>
    encoder.message(3, Command, concat([writeAmf0(...values), [unreadable]]), { streamId });
  const cannot = rejected(/Cannot read AMF0: unknown marker 4/);
  assert.throws(() => session.feed(command(0, "connect", 1)), cannot);
  session.feed(encoder.connect("demo"));
  assert.throws(() => session.feed(command(0, "createStream")), cannot);
  session.feed(encoder.createStream());
  assert.throws(() => session.feed(command(1, "publish", 3, null)), cannot);
});

Deno.test("commands and data that call themselves AMF3 are taken", () => {
  const harness = SessionHarness.shaken();
  const { encoder } = harness;
  const command = (streamId: number, ...values: AmfValue[]) =>
    encoder.message(3, CommandAmf3, concat([[0], writeAmf0(...values)]), { streamId });
  harness.feed(command(0, "connect", 1, { app: "live" }), command(0, "createStream", 2, null));
  harness.feed(command(1, "publish", 3, null, "demo"));
  const metadata = concat([[0], writeAmf0("onMetaData", { title: "x" })]);
  harness.feed(encoder.message(4, DataAmf3, metadata));
  assert.deepEqual(harness.ingest.recordedFacts, [{ title: "x" }]);
});

Deno.test("a ping is answered with its own timestamp", () => {
  const harness = SessionHarness.publishing();
  const ping = Uint8Array.of(0, 6, 1, 2, 3, 4);
  harness.feed(harness.encoder.message(2, MessageType.UserControl, ping));
  const answer = harness.answers.at(-1);
  assert.equal(answer?.type, MessageType.UserControl);
  assert.deepEqual(answer?.payload, Uint8Array.of(0, 7, 1, 2, 3, 4));
});

Deno.test("bytes are acknowledged once a window of them has come", () => {
  const harness = SessionHarness.publishing();
  const { encoder } = harness;
  const windowSize = Uint8Array.of(0, 0, 0x27, 0x10);
  harness.feed(encoder.message(2, MessageType.WindowAcknowledgementSize, windowSize));
  const acknowledgements = () =>
    harness.answers.filter(({ type }) => type === MessageType.Acknowledgement).map(({ payload }) =>
      new DataView(payload.buffer).getUint32(0)
    );
  let sent = 0;
  while (acknowledgements().length < 2) {
    const bytes = encoder.frame(new Uint8Array(400), sent);
    sent += bytes.length;
    harness.feed(bytes);
  }
  const [first = 0, second = 0] = acknowledgements();
  assert.ok(second - first >= 10_000 && second - first < 10_500);
});

Deno.test("what stands behind the message that ended a session is left alone", () => {
  const harness = SessionHarness.shaken();
  const { encoder } = harness;
  harness.feed(encoder.connect("demo"), encoder.createStream());
  const publish = harness.doorkeeper.publish.bind(harness.doorkeeper);
  harness.doorkeeper.publish = (request) => {
    const ingest = publish(request);
    harness.session.close();
    return ingest;
  };
  harness.feed(Uint8Array.of(...encoder.publish("x"), ...encoder.publish("x")));
  assert.equal(harness.doorkeeper.ingests.length, 1);
  assert.deepEqual(harness.ingest.ends, ["lost"]);
  assert.equal(harness.session.state, "over");
});
