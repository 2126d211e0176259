/** The energy of the lines of a granule of MP3, as far as Huffman codes tell them. */
import type { BitCursor } from "./bit_cursor.ts";
import type { Mp3BandWidths } from "./mp3_bands.ts";
import {
  LINBITS_ESCAPE,
  type Mp3Codebook,
  PAIR_CODEBOOKS,
  QUADRUPLE_CODEBOOKS,
} from "./mp3_codebooks.ts";
import type { Granule } from "./mp3_side_info.ts";
import { energyOf } from "./quantised.ts";

/** Lines of a granule. */
const LINES = 576;

/** Stretches of lines that are scaled up by the same factor. */
export class ScaledStretches {
  /** Where each ends, and by what the energy of its lines is multiplied. */
  readonly #ends = new Uint16Array(MAX_STRETCHES);
  readonly #factors = new Float64Array(MAX_STRETCHES);
  #count = 0;

  /** @param factors the scalefactors, in the order in which they are sent */
  set(granule: Granule, widths: Mp3BandWidths, factors: Uint8Array, isMpeg1: boolean): void {
    const { blocks, preflag } = granule;
    this.#count = 0;
    const longBands = blocks === "long"
      ? widths.long.length
      : blocks === "short"
      ? 0
      : isMpeg1
      ? 8
      : 6;
    for (let band = 0; band < longBands; band++) {
      const scale = (factors[band] ?? 0) + preflag * (PRETAB[band] ?? 0);
      this.#add(widths.long[band] ?? 0, factorOf(granule, scale, 0));
    }
    if (blocks === "long") return;
    let at = longBands;
    for (let band = blocks === "mixed" ? 3 : 0; band < widths.short.length; band++) {
      for (let window = 0; window < 3; window++) {
        const gain = granule.subblockGains[window] ?? 0;
        const factor = factorOf(granule, factors[at++] ?? 0, gain) * SHORT_FACTOR;
        this.#add(widths.short[band] ?? 0, factor);
      }
    }
  }

  /**
   * Reads the lines of a granule up to the position `end`.
   * @returns the sum of their energies; `undefined` where they do not fit
   */
  read(
    bits: BitCursor,
    granule: Granule,
    regionEnds: readonly number[],
    end: number,
  ): number | undefined {
    const bigEnd = 2 * granule.bigValues;
    if (bigEnd > LINES) return undefined;
    let sum = 0;
    let line = 0;
    let stretch = 0;
    for (let region = 0; region < 3; region++) {
      const regionEnd = Math.min(bigEnd, regionEnds[region] ?? LINES);
      const table = granule.tables[region] ?? 0;
      const book = PAIR_CODEBOOKS[table];
      if (book === undefined && table !== 0 && line < regionEnd) return undefined;
      if (book === undefined) line = Math.max(line, regionEnd);
      for (; line < regionEnd && book !== undefined; line += 2) {
        stretch = this.#stretchOf(line, stretch);
        sum += (this.#factors[stretch] ?? 0) * readPair(bits, book);
      }
      if (bits.position > end) return undefined;
    }
    const book = QUADRUPLE_CODEBOOKS[granule.count1Table];
    for (; book !== undefined && line < LINES && bits.position < end; line += 4) {
      stretch = this.#stretchOf(line, stretch);
      const energy = (this.#factors[stretch] ?? 0) * readPair(bits, book);
      // What begins before the end and does not end there is no line.
      if (bits.position <= end) sum += energy;
    }
    return sum;
  }

  #add(width: number, factor: number): void {
    const before = this.#count === 0 ? 0 : this.#ends[this.#count - 1] ?? 0;
    this.#ends[this.#count] = before + width;
    this.#factors[this.#count++] = factor;
  }

  /** @param stretch one that is not behind `line` */
  #stretchOf(line: number, stretch: number): number {
    while (stretch < this.#count - 1 && line >= (this.#ends[stretch] ?? LINES)) stretch++;
    return stretch;
  }
}

/** Those of three short blocks are the most. */
const MAX_STRETCHES = 39;

/** What preflag adds to scalefactors (table B.6). */
const PRETAB = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 2, 0];

/** The transform of short blocks is a third as long, and so is what a line of them counts. */
const SHORT_FACTOR = 1 / 3;

/** The square of what lines are multiplied by, 2.4.3.4. */
function factorOf(granule: Granule, scale: number, subblockGain: number): number {
  const { globalGain, scalefacScale } = granule;
  return 2 ** ((globalGain - 210) / 2 - 4 * subblockGain - (1 + scalefacScale) * scale);
}

/** The energy of the lines of one codeword. */
function readPair(bits: BitCursor, { code, energies, linbits }: Mp3Codebook): number {
  const { table, moreBits, symbols } = code;
  const next = bits.peek();
  let entry = table[next >> 16] ?? 0;
  if (entry < 0) entry = table[((next & 0xffff) >> (16 - moreBits)) - entry] ?? 0;
  bits.position += entry & 31;
  const energy = energies[entry >> 5] ?? 0;
  if (!Number.isNaN(energy)) return energy;
  let sum = 0;
  for (const magnitude of symbols[entry >> 5] ?? []) {
    sum += energyOf(magnitude === LINBITS_ESCAPE ? magnitude + bits.read(linbits) : magnitude);
    if (magnitude > 0) bits.position++;
  }
  return sum;
}
