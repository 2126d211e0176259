/** MP3 as the rest of Echo knows it. */
import type { Codec, Mp4aFields, ParserMaker, TsFraming } from "../codec.ts";
import { Mp3LevelMeter } from "../level/mp3_level.ts";
import type { Mp3Config } from "./mp3_config.ts";
import { pointsBack } from "./main_data.ts";
import { MAX_MP3_FRAME_BYTES, parseMp3Config, writeMp3Header } from "./mp3_header.ts";
import { Mp3Parser, STREAM_TYPE_MPEG1_AUDIO, STREAM_TYPE_MPEG2_AUDIO } from "./mp3_parser.ts";
import { silentMp3Frame } from "./silence.ts";

/**
 * MP3 frames tell all of their configuration themselves, so nothing stands before them anywhere.
 * Chromium's Media Source Extensions take no MP3 in MP4.
 */
export const MP3: Codec<Mp3Config> = {
  frameLengths: [1152, 576],
  inFragmentedMp4: false,
  silentFrame: silentMp3Frame,
  needsEarlier: pointsBack,
  maxAccessUnitBytes: () => MAX_MP3_FRAME_BYTES,
  codecString: () => "mp4a.40.34",
  levelMeter: (config) => new Mp3LevelMeter(config),
  continuation: (before, now) =>
    before.codec === "mp3" && before.version === now.version &&
      before.sampleRate === now.sampleRate && before.channels === now.channels
      ? now
      : undefined,
  tsFraming: ({ version }): TsFraming => ({
    streamType: version === 1 ? STREAM_TYPE_MPEG1_AUDIO : STREAM_TYPE_MPEG2_AUDIO,
    headerBytes: 0,
    writeHeader: () => {},
  }),
  tsParsers: new Map<number, ParserMaker>([
    [STREAM_TYPE_MPEG1_AUDIO, (sink) => new Mp3Parser(sink)],
    [STREAM_TYPE_MPEG2_AUDIO, (sink) => new Mp3Parser(sink)],
  ]),
  configBytes: (config) => writeMp3Header(config, COMMON_KBPS),
  configOf: parseMp3Config,
  sampleEntry,
};

function sampleEntry({ version, channels }: Mp3Config): Mp4aFields {
  return {
    channelCount: channels,
    objectTypeIndication: version === 1 ? AUDIO_11172_3 : AUDIO_13818_3,
    decoderSpecificInfo: undefined,
  };
}

/** A bitrate that all versions have. */
const COMMON_KBPS = 32;
/** objectTypeIndication of audio by ISO/IEC 11172-3 and 13818-3 (ISO/IEC 14496-1 table 5). */
const AUDIO_11172_3 = 0x6b;
const AUDIO_13818_3 = 0x69;
