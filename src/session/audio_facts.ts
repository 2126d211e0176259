/** What people are told of the audio that an encoder sends. */
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";

/** A stream's configuration, as far as people know its words. */
export interface AudioFacts extends Pick<AudioConfig, "codec"> {
  /** The codecs parameter of RFC 6381, such as `mp4a.40.2`. */
  readonly codecs: string;
  /** In hertz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** What people are told of `config`. */
export function audioFactsOf(config: AudioConfig): AudioFacts {
  const codec = codecOf(config);
  return {
    codec: config.codec,
    codecs: codec.codecString(config),
    sampleRate: config.sampleRate,
    channels: codec.sampleEntry(config).channelCount,
  };
}
