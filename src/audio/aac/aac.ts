/** AAC (ISO/IEC 14496-3) as the rest of Echo knows it. */
import type { Codec, Mp4aFields, ParserMaker } from "../codec.ts";
import { type AacConfig, SAMPLES_PER_FRAME } from "./aac_config.ts";
import { AdtsFraming, maxAccessUnitBytes, STREAM_TYPE_ADTS } from "./adts.ts";
import { AdtsParser } from "./adts_parser.ts";
import {
  codecString,
  continuation,
  parseAudioSpecificConfig,
  writeAudioSpecificConfig,
} from "./audio_specific_config.ts";
import { LatmParser, STREAM_TYPE_LATM } from "./latm.ts";
import { aacLevel } from "../level/aac_level.ts";
import { ID_CPE, programElements } from "./program_config.ts";
import { silentFrame } from "./silence.ts";

/** AAC is written to transport streams in ADTS, and read from them in ADTS and LATM. */
export const AAC: Codec<AacConfig> = {
  frameLengths: [SAMPLES_PER_FRAME],
  inFragmentedMp4: true,
  silentFrame,
  needsEarlier: () => false,
  maxAccessUnitBytes,
  codecString,
  levelMeter: (config) => ({ level: (accessUnit) => aacLevel(config, accessUnit) }),
  continuation: (before, now) => before.codec === "aac" ? continuation(before, now) : undefined,
  tsFraming: (config) => new AdtsFraming(config),
  tsParsers: new Map<number, ParserMaker>([
    [STREAM_TYPE_ADTS, (sink) => new AdtsParser(sink)],
    [STREAM_TYPE_LATM, (sink) => new LatmParser(sink)],
  ]),
  configBytes: writeAudioSpecificConfig,
  configOf: parseAudioSpecificConfig,
  sampleEntry,
};

/** Channels are those of the core: the AudioSpecificConfig tells what SBR and PS add. */
function sampleEntry(config: AacConfig): Mp4aFields {
  return {
    channelCount: channelCount(config),
    objectTypeIndication: MPEG4_AUDIO,
    decoderSpecificInfo: writeAudioSpecificConfig(config),
  };
}

/** objectTypeIndication "Audio ISO/IEC 14496-3" (ISO/IEC 14496-1 table 5). */
const MPEG4_AUDIO = 0x40;

function channelCount(config: AacConfig): number {
  if (config.programConfig === undefined) return CHANNELS[config.channelConfiguration] ?? 0;
  return programElements(config.programConfig)
    .reduce((channels, element) => channels + (element.id === ID_CPE ? 2 : 1), 0);
}

/** Channels by channelConfiguration (ISO/IEC 14496-3 table 1.19). */
const CHANNELS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 8];
