/** Silence in AAC, for what a source does not send. */
import { BitWriter } from "../bits.ts";
import type { AacConfig } from "./aac_config.ts";
import {
  type ChannelElement,
  ID_BITS,
  ID_CPE,
  ID_END,
  ID_LFE,
  ID_SCE,
  programElements,
} from "./program_config.ts";

/**
 * Makes a silent access unit of `config`'s layout: global_gain 0, one long window, no scale factor
 * bands. It is the same at every sample rate. Behind a frame of audio, the decoder fades that out
 * in it, so there is no click. For HE-AAC it is a frame of the core alone, which lasts as long: how
 * much SBR and PS data there would be is told by the source's own sbr_header (4.6.18.3). FFmpeg says
 * once that it misses them, and forgets theirs, so nothing behind is decoded with those of before.
 */
export function silentFrame(config: AacConfig): Uint8Array {
  const elements = config.programConfig === undefined
    ? CHANNEL_ELEMENTS[config.channelConfiguration] ?? []
    : programElements(config.programConfig);
  const writer = new BitWriter();
  for (const element of elements) writeSilentElement(writer, element);
  writer.write(ID_END, ID_BITS);
  return writer.toBytes();
}

const sce = (tag: number): ChannelElement => ({ id: ID_SCE, tag });
const cpe = (tag: number): ChannelElement => ({ id: ID_CPE, tag });
const lfe = (tag: number): ChannelElement => ({ id: ID_LFE, tag });

/** By channelConfiguration (ISO/IEC 14496-3 table 1.19). */
const CHANNEL_ELEMENTS: readonly (readonly ChannelElement[])[] = [
  [],
  [sce(0)],
  [cpe(0)],
  [sce(0), cpe(0)],
  [sce(0), cpe(0), sce(1)],
  [sce(0), cpe(0), cpe(1)],
  [sce(0), cpe(0), cpe(1), lfe(0)],
  [sce(0), cpe(0), cpe(1), cpe(2), lfe(0)],
];

/** single_channel_element, lfe_channel_element and channel_pair_element (4.4.2.1), all of zeros. */
function writeSilentElement(writer: BitWriter, element: ChannelElement): void {
  writer.write(element.id, ID_BITS);
  writer.write(element.tag, 4);
  if (element.id === ID_CPE) {
    writer.write(1, 1); // common_window
    writer.write(0, ICS_INFO_BITS);
    writer.write(0, 2); // ms_mask_present
    writer.write(0, GLOBAL_GAIN_BITS + TOOL_BITS);
    writer.write(0, GLOBAL_GAIN_BITS + TOOL_BITS);
  } else {
    writer.write(0, GLOBAL_GAIN_BITS);
    writer.write(0, ICS_INFO_BITS);
    writer.write(0, TOOL_BITS);
  }
}

/**
 * ics_info with max_sfb 0: reserved 1, window_sequence 2, window_shape 1, max_sfb 6, prediction 1.
 */
const ICS_INFO_BITS = 11;
const GLOBAL_GAIN_BITS = 8;
/** pulse_data_present, tns_data_present, gain_control_data_present. */
const TOOL_BITS = 3;
