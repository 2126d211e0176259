/** The one place where codecs are told apart. */
import { AAC } from "./aac/aac.ts";
import type { AudioConfig } from "./audio_config.ts";
import type { Codec, ParserMaker } from "./codec.ts";

/** The codec of a configuration. Its methods take that configuration, and others of its codec. */
export function codecOf(config: AudioConfig): Codec<AudioConfig> {
  return CODECS[config.codec];
}

/**
 * Makes what finds the access units in an elementary stream of a transport stream.
 * @param streamType stream_type, ISO/IEC 13818-1 table 2-34
 * @returns `undefined` where Echo does not take what it stands for
 */
export function tsParserOf(streamType: number): ParserMaker | undefined {
  return TS_PARSERS.get(streamType);
}

/** Whether the access units of any of Echo's codecs hold `samples`. */
export function isFrameLength(samples: number): boolean {
  return Object.values(CODECS).some((codec) => codec.frameLengths.includes(samples));
}

/** An object is only called with configurations of its own codec. The types do not say so. */
const CODECS: Readonly<Record<AudioConfig["codec"], Codec<AudioConfig>>> = { aac: AAC };

const TS_PARSERS = new Map(Object.values(CODECS).flatMap((codec) => [...codec.tsParsers]));
