/** What reads audio: ADTS, LATM, MP3, AudioSpecificConfig, ID3 tags. */
import assert from "node:assert/strict";
import { LatmParser } from "../../../src/audio/aac/latm.ts";
import { AdtsParser } from "../../../src/audio/aac/adts_parser.ts";
import {
  parseAudioSpecificConfig,
  writeAudioSpecificConfig,
} from "../../../src/audio/aac/audio_specific_config.ts";
import { MalformedAudio } from "../../../src/audio/bits.ts";
import type { AudioConfig } from "../../../src/audio/audio_config.ts";
import type { ElementaryStreamParser, ParserMaker } from "../../../src/audio/codec.ts";
import { codecOf } from "../../../src/audio/codec_of.ts";
import { Id3Skipper } from "../../../src/audio/id3.ts";
import { readId3Texts, writeId3Texts } from "../../../src/audio/id3_texts.ts";
import { Mp3Parser } from "../../../src/audio/mp3/mp3_parser.ts";
import { UnsupportedAudio } from "../../../src/audio/unsupported_audio.ts";
import { sampleDescriptionBox } from "../../../src/mp4/sample_description.ts";
import { boxSize } from "../../../src/mp4/boxes.ts";
import { audioConfig } from "../../audio/access_units.ts";
import { mp3Config } from "../../audio/mp3_streams.ts";
import { adtsStreams, audio, loasStreams, mp3Streams } from "../seeds.ts";
import { about, bytesOf, piecesOf, type Target } from "../target.ts";

const TAG = Uint8Array.of(...bytesOf("ID3"), 4, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4, 5);
/** Of MPEG-1 and 2.5, in Layer II, in free format, and with a reserved rate. */
const MP3_HEADERS = [0xfffb9000, 0xffe31044, 0xfffd8000, 0xfffb0000, 0xfffb9c00]
  .map((header) => Uint8Array.of(header >>> 24, header >>> 16, header >>> 8, header));
const CONFIGS = [
  [0x11, 0x90],
  [0x12, 0x10, 0x56, 0xe5, 0x00],
  [0x2b, 0x8a, 0x08, 0x00],
  [0xeb, 0x8a, 0x08, 0x00],
  [0x11, 0x80, 0x04, 0xc8, 0x44, 0x00, 0x20, 0x00, 0xc4, 0x0c, 0x4c, 0x61, 0x76, 0x63],
];

const LC = audioConfig({ sampleRate: 24_000, channelConfiguration: 1 });

export const AUDIO_TARGETS: readonly Target[] = [
  {
    name: "audio_adts",
    errors: [UnsupportedAudio],
    maxBytes: 8192,
    tokens: [TAG, Uint8Array.of(0xff, 0xf1), Uint8Array.of(0xff, 0xf9, 0x50, 0x80)],
    seeds: () => [...adtsStreams(), Uint8Array.of(...TAG, ...adtsStreams()[0] ?? [])],
    run: (input) => parse((sink) => new AdtsParser(sink), input),
  },
  {
    name: "audio_id3_texts",
    errors: [],
    maxBytes: 4096,
    tokens: ["TIT2", "TPE1", "TT2", "TP1", Uint8Array.of(1, 0xff, 0xfe), Uint8Array.of(0xff, 0)],
    seeds: () => [writeId3Texts({ title: "Song", artist: "Bånd" }), TAG],
    run: (input) => {
      const { title, artist } = readId3Texts(input) ?? {};
      return `${about(title?.length ?? 0)} ${about(artist?.length ?? 0)} ${title === undefined}`;
    },
  },
  {
    name: "audio_latm",
    errors: [UnsupportedAudio],
    maxBytes: 8192,
    tokens: [Uint8Array.of(0x56, 0xe0)],
    seeds: loasStreams,
    run: (input) => parse((sink) => new LatmParser(sink), input),
  },
  {
    name: "audio_level_aac",
    errors: [],
    maxBytes: 2048,
    seeds: () => [...audio().frames.slice(0, 20), codecOf(LC).silentFrame(LC)],
    run: (input) => levelOf(LC, input),
  },
  {
    name: "audio_level_mp3",
    errors: [],
    maxBytes: 2048,
    tokens: MP3_HEADERS,
    seeds: mp3Streams,
    run: (input) => levelOf(mp3Config(), input),
  },
  {
    name: "audio_mp3",
    errors: [UnsupportedAudio],
    maxBytes: 12_000,
    tokens: [TAG, "TAG", "APETAGEX", "Xing", "Info", "VBRI", ...MP3_HEADERS],
    seeds: () => [...mp3Streams(), Uint8Array.of(...TAG, ...mp3Streams()[0] ?? [])],
    run: (input) => parse((sink) => new Mp3Parser(sink), input),
  },
  {
    name: "audio_specific_config",
    errors: [UnsupportedAudio, MalformedAudio],
    maxBytes: 512,
    tokens: CONFIGS.map((bytes) => Uint8Array.from(bytes)),
    seeds: () => CONFIGS.map((bytes) => Uint8Array.from(bytes)),
    run: (input) => {
      const config = parseAudioSpecificConfig(input);
      const again = parseAudioSpecificConfig(writeAudioSpecificConfig(config));
      assert.equal(again.sampleRate, config.sampleRate);
      assert.equal(again.channelConfiguration, config.channelConfiguration);
      const codec = codecOf(config);
      assert.ok(codec.maxAccessUnitBytes(config) > 0);
      assert.ok(codec.continuation(config, config) !== undefined);
      const { headerBytes } = codec.tsFraming(config);
      const silence = codec.silentFrame(config).length;
      const entry = boxSize(sampleDescriptionBox(config));
      return `${codec.codecString(config)} ${config.sampleRate} ${about(entry)} ` +
        `${about(headerBytes)} ${about(silence)}`;
    },
  },
  {
    name: "audio_id3",
    errors: [],
    maxBytes: 1024,
    tokens: [TAG, "ID3"],
    seeds: () => [TAG, Uint8Array.of(...TAG, ...TAG, 0xff, 0xf1, 0x50)],
    run: (input) => {
      const tags = new Id3Skipper();
      let left = 0;
      for (const piece of piecesOf(input)) left += tags.strip(piece).length;
      return `${tags.seen} ${about(left)}`;
    },
  },
];

function parse(makeParser: ParserMaker, input: Uint8Array): string {
  let frames = 0;
  let bad = 0;
  let configs = 0;
  let at = -1;
  const parser: ElementaryStreamParser = makeParser({
    configure: (config) => {
      configs++;
      assert.ok(codecOf(config).silentFrame(config).length > 0);
    },
    write: (data, offset) => {
      frames++;
      assert.ok(data.length > 0 && offset >= at, "access units come in order");
      at = offset;
    },
    bad: (count) => bad += count,
  });
  for (const piece of piecesOf(input)) parser.feed(piece);
  if (input.length % 5 === 0) parser.reset();
  parser.flush();
  return `${about(frames)} ${about(configs)} ${about(bad)}`;
}

/** The level (estimate) of an access unit behind others of the same bytes, in steps of 20 dB. */
function levelOf(config: AudioConfig, input: Uint8Array): string {
  const meter = codecOf(config).levelMeter(config);
  for (let i = 0; i < 3; i++) meter.take?.(input);
  const level = meter.level(input);
  assert.ok(level === undefined || level <= 10, `${level} dBFS`);
  return level === undefined ? "unknown" : `${Math.floor(level / 20)}`;
}
