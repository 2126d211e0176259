/** AAC of every kind that Echo takes, from encoders. */
import type { AacConfig } from "../../src/audio/aac/aac_config.ts";
import { accessUnits } from "./access_units.ts";
import { encode, type Encoding } from "./ffmpeg.ts";

/** What an encoder made: a configuration and its access units. */
export interface EncodedStream {
  readonly config: AacConfig;
  readonly frames: readonly Uint8Array[];
}

/** A stream of each kind, by what it is. */
export const ENCODED_STREAMS: Readonly<Record<string, () => Promise<EncodedStream>>> = {
  "AAC-LC mono": () => encoded({ layout: "mono", rate: 44100 }),
  "AAC-LC stereo": () => encoded({ seconds: 6 }),
  "AAC-LC stereo at 96 kHz": () => encoded({ rate: 96000 }),
  "AAC-LC mono at 8 kHz": () => encoded({ rate: 8000, layout: "mono", bitrate: "16k" }),
  "AAC Main": () => encoded({ options: ["-profile:a", "aac_main"] }),
  "AAC-LC 5.1": () => encoded({ layout: "5.1" }),
  "AAC-LC 7.1": () => encoded({ layout: "7.1", bitrate: "384k" }),
  "AAC-LC 5.1(side) with a program_config_element": () => encoded({ layout: "5.1(side)" }),
  "HE-AAC v1 stereo, implicit": () => shipped("he-aac-v1_44100_stereo_64k.aac"),
  "HE-AAC v1 mono, implicit": () => shipped("he-aac-v1_48000_mono_32k.aac"),
  "HE-AAC v2, implicit": () => shipped("he-aac-v2_44100_stereo_32k.aac"),
  "HE-AAC v1, explicit": () => shipped("he-aac-v1_44100_stereo_64k.aac", { sbr: true }),
  "HE-AAC v2, explicit": () => shipped("he-aac-v2_44100_stereo_32k.aac", { sbr: true, ps: true }),
};

/** What FFmpeg's encoder makes. */
export async function encoded(encoding: Encoding): Promise<EncodedStream> {
  return accessUnits(await encode(encoding));
}

/** The stream of a file in testing/media, with what ADTS does not tell. */
export async function shipped(
  name: string,
  told: Partial<AacConfig> = {},
): Promise<EncodedStream> {
  const adts = await Deno.readFile(new URL(`../media/${name}`, import.meta.url));
  const { config, frames } = accessUnits(adts);
  return { config: { ...config, ...told }, frames };
}
