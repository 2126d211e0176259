/** The program_config_element, ISO/IEC 14496-3 4.4.1.1, which tells a layout of channels. */
import { BitReader, BitWriter } from "../bits.ts";

/** Syntactic elements of a raw_data_block by id_syn_ele (ISO/IEC 14496-3 table 4.85). */
export const ID_SCE = 0;
export const ID_CPE = 1;
export const ID_LFE = 3;
export const ID_PCE = 5;
export const ID_END = 7;

/** Bits of id_syn_ele. */
export const ID_BITS = 3;

/** One audio element that a layout asks for: its id_syn_ele and element_instance_tag. */
export interface ChannelElement {
  readonly id: typeof ID_SCE | typeof ID_CPE | typeof ID_LFE;
  readonly tag: number;
}

/**
 * Reads a program_config_element (ISO/IEC 14496-3 table 4.2), without its id_syn_ele.
 * @param origin the position that the element's byte_alignment counts from: the start of the
 *   AudioSpecificConfig or of the raw_data_block that it is in
 * @returns the element as `AacConfig.programConfig` has it
 * @throws {MalformedAudio} where it ends early
 */
export function readProgramConfig(reader: BitReader, origin: number): Uint8Array {
  const writer = new BitWriter();
  writer.write(ID_PCE, ID_BITS);
  copyProgramConfig(reader, origin, writer);
  return writer.toBytes();
}

/**
 * Writes `AacConfig.programConfig` without its id_syn_ele, as an AudioSpecificConfig has it.
 * The alignment counts from the writer's first bit.
 * @throws {MalformedAudio} where `programConfig` ends early
 */
export function writeProgramConfig(writer: BitWriter, programConfig: Uint8Array): void {
  const reader = new BitReader(programConfig, "program_config_element");
  reader.skip(ID_BITS);
  copyProgramConfig(reader, 0, writer);
}

/**
 * The audio elements of each access unit, as `AacConfig.programConfig` lists them: front, side,
 * back, LFE.
 * @throws {MalformedAudio} where `programConfig` ends early
 */
export function programElements(programConfig: Uint8Array): ChannelElement[] {
  const reader = new BitReader(programConfig, "program_config_element");
  reader.skip(ID_BITS);
  return copyProgramConfig(reader, 0, new BitWriter());
}

function copyProgramConfig(
  reader: BitReader,
  origin: number,
  writer: BitWriter,
): ChannelElement[] {
  const copy = (bits: number): number => {
    const value = reader.read(bits);
    writer.write(value, bits);
    return value;
  };
  copy(4 + 2 + 4); // element_instance_tag, object_type, sampling_frequency_index
  const channelElements = copy(4) + copy(4) + copy(4); // front, side, back
  const lfeElements = copy(2);
  const assocDataElements = copy(3);
  const ccElements = copy(4);
  if (copy(1) === 1) copy(4); // mono_mixdown_element_number
  if (copy(1) === 1) copy(4); // stereo_mixdown_element_number
  if (copy(1) === 1) copy(2 + 1); // matrix_mixdown_idx, pseudo_surround_enable

  const elements: ChannelElement[] = [];
  for (let i = 0; i < channelElements; i++) {
    elements.push({ id: copy(1) === 1 ? ID_CPE : ID_SCE, tag: copy(4) });
  }
  for (let i = 0; i < lfeElements; i++) elements.push({ id: ID_LFE, tag: copy(4) });
  for (let i = 0; i < assocDataElements; i++) copy(4);
  for (let i = 0; i < ccElements; i++) copy(1 + 4);

  reader.align(origin);
  writer.align();
  const commentBytes = copy(8);
  for (let i = 0; i < commentBytes; i++) copy(8);
  return elements;
}
