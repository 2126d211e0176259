/** How loud MP3 is, without decoding it (ISO/IEC 11172-3 and 13818-3, 2.4). */
import type { LevelMeter } from "../codec.ts";
import { decibelsOf } from "../decibels.ts";
import { mainDataBeginBits, reservoirBytes, sideInfoAt } from "../mp3/main_data.ts";
import { type Mp3Config, sideInfoBytes } from "../mp3/mp3_config.ts";
import { BitCursor } from "./bit_cursor.ts";
import { type Mp3BandWidths, mp3BandWidths } from "./mp3_bands.ts";
import { ScaledStretches } from "./mp3_lines.ts";
import { MAX_SCALEFACTORS, readLowRateScalefactors, readScalefactors } from "./mp3_scalefactors.ts";
import { Granule } from "./mp3_side_info.ts";

/**
 * Estimates the level of frames from the energy of their quantised lines. These may stand in frames
 * before: so much is kept of each as others may point back to. What intensity stereo adds to the right
 * channel is left out.
 */
export class Mp3LevelMeter implements LevelMeter {
  readonly #isMpeg1: boolean;
  readonly #channels: number;
  readonly #sideInfoBytes: number;
  readonly #mainDataBeginBits: number;
  readonly #reservoirBytes: number;
  readonly #widths: Mp3BandWidths | undefined;
  /** The main data of the last frames. */
  readonly #mainData = new Uint8Array(MAX_MAIN_DATA_BYTES);
  #end = 0;
  /** Where that of the last frame begins. */
  #begin = 0;

  constructor(config: Mp3Config) {
    this.#isMpeg1 = config.version === 1;
    this.#channels = config.channels;
    this.#sideInfoBytes = sideInfoBytes(config);
    this.#mainDataBeginBits = mainDataBeginBits(config.version);
    this.#reservoirBytes = reservoirBytes(config);
    this.#widths = mp3BandWidths(config.sampleRate);
  }

  take(frame: Uint8Array): void {
    const main = frame.subarray(sideInfoAt(frame) + this.#sideInfoBytes);
    const room = this.#mainData.length;
    if (this.#end + main.length > room) {
      const kept = Math.max(0, this.#end - this.#reservoirBytes);
      this.#mainData.copyWithin(0, kept, this.#end);
      this.#end -= kept;
    }
    if (this.#end + main.length > room) this.#end = 0;
    this.#begin = this.#end;
    if (main.length > room) return;
    this.#mainData.set(main, this.#end);
    this.#end += main.length;
  }

  level(frame: Uint8Array): number | undefined {
    const at = sideInfoAt(frame);
    if (!side.set(frame.subarray(at, at + this.#sideInfoBytes))) return undefined;
    const back = side.read(this.#mainDataBeginBits);
    if (this.#isMpeg1) side.read(this.#channels === 1 ? 5 : 3); // private_bits
    else side.read(this.#channels);
    const shared = [0, 0];
    for (let channel = 0; this.#isMpeg1 && channel < this.#channels; channel++) {
      shared[channel] = side.read(4);
    }
    if (side.isPastEnd || back > this.#begin) return undefined;
    if (!main.set(this.#mainData.subarray(this.#begin - back, this.#end))) return undefined;
    const hasIntensity = ((frame[3] ?? 0) & MODE_MASK) === JOINT_STEREO_WITH_INTENSITY;
    const energy = this.#readGranules(shared, hasIntensity);
    const lines = this.#channels * (this.#isMpeg1 ? 2 : 1) * LINES;
    const power = energy === undefined ? undefined : energy * SCALE / lines;
    return power === undefined || power > MOST_POWER ? undefined : decibelsOf(power);
  }

  /** @returns the sum of all lines' energies; `undefined` where they cannot be read */
  #readGranules(shared: readonly number[], hasIntensity: boolean): number | undefined {
    const widths = this.#widths;
    if (widths === undefined) return undefined;
    let sum = 0;
    for (let number = 0; number < (this.#isMpeg1 ? 2 : 1); number++) {
      for (let channel = 0; channel < this.#channels; channel++) {
        granule.read(side, this.#isMpeg1);
        const end = main.position + granule.part23Length;
        const factors = FACTORS[channel] ?? new Uint8Array(MAX_SCALEFACTORS);
        if (this.#isMpeg1) {
          readScalefactors(main, granule, number === 0 ? 0 : shared[channel] ?? 0, factors);
        } else readLowRateScalefactors(main, granule, hasIntensity && channel === 1, factors);
        stretches.set(granule, widths, factors, this.#isMpeg1);
        const energy = granule.part23Length === 0
          ? 0
          : stretches.read(main, granule, regionEnds(granule, widths), end);
        main.position = end;
        if (energy === undefined || main.isPastEnd || side.isPastEnd) return undefined;
        sum += energy;
      }
    }
    return sum;
  }
}

/** Where the first two regions end. */
function regionEnds({ isSwitched, blocks, regionBands }: Granule, widths: Mp3BandWidths): number[] {
  const linesOf = (bands: number) => widths.long.slice(0, bands).reduce((sum, it) => sum + it, 0);
  if (isSwitched) {
    const [first = 0, second = 0, third = 0] = widths.short;
    return [blocks === "long" ? linesOf(8) : 3 * (first + second + third), LINES];
  }
  const [first = 0, second = 0] = regionBands;
  return [linesOf(first), linesOf(first + second)];
}

/** Lines of a granule. */
const LINES = 576;
/** Of a frame of the highest bitrate, and of those before. */
const MAX_MAIN_DATA_BYTES = 4096;
const MAX_SIDE_INFO_BYTES = 32;

/** mode and mode_extension, in the last byte of a header. */
const MODE_MASK = 0xd0;
const JOINT_STEREO_WITH_INTENSITY = 0x50;

/** The mean power of samples by the mean energy of lines: half the number of lines, as was measured. */
const SCALE = LINES / 2;
/** No decoder's output is so loud: something else was read than what was sent. */
const MOST_POWER = 10;

/** Each is used for one frame after the other. */
const side = new BitCursor(MAX_SIDE_INFO_BYTES);
const main = new BitCursor(MAX_MAIN_DATA_BYTES);
const granule = new Granule();
const stretches = new ScaledStretches();
/** Scalefactors by channel: those of the first granule may count for the second. */
const FACTORS = [new Uint8Array(MAX_SCALEFACTORS), new Uint8Array(MAX_SCALEFACTORS)];
