/** `fdkaac`, which encodes what FFmpeg cannot: HE-AAC. */
import { isInstalled } from "../installed.ts";
import { encodeBy, type Programme } from "./programmes.ts";

/** Whether there is `fdkaac`. Debian has it in `contrib`, and its library in `non-free`. */
export function isFdkaacInstalled(): Promise<boolean> {
  return isInstalled("fdkaac");
}

/**
 * Encodes a programme to ADTS.
 * @param channels 1, or 2 that are the same and have half the power each, as FFmpeg makes them
 * @param options `fdkaac`'s arguments for profile and bitrate
 */
export function encodeByFdkaac(
  programme: Programme,
  { rate, channels = 1, options }: {
    readonly rate: number;
    readonly channels?: 1 | 2;
    readonly options: readonly string[];
  },
): Promise<Uint8Array> {
  const input = ["--raw", "--raw-channels", `${channels}`, "--raw-rate", `${rate}`];
  const format = ["--raw-format", "F32L", "--transport-format", "2"];
  const args = ["--silent", ...input, ...format, ...options, "-o", "-", "-"];
  return encodeBy("fdkaac", args, channels === 1 ? programme : inStereo(programme));
}

function* inStereo(programme: Programme): Programme {
  for (const block of programme) {
    const both = new Float32Array(2 * block.length);
    block.forEach((sample, i) => both.fill(Math.SQRT1_2 * sample, 2 * i, 2 * i + 2));
    yield both;
  }
}
