// The one place where codecs are told apart.
import { AAC } from "./aac/aac.ts";
import type { AudioConfig } from "./audio_config.ts";
import type { Codec, ParserMaker } from "./codec.ts";

/** Each object only ever gets configurations of its own codec, which types do not tell. */
const CODECS: Readonly<Record<AudioConfig["codec"], Codec<AudioConfig>>> = { aac: AAC };

/** The codec of a configuration. Its methods take that one, and others of the same codec. */
export function codecOf(config: AudioConfig): Codec<AudioConfig> {
  return CODECS[config.codec];
}

/**
 * What finds the access units in an elementary stream of a transport stream.
 * @param streamType stream_type, ISO/IEC 13818-1 table 2-34
 * @returns `undefined` where it stands for no codec of Echo's
 */
export function tsParserOf(streamType: number): ParserMaker | undefined {
  return TS_PARSERS.get(streamType);
}

/** Whether access units of any of Echo's codecs hold so many samples. */
export function isFrameLength(samples: number): boolean {
  return Object.values(CODECS).some((codec) => codec.frameLengths.includes(samples));
}

const TS_PARSERS = new Map(Object.values(CODECS).flatMap((codec) => [...codec.tsParsers]));
