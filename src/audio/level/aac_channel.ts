/**
 * The energy of one channel of an AAC frame, read from its individual_channel_stream
 * (ISO/IEC 14496-3 4.4.2.7).
 */
import { SCALE_FACTOR_CODE, SPECTRAL_CODEBOOKS, type SpectralCodebook } from "./aac_codebooks.ts";
import type { BandWidths } from "./aac_bands.ts";
import { MAX_BANDS, WindowLayout } from "./aac_window.ts";
import type { BitCursor } from "./bit_cursor.ts";
import { energyOf } from "./quantised.ts";

/** What a pair tells for both of its channels. */
export interface CommonWindow {
  readonly layout: WindowLayout;
  /** By band: 1 where the channels are sent as their sum and difference (4.6.8.1). */
  readonly ms: Uint8Array;
}

/** One channel. The object is used for one frame after the other. */
export class Channel {
  /** By band, of all groups: the energy of its coefficients. */
  readonly #energies = new Float64Array(MAX_BANDS);
  readonly #codebooks = new Uint8Array(MAX_BANDS);
  /** By band: what its coefficients' energy is multiplied by, or is where none are sent. */
  readonly #factors = new Float64Array(MAX_BANDS);
  readonly #ownLayout = new WindowLayout();

  /**
   * Reads the stream; gives up where it is none, or has what Echo does not know.
   * @param common what the pair tells for both, where it does
   * @param left the first channel of the pair, from which this one may take what it sounds like
   * @returns the mean power of the channel's samples, where that of a full square wave is 1
   */
  read(bits: BitCursor, widths: BandWidths, common?: CommonWindow, left?: Channel): number {
    const globalGain = bits.read(8);
    const layout = common?.layout ?? this.#ownLayout;
    if (common === undefined) layout.read(bits, widths);
    this.#readSections(bits, layout);
    this.#readScaleFactors(bits, layout, globalGain);
    skipTools(bits, layout);
    if (bits.isPastEnd) return 0;
    return this.#readSpectrum(bits, layout, common?.ms, left) /
      (layout.isShort ? SHORT_SCALE : LONG_SCALE);
  }

  /** The energy of a band's coefficients, as it was read last. */
  bandEnergy(band: number): number {
    return this.#energies[band] ?? 0;
  }

  /** section_data: the codebook of each band. */
  #readSections(bits: BitCursor, { isShort, maxSfb, groups }: WindowLayout): void {
    const lengthBits = isShort ? 3 : 5;
    const escape = (1 << lengthBits) - 1;
    for (let group = 0; group < groups.length; group++) {
      for (let band = 0; band < maxSfb && !bits.isPastEnd;) {
        const codebook = bits.read(4);
        let length = 0;
        let part = escape;
        while (part === escape && !bits.isPastEnd) length += part = bits.read(lengthBits);
        const end = band + length;
        if (end > maxSfb || codebook === RESERVED_HCB) return bits.giveUp();
        this.#codebooks.fill(codebook, group * maxSfb + band, group * maxSfb + end);
        band = end;
      }
    }
  }

  /** scale_factor_data, 4.6.2: differences in steps of 1.5 dB, of each kind of bands by itself. */
  #readScaleFactors(bits: BitCursor, layout: WindowLayout, globalGain: number): void {
    const { maxSfb, groups, bandCount } = layout;
    let scaleFactor = globalGain;
    let position = 0;
    let noise = globalGain - NOISE_OFFSET;
    let isFirstNoise = true;
    for (let band = 0; band < bandCount && !bits.isPastEnd; band++) {
      const codebook = this.#codebooks[band] ?? ZERO_HCB;
      if (codebook === ZERO_HCB) continue;
      if (codebook >= INTENSITY_HCB2) {
        position += readDifference(bits);
        this.#factors[band] = powerOf(-position);
      } else if (codebook === NOISE_HCB) {
        noise += isFirstNoise ? bits.read(9) - FIRST_NOISE_OFFSET : readDifference(bits);
        isFirstNoise = false;
        this.#factors[band] = powerOf(noise) * (groups[Math.floor(band / maxSfb)] ?? 1);
      } else {
        scaleFactor += readDifference(bits);
        if (scaleFactor < 0 || scaleFactor > 255) return bits.giveUp();
        this.#factors[band] = powerOf(scaleFactor - SF_OFFSET);
      }
    }
  }

  /** spectral_data, summed up. */
  #readSpectrum(
    bits: BitCursor,
    { maxSfb, groups, widths }: WindowLayout,
    ms: Uint8Array | undefined,
    left: Channel | undefined,
  ): number {
    let sum = 0;
    let at = 0;
    for (const windows of groups) {
      for (let band = 0; band < maxSfb; band++, at++) {
        const codebook = this.#codebooks[at] ?? ZERO_HCB;
        const factor = this.#factors[at] ?? 0;
        let energy = 0;
        if (codebook >= INTENSITY_HCB2) energy = factor * (left?.bandEnergy(at) ?? 0);
        else if (codebook === NOISE_HCB) energy = factor;
        else if (codebook !== ZERO_HCB) {
          const book = SPECTRAL_CODEBOOKS[codebook - 1];
          if (book === undefined) return 0;
          energy = factor * readEnergy(bits, book, windows * (widths[band] ?? 0));
          // Left and right, m + s and m - s, have twice the energy of m and s.
          if (ms?.[at] === 1) energy *= 2;
        }
        this.#energies[at] = energy;
        sum += energy;
      }
    }
    return sum;
  }
}

/** Bands without coefficients: silent, noise (4.6.13), or a copy of the left channel (4.6.8.2). */
const ZERO_HCB = 0;
const RESERVED_HCB = 12;
const NOISE_HCB = 13;
const INTENSITY_HCB2 = 14;

const SF_OFFSET = 100;
const NOISE_OFFSET = 90;
const FIRST_NOISE_OFFSET = 256;

/**
 * The mean power of samples is the energy of a frame's coefficients by these: 1024 coefficients, each
 * with the energy of a window of 2048 samples, or 256; and full scale is 32768.
 */
const LONG_SCALE = 1024 * 2048 * 2 ** 30;
const SHORT_SCALE = 1024 * 256 * 2 ** 30;

/** Powers by steps of 1.5 dB, from -LOWEST_STEP on. */
const LOWEST_STEP = 512;
const POWERS = Float64Array.from(
  { length: 2 * LOWEST_STEP },
  (_, i) => 2 ** ((i - LOWEST_STEP) / 2),
);

function powerOf(steps: number): number {
  return POWERS[steps + LOWEST_STEP] ?? 2 ** (steps / 2);
}

/** One codeword of the differences between scale factors. */
function readDifference(bits: BitCursor): number {
  const { table, moreBits, symbols } = SCALE_FACTOR_CODE;
  const next = bits.peek();
  let entry = table[next >> 16] ?? 0;
  if (entry < 0) entry = table[((next & 0xffff) >> (16 - moreBits)) - entry] ?? 0;
  bits.position += entry & 31;
  return symbols[entry >> 5] ?? 0;
}

/** Skips pulse_data and tns_data (4.4.2.7), which change little; gives up at gain_control_data. */
function skipTools(bits: BitCursor, { isShort, groups }: WindowLayout): void {
  if (bits.read(1) === 1) {
    const pulses = bits.read(2) + 1;
    bits.position += 6 + pulses * 9;
  }
  if (bits.read(1) === 1) {
    const windows = isShort ? groups.reduce((sum, windows) => sum + windows, 0) : 1;
    for (let i = 0; i < windows; i++) skipFilters(bits, isShort);
  }
  if (bits.read(1) === 1) bits.giveUp();
}

/** The filters of one window in tns_data. */
function skipFilters(bits: BitCursor, isShort: boolean): void {
  const filters = bits.read(isShort ? 1 : 2);
  const resolution = filters > 0 ? bits.read(1) : 0;
  for (let i = 0; i < filters; i++) {
    bits.read(isShort ? 4 : 6); // length
    const order = bits.read(isShort ? 3 : 5);
    if (order === 0) continue;
    bits.read(1); // direction
    const compressed = bits.read(1);
    bits.position += order * (3 + resolution - compressed);
  }
}

/** Sums up `count` coefficients. It has all that is read of most frames, and so it is fast. */
function readEnergy(bits: BitCursor, book: SpectralCodebook, count: number): number {
  const { code: { table, moreBits }, dimension, energies, escapes } = book;
  let sum = 0;
  for (let i = 0; i < count; i += dimension) {
    const next = bits.peek();
    let entry = table[next >> 16] ?? 0;
    if (entry < 0) entry = table[((next & 0xffff) >> (16 - moreBits)) - entry] ?? 0;
    bits.position += entry & 31;
    const symbol = entry >> 5;
    sum += energies[symbol] ?? 0;
    for (let left = escapes[symbol] ?? 0; left > 0; left--) sum += readEscape(bits);
  }
  return sum;
}

/** An escape sequence: as many ones as its word has bits more than 4, a zero, the word. */
function readEscape(bits: BitCursor): number {
  let length = 4;
  while (bits.read(1) === 1) {
    if (++length > MAX_ESCAPE_BITS) {
      bits.giveUp();
      return 0;
    }
  }
  return energyOf((1 << length) + bits.read(length));
}

const MAX_ESCAPE_BITS = 12;
