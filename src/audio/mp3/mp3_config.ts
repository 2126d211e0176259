/**
 * What an MP3 stream is: all that stays the same from frame to frame.
 *
 * @module
 */

/**
 * MP3's member of `AudioConfig`: MPEG audio Layer III (ISO/IEC 11172-3, 13818-3). Its access units
 * are whole frames, header included. Bitrate, padding and the way of coding stereo are each frame's
 * own.
 */
export interface Mp3Config {
  readonly codec: "mp3";
  /** MPEG-1, MPEG-2 (lower sample rates), or MPEG-2.5, which halves these once more. */
  readonly version: MpegVersion;
  /** In Hz, one of the version's {@link MP3_SAMPLE_RATES}. */
  readonly sampleRate: number;
  /** Samples an access unit holds: 1152 in MPEG-1, 576 in the others. */
  readonly samplesPerFrame: 1152 | 576;
  readonly channels: 1 | 2;
}

export type MpegVersion = 1 | 2 | 2.5;

/** Sample rates in Hz by version and sampling_frequency. */
export const MP3_SAMPLE_RATES: Readonly<Record<MpegVersion, readonly number[]>> = {
  1: [44100, 48000, 32000],
  2: [22050, 24000, 16000],
  2.5: [11025, 12000, 8000],
};

/** Bytes of side_info (ISO/IEC 11172-3 2.4.1.7, 13818-3 2.4.1.7). */
export function sideInfoBytes(
  { version, channels }: Pick<Mp3Config, "version" | "channels">,
): number {
  if (version === 1) return channels === 1 ? 17 : 32;
  return channels === 1 ? 9 : 17;
}
