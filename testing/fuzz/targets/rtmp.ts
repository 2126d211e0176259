/** What reads RTMP: handshake, chunks, AMF, audio messages, and a session with all of it. */
import { UnsupportedAudio } from "../../../src/audio/unsupported_audio.ts";
import { readAmf0, writeAmf0 } from "../../../src/rtmp/amf0.ts";
import { ChunkReader } from "../../../src/rtmp/chunk_reader.ts";
import { readCommand } from "../../../src/rtmp/command.ts";
import { parseAudioTag } from "../../../src/rtmp/flv_audio.ts";
import { isCut } from "../../../src/rtmp/message.ts";
import { Handshake } from "../../../src/rtmp/handshake.ts";
import { MessageType } from "../../../src/rtmp/message_type.ts";
import { publishHint, publishTarget } from "../../../src/rtmp/publish_target.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { RtmpSession } from "../../../src/rtmp/rtmp_session.ts";
import type { Ingest } from "../../../src/session/ingest.ts";
import { PublishRefused } from "../../../src/session/ingest.ts";
import { isValidName } from "../../../src/session/name.ts";
import { concat } from "../../bytes.ts";
import { aggregatePart } from "../../rtmp/aggregate_message.ts";
import { writeAmf3 } from "../../rtmp/amf3_writer.ts";
import { clientHello, EncoderMessages } from "../../rtmp/encoder_messages.ts";
import { recordedSessions } from "../seeds.ts";
import { about, bytesOf, piecesOf, type Target, textOf } from "../target.ts";

const HANDSHAKE_BYTES = 1 + 2 * 1536;
const ASC = Uint8Array.of(0x11, 0x90);

const COMMANDS = [
  ...["connect", "app", "createStream", "releaseStream", "FCPublish", "publish", "FCUnpublish"],
  ...[
    "closeStream",
    "deleteStream",
    "onMetaData",
    "onTextData",
    "@setDataFrame",
    "title",
    "StreamTitle",
    "artist",
    "live",
    "demo",
    "?key=",
  ],
];
/** A string of AMF0 each, and markers. */
const AMF_TOKENS = [
  ...COMMANDS.map((word) => writeAmf0(word)),
  ...[[0, 0, 9], [3], [8, 0, 0, 0, 1], [10, 0, 0, 0, 2], [17], [11], [12, 0, 0, 0, 4], [16, 0, 1]]
    .map((bytes) => Uint8Array.from(bytes)),
];
const METADATA = writeAmf0("@setDataFrame", "onMetaData", {
  audiocodecid: 10,
  encoder: "obs",
  title: "So What",
  list: [1, null, { deep: [true] }],
});

export const RTMP_TARGETS: readonly Target[] = [
  {
    name: "rtmp_handshake",
    errors: [RtmpError],
    maxBytes: 4096,
    seeds: () => [hello(), ...recordedSessions().map((bytes) => bytes.slice(0, HANDSHAKE_BYTES))],
    run: (input) => {
      const handshake = new Handshake();
      let sent = 0;
      let taken = 0;
      for (const piece of piecesOf(input)) {
        taken += handshake.feed(piece, (answer) => sent += answer.length);
      }
      return `${handshake.done} ${about(sent)} ${about(taken)}`;
    },
  },
  {
    name: "rtmp_chunks",
    errors: [RtmpError],
    tokens: [Uint8Array.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0), Uint8Array.of(0xc4)],
    seeds: chunkSeeds,
    run: (input) => {
      let messages = 0;
      let types = 0;
      let cut = 0;
      const reader = new ChunkReader((message) => {
        messages++;
        types |= 1 << (message.type & 31);
        if (isCut(message)) cut++;
      });
      for (const piece of piecesOf(input)) reader.feed(piece);
      return `${about(messages)} ${types} ${about(cut)}`;
    },
  },
  {
    name: "rtmp_session",
    errors: [RtmpError],
    tokens: AMF_TOKENS,
    seeds: () =>
      chunkSeeds().flatMap((bytes) =>
        Object.values(ANSWERS).map((how) => Uint8Array.of(how, ...bytes))
      ),
    run: (input) => runSession((input[0] ?? 0) % 4, input.subarray(1)),
  },
  {
    name: "rtmp_amf0",
    errors: [],
    maxBytes: 4096,
    tokens: AMF_TOKENS,
    seeds: () => [METADATA, connect(), writeAmf0("publish", 5, null, "demo?key=sesame", "live")],
    run: (input) => {
      const { values, problem } = readAmf0(input);
      return `${about(values.length)} ${problem?.replace(/\d+/g, "#")}`;
    },
  },
  {
    name: "rtmp_amf3",
    errors: [],
    maxBytes: 4096,
    tokens: AMF_TOKENS.slice(-8),
    seeds: () => AMF3_SEEDS.map((bytes) => Uint8Array.from(bytes)),
    run: (input) => {
      const marked = new Uint8Array(1 + input.length);
      marked[0] = 17;
      marked.set(input, 1);
      const { values, problem } = readAmf0(marked);
      return `${about(values.length)} ${problem?.replace(/\d+/g, "#")}`;
    },
  },
  {
    name: "rtmp_command",
    errors: [RtmpError],
    maxBytes: 4096,
    tokens: AMF_TOKENS,
    seeds: () => [
      connect(),
      writeAmf0("publish", 5, null, "demo", "live"),
      writeAmf0("createStream", 4),
    ],
    run: (input) => {
      const { command, problem } = readCommand(input);
      return `${command?.name} ${problem?.replace(/\d+/g, "#")}`;
    },
  },
  {
    name: "rtmp_audio",
    errors: [UnsupportedAudio],
    maxBytes: 1024,
    tokens: [
      "mp4a",
      "Opus",
      ".mp3",
      Uint8Array.of(0x97),
      Uint8Array.of(0xaf, 0),
      Uint8Array.of(0xff),
    ],
    seeds: () => [
      Uint8Array.of(0xaf, 0, ...ASC),
      Uint8Array.of(0xaf, 1, 0x21, 0x10),
      Uint8Array.of(0x90, ...bytesOf("mp4a"), ...ASC),
      Uint8Array.of(0x97, 3, 1, 2, 3, 4, 0x01, ...bytesOf("mp4a"), 0x21),
    ],
    run: (input) => {
      const { kind, headerBytes } = parseAudioTag(input, 0, input.length);
      return `${kind} ${about(input.length - headerBytes)} ${(input[0] ?? 0) >> 4}`;
    },
  },
  {
    name: "rtmp_publish_target",
    errors: [],
    maxBytes: 1024,
    tokens: ["live", "/", "?", "key=", "&", "%2F", "%", "demo", "rtmp", " ", "\n"],
    seeds: () =>
      ["live\ndemo?key=sesame", "demo\nsesame", "live/demo\nk", "app?key=a/b\ndemo"].map(bytesOf),
    run: (input) => {
      const [app = "", ...stream] = textOf(input).split("\n");
      const target = publishTarget(app, stream.join("\n"));
      const hint = publishHint(app, stream.join("\n"));
      return `${isValidName(target.name)} ${target.key === undefined} ${target.others.length} ` +
        `${target.application} ${about(hint.length)}`;
    },
  },
];

const AMF3_SEEDS = [
  [0x0a, 0x0b, 0x01, 0x03, 0x61, 0x04, 0x05, 0x01],
  [0x09, 0x05, 0x01, 0x04, 0x01, 0x06, 0x03, 0x62],
  [0x06, 0x07, 0x61, 0x62, 0x63],
  [0x0a, 0x13, 0x03, 0x43, 0x03, 0x78, 0x05, 0, 0, 0, 0, 0, 0, 0, 0],
  [0x0c, 0x05, 1, 2, 0x08, 0x01, 0, 0, 0, 0, 0, 0, 0, 0],
  [0x0d, 0x03, 0x00, 0, 0, 0, 1],
];

function hello(): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES);
  bytes.set(clientHello());
  return bytes;
}

function connect(): Uint8Array {
  return writeAmf0("connect", 1, { app: "live", flashVer: "FMLE/3.0", fourCcList: ["mp4a"] });
}

/** What comes behind the handshake, of FFmpeg and by hand. */
function chunkSeeds(): Uint8Array[] {
  const encoder = new EncoderMessages();
  const parts = [
    encoder.connect("live"),
    encoder.createStream(),
    encoder.publish("demo"),
    encoder.message(4, 18, METADATA, { streamId: 1 }),
    encoder.config(ASC),
    ...[0, 23, 46].map((timestamp) => encoder.frame(new Uint8Array(200).fill(0x21), timestamp)),
    encoder.message(4, MessageType.Aggregate, AGGREGATE, { streamId: 1, timestamp: 69 }),
    encoder.message(4, MessageType.DataAmf3, AMF3_METADATA, { streamId: 1, timestamp: 69 }),
    encoder.chunkSize(4096),
    encoder.frame(new Uint8Array(300).fill(0x21), 0x0100_0000),
    encoder.command(["FCUnpublish", 6, null, "demo"]),
    encoder.command(["deleteStream", 7, null, 1]),
  ];
  const recorded = recordedSessions().map((bytes) => bytes.slice(HANDSHAKE_BYTES));
  return [Uint8Array.from(parts.flatMap((part) => [...part])), ...recorded];
}

/** It begins with the format: values of AMF0, which may be values of AMF3. */
const AMF3_METADATA = concat([
  Uint8Array.of(0),
  writeAmf0("onMetaData"),
  writeAmf3({ title: "So What", list: [1, null, { deep: [true] }] }),
]);
const AGGREGATE = aggregatePart(MessageType.Audio, Uint8Array.of(0xaf, 1, 0x21, 0), 23);

const SHAKEN = hello();

/** How a publish is answered, by the first byte of an input. */
const ANSWERS = { now: 0, later: 1, never: 2, refused: 3 } as const;

function runSession(how: number, input: Uint8Array): string {
  const seen = { frames: 0, configs: 0, bad: 0, tags: 0, sent: 0, unused: 0 };
  const ingest: Ingest = {
    aheadMs: 0,
    configure: () => seen.configs++,
    write: () => seen.frames++,
    lost: () => {},
    dropped: () => {},
    bad: (count) => seen.bad += count,
    facts: () => {},
    metadata: () => seen.tags++,
    reject: (why) => {
      session.dismiss(why);
      session.close();
    },
    end: () => {},
  };
  const session = new RtmpSession({
    publish: ({ name }) => {
      if (!isValidName(name) || how === ANSWERS.refused) {
        session.refuse(new PublishRefused("invalid-name", "No such name."));
      } else if (how === ANSWERS.now) {
        session.accept();
      }
      return ingest;
    },
    send: (bytes) => seen.sent += bytes.length,
    onUnused: () => seen.unused++,
  });
  session.feed(SHAKEN);
  try {
    for (const piece of piecesOf(input)) {
      session.feed(piece);
      if (how === ANSWERS.later) session.accept();
    }
    const { frames, configs, bad, tags, unused } = seen;
    return `${session.state} ${how} ${about(frames)} ${about(configs)} ${about(bad)} ` +
      `${about(tags)} ${about(unused)}`;
  } finally {
    session.dismiss("enough");
    session.close();
  }
}
