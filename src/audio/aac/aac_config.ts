/**
 * What an AAC stream is: all that a decoder, an ADTS header and an MP4 sample entry need to know.
 *
 * @module
 */

/** AAC's member of `AudioConfig`. */
export interface AacConfig {
  readonly codec: "aac";
  /** Samples an access unit holds, at the core sample rate. */
  readonly samplesPerFrame: typeof SAMPLES_PER_FRAME;
  /** Core audio object type: 1 Main, 2 LC, 4 LTP (ISO/IEC 14496-3 table 1.17). */
  readonly objectType: 1 | 2 | 4;
  /** Core sample rate in Hz, one of {@link SAMPLE_RATES}. HE-AAC plays at twice this. */
  readonly sampleRate: number;
  /** 1 for mono to 7 for 7.1; 0 where {@link programConfig} tells the layout. */
  readonly channelConfiguration: number;
  /**
   * With channelConfiguration 0: a whole program_config_element behind its id_syn_ele of 3 bits,
   * aligned to bytes as at the start of a raw_data_block. An access unit that it is put before
   * tells its own layout.
   */
  readonly programConfig: Uint8Array | undefined;
  /**
   * Whether the source says that there is SBR (HE-AAC); `undefined` where it says nothing of it.
   */
  readonly sbr: boolean | undefined;
  /** As {@link sbr}, of parametric stereo (HE-AAC v2). */
  readonly ps: boolean | undefined;
}

/** The only frame length that Echo takes (ISO/IEC 14496-3 4.5.1.1, frameLengthFlag 0). */
export const SAMPLES_PER_FRAME = 1024;

/** Sample rates in Hz by sampling_frequency_index (ISO/IEC 14496-3 table 1.18). */
export const SAMPLE_RATES: readonly number[] = [
  96000,
  88200,
  64000,
  48000,
  44100,
  32000,
  24000,
  22050,
  16000,
  12000,
  11025,
  8000,
  7350,
];
