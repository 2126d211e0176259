// What a decoder has to know of a stream before its first access unit.
import type { AacConfig } from "./aac/aac_config.ts";

/**
 * The configuration of a stream: one member a codec, told apart by `codec`. Every member has
 * `sampleRate` and `samplesPerFrame`; what else Echo needs to know of it, `codecOf` tells.
 */
export type AudioConfig = AacConfig;
