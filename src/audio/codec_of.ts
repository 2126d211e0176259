/** The one place where codecs are told apart. */
import { AAC } from "./aac/aac.ts";
import { MalformedAudio } from "./bits.ts";
import type { AudioConfig } from "./audio_config.ts";
import type { Codec, ParserMaker } from "./codec.ts";
import { MP3 } from "./mp3/mp3.ts";
import { UnsupportedAudio } from "./unsupported_audio.ts";

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

/** A configuration as text, of which {@link configOfText} makes it again. */
export function configText(config: AudioConfig): string {
  return `${config.codec} ${codecOf(config).configBytes(config).toHex()}`;
}

/** The configuration that `text` stands for; `undefined` where it stands for none. */
export function configOfText(text: string): AudioConfig | undefined {
  const [name = "", info = ""] = text.split(" ");
  const [, codec] = Object.entries(CODECS).find(([known]) => known === name) ?? [];
  if (codec === undefined || !/^(?:[0-9a-f]{2})+$/.test(info)) return undefined;
  try {
    return codec.configOf(Uint8Array.fromHex(info));
  } catch (error) {
    if (error instanceof UnsupportedAudio || error instanceof MalformedAudio) return undefined;
    throw error;
  }
}

/** An object is only called with configurations of its own codec. The types do not say so. */
const CODECS: Readonly<Record<AudioConfig["codec"], Codec<AudioConfig>>> = {
  aac: AAC,
  mp3: MP3,
};

const TS_PARSERS = new Map(Object.values(CODECS).flatMap((codec) => [...codec.tsParsers]));
