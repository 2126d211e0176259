/** What a decoder has to know of a stream before its first access unit. */
import type { AacConfig } from "./aac/aac_config.ts";
import type { Mp3Config } from "./mp3/mp3_config.ts";

/**
 * The configuration of a stream: one member a codec, told apart by `codec`. Every member has
 * `sampleRate` and `samplesPerFrame`; `codecOf` tells all else that Echo needs to know of it.
 */
export type AudioConfig = AacConfig | Mp3Config;
