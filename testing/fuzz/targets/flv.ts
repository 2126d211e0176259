/** What takes apart what some encoders put into the messages of RTMP: aggregates, and frames in FLV. */
import assert from "node:assert/strict";
import { AdtsParser } from "../../../src/audio/aac/adts_parser.ts";
import type { ParserMaker } from "../../../src/audio/codec.ts";
import { Mp3Parser } from "../../../src/audio/mp3/mp3_parser.ts";
import { UnsupportedAudio } from "../../../src/audio/unsupported_audio.ts";
import { aggregatedIn } from "../../../src/rtmp/aggregate.ts";
import { FramesInFlv, isAdts } from "../../../src/rtmp/frames_in_flv.ts";
import { isCut } from "../../../src/rtmp/message.ts";
import { MessageType } from "../../../src/rtmp/message_type.ts";
import { concat } from "../../bytes.ts";
import { aggregatePart } from "../../rtmp/aggregate_message.ts";
import { adtsStreams, mp3Streams } from "../seeds.ts";
import { about, piecesOf, type Target } from "../target.ts";

const { Aggregate, Audio, Command, Data, Video } = MessageType;
const PARTS = [
  aggregatePart(Audio, Uint8Array.of(0xaf, 0, 0x11, 0x90), 0),
  aggregatePart(Audio, new Uint8Array(100).fill(0x21), 0x0100_0000),
  aggregatePart(Video, Uint8Array.of(0x17, 1), 0xffff_fff0),
  aggregatePart(Data, new Uint8Array(0), 21),
  aggregatePart(Command, Uint8Array.of(2, 0, 1, 0x61), 5),
];

export const FLV_TARGETS: readonly Target[] = [
  {
    name: "rtmp_aggregate",
    errors: [],
    maxBytes: 4096,
    tokens: PARTS,
    seeds: () => [concat(PARTS), ...PARTS, aggregatePart(Aggregate, concat(PARTS), 7)],
    run: (input) => {
      let types = 0;
      let cut = 0;
      let end = 0;
      const { length } = input;
      const header = { type: Aggregate, timestamp: 0xffff_fff0, streamId: 1, length };
      const messages = [...aggregatedIn({ ...header, bytes: input, start: 0, end: length })];
      for (const message of messages) {
        assert.ok(message.start >= end, "they come in order, and none is in another");
        assert.ok(message.end >= message.start && message.end <= length);
        assert.ok(message.end - message.start <= message.length);
        assert.ok(message.timestamp >= 0 && message.timestamp < 2 ** 32);
        end = message.end;
        types |= 1 << (message.type & 31);
        if (isCut(message)) cut++;
      }
      assert.ok(cut <= 1, "only the last is cut off");
      return `${about(messages.length)} ${types} ${cut}`;
    },
  },
  {
    name: "rtmp_adts_in_flv",
    errors: [UnsupportedAudio],
    maxBytes: 8192,
    tokens: [Uint8Array.of(0xff, 0xf1, 0x50, 0x80), Uint8Array.of(0xff, 0xf9)],
    seeds: adtsStreams,
    run: (input) => {
      const whole = [...piecesOf(input)].filter(isAdts).length;
      return `${framesInFlv(input, (sink) => new AdtsParser(sink))} ${about(whole)}`;
    },
  },
  {
    name: "rtmp_mp3_in_flv",
    errors: [UnsupportedAudio],
    maxBytes: 8192,
    tokens: [Uint8Array.of(0xff, 0xfb, 0x90, 0x00), Uint8Array.of(0xff, 0xf3)],
    seeds: mp3Streams,
    run: (input) => framesInFlv(input, (sink) => new Mp3Parser(sink)),
  },
];

function framesInFlv(input: Uint8Array, makeParser: ParserMaker): string {
  const seen = { frames: 0, configs: 0, bad: 0 };
  let timeMs = 0;
  const finder = new FramesInFlv({
    configure: () => seen.configs++,
    write: (data, frameMs) => {
      assert.ok(data.length > 0 && frameMs >= 0 && seen.configs > 0);
      seen.frames++;
    },
    bad: (count) => seen.bad += count,
  }, makeParser);
  for (const message of piecesOf(input)) {
    finder.feed(message, timeMs);
    if (message.length % 7 === 0) finder.reset();
    timeMs += 1000;
  }
  return `${about(seen.frames)} ${about(seen.configs)} ${about(seen.bad)}`;
}
