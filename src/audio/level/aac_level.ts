/** How loud AAC is, without decoding it (ISO/IEC 14496-3 4.4 to 4.6). */
import type { AacConfig } from "../aac/aac_config.ts";
import { ID_BITS, ID_CPE, ID_END, ID_LFE, ID_PCE, ID_SCE } from "../aac/program_config.ts";
import { readProgramConfig } from "../aac/program_config.ts";
import { BitReader, MalformedAudio } from "../bits.ts";
import { type BandWidths, bandWidths } from "./aac_bands.ts";
import { Channel, type CommonWindow } from "./aac_channel.ts";
import { MAX_BANDS, WindowLayout } from "./aac_window.ts";
import { BitCursor } from "./bit_cursor.ts";
import { decibelsOf } from "../decibels.ts";

/**
 * Estimates the level of an access unit from the energy of its quantised coefficients. What is filtered
 * (TNS), and what SBR adds above the core, is left out.
 * @returns dBFS; -Infinity where there is no coefficient but zeros; `undefined` where it cannot be read
 */
export function aacLevel({ sampleRate }: AacConfig, accessUnit: Uint8Array): number | undefined {
  const widths = bandWidths(sampleRate);
  const power = widths && block.read(accessUnit, widths);
  return power === undefined || power > MOST_POWER ? undefined : decibelsOf(power);
}

/** No decoder's output is so loud: something else was read than what was sent. */
const MOST_POWER = 10;

/** A raw_data_block, one after the other. */
class RawDataBlock {
  readonly #bits = new BitCursor(MAX_BYTES);
  readonly #layout = new WindowLayout();
  readonly #ms = new Uint8Array(MAX_BANDS);
  readonly #first = new Channel();
  readonly #second = new Channel();
  readonly #common: CommonWindow = { layout: this.#layout, ms: this.#ms };

  /** @returns the mean power of all channels; `undefined` where it cannot be read */
  read(accessUnit: Uint8Array, widths: BandWidths): number | undefined {
    const bits = this.#bits;
    if (!bits.set(accessUnit)) return undefined;
    let sum = 0;
    let channels = 0;
    while (!bits.isPastEnd) {
      switch (bits.read(ID_BITS)) {
        case ID_SCE:
        case ID_LFE:
          bits.read(TAG_BITS);
          sum += this.#first.read(bits, widths);
          channels++;
          break;
        case ID_CPE:
          sum += this.#readPair(widths);
          channels += 2;
          break;
        case ID_DSE:
          skipData(bits);
          break;
        case ID_PCE:
          skipProgramConfig(bits, accessUnit);
          break;
        case ID_FIL:
          skipFill(bits);
          break;
        case ID_END:
          return channels === 0 || bits.isPastEnd ? undefined : sum / channels;
        default:
          return undefined;
      }
    }
    return undefined;
  }

  /** channel_pair_element, 4.4.2.1. @returns the sum of both channels' power */
  #readPair(widths: BandWidths): number {
    const bits = this.#bits;
    bits.read(TAG_BITS);
    const isCommon = bits.read(1) === 1;
    if (isCommon) {
      this.#layout.read(bits, widths);
      this.#readMs(bits.read(2));
    }
    const common = isCommon ? this.#common : undefined;
    const first = this.#first.read(bits, widths, common);
    return first + this.#second.read(bits, widths, common, this.#first);
  }

  /** @param present ms_mask_present: no band, a bit a band, every band */
  #readMs(present: number): void {
    if (present !== 1) {
      this.#ms.fill(present === 2 ? 1 : 0);
      return;
    }
    const { bandCount } = this.#layout;
    for (let band = 0; band < bandCount; band++) this.#ms[band] = this.#bits.read(1);
  }
}

const ID_DSE = 4;
const ID_FIL = 6;
const TAG_BITS = 4;
/** What ADTS can carry. */
const MAX_BYTES = 8191;

const block = new RawDataBlock();

/** data_stream_element, 4.4.2.5. */
function skipData(bits: BitCursor): void {
  bits.read(TAG_BITS);
  const isAligned = bits.read(1) === 1;
  let bytes = bits.read(8);
  if (bytes === 255) bytes += bits.read(8);
  if (isAligned) bits.position = Math.ceil(bits.position / 8) * 8;
  bits.position += 8 * bytes;
}

/** fill_element, 4.4.2.8. */
function skipFill(bits: BitCursor): void {
  let bytes = bits.read(4);
  if (bytes === 15) bytes += bits.read(8) - 1;
  bits.position += 8 * bytes;
}

function skipProgramConfig(bits: BitCursor, accessUnit: Uint8Array): void {
  const reader = new BitReader(accessUnit, "program_config_element");
  try {
    reader.skip(bits.position);
    readProgramConfig(reader, 0);
    bits.position = reader.position;
  } catch (error) {
    if (!(error instanceof MalformedAudio)) throw error;
    bits.giveUp();
  }
}
