/** The scalefactors of MP3, of MPEG-1 (ISO/IEC 11172-3 2.4.2.7) and of the lower rates (13818-3). */
import type { BitCursor } from "./bit_cursor.ts";
import type { Blocks, Granule } from "./mp3_side_info.ts";

/** The most that a granule has: 13 bands of three short blocks, or 22 of a long one. */
export const MAX_SCALEFACTORS = 39;

/**
 * Reads those of MPEG-1.
 * @param shared scfsi, a bit for each group of bands that has the scalefactors of the granule before,
 *   which are in `factors`; 0 for the first granule
 */
export function readScalefactors(
  bits: BitCursor,
  { scalefacCompress, blocks }: Granule,
  shared: number,
  factors: Uint8Array,
): void {
  const [low = 0, high = 0] = LENGTHS[scalefacCompress] ?? [];
  const { counts, lowGroups } = GROUPS[blocks];
  let at = 0;
  counts.forEach((count, group) => {
    const isShared = blocks === "long" && ((shared >> (3 - group)) & 1) === 1;
    if (!isShared) readGroup(bits, group < lowGroups ? low : high, factors, at, count);
    at += count;
  });
  factors.fill(0, at);
}

/**
 * Reads those of the lower rates, and sets the granule's preflag by them.
 * @param isIntensity whether they are of the right channel, and tell its place in intensity stereo
 */
export function readLowRateScalefactors(
  bits: BitCursor,
  granule: Granule,
  isIntensity: boolean,
  factors: Uint8Array,
): void {
  const { lengths, table } = isIntensity
    ? intensityLengths(granule.scalefacCompress >> 1)
    : lowRateLengths(granule.scalefacCompress);
  granule.preflag = table === PREFLAG_TABLE ? 1 : 0;
  const counts = LOW_RATE_COUNTS[table]?.[granule.blocks] ?? [];
  let at = 0;
  counts.forEach((count, group) => {
    readGroup(bits, lengths[group] ?? 0, factors, at, count);
    at += count;
  });
  factors.fill(0, at);
}

function readGroup(
  bits: BitCursor,
  length: number,
  factors: Uint8Array,
  at: number,
  count: number,
): void {
  for (let i = at; i < at + count; i++) factors[i] = bits.read(length);
}

/** slen1 and slen2 by scalefac_compress. */
const LENGTHS: readonly (readonly [number, number])[] = [
  ...[[0, 0], [0, 1], [0, 2], [0, 3], [3, 0], [1, 1], [1, 2], [1, 3]] as [number, number][],
  ...[[2, 1], [2, 2], [2, 3], [3, 1], [3, 2], [3, 3], [4, 2], [4, 3]] as [number, number][],
];

/** How many scalefactors each group has, and how many groups have slen1. */
const GROUPS: Readonly<Record<Blocks, { counts: readonly number[]; lowGroups: number }>> = {
  long: { counts: [6, 5, 5, 5], lowGroups: 2 },
  short: { counts: [18, 18], lowGroups: 1 },
  mixed: { counts: [17, 18], lowGroups: 1 },
};

interface LowRateLengths {
  readonly lengths: readonly number[];
  /** The row of {@link LOW_RATE_COUNTS}. */
  readonly table: number;
}

function lowRateLengths(compress: number): LowRateLengths {
  if (compress < 400) {
    const [high, low] = [compress >> 4, compress & 15];
    return { lengths: [Math.floor(high / 5), high % 5, low >> 2, low & 3], table: 0 };
  }
  if (compress < 500) {
    const rest = compress - 400;
    return { lengths: [Math.floor((rest >> 2) / 5), (rest >> 2) % 5, rest & 3], table: 1 };
  }
  const rest = compress - 500;
  return { lengths: [Math.floor(rest / 3), rest % 3], table: PREFLAG_TABLE };
}

function intensityLengths(compress: number): LowRateLengths {
  if (compress < 180) {
    const rest = compress % 36;
    return { lengths: [Math.floor(compress / 36), Math.floor(rest / 6), rest % 6], table: 3 };
  }
  if (compress < 244) {
    const rest = compress - 180;
    return { lengths: [rest >> 4, (rest >> 2) & 3, rest & 3], table: 4 };
  }
  const rest = compress - 244;
  return { lengths: [Math.floor(rest / 3), rest % 3], table: 5 };
}

const PREFLAG_TABLE = 2;

/** How many scalefactors each group has at lower rates (13818-3 2.4.3.2). */
const LOW_RATE_COUNTS: readonly Readonly<Record<Blocks, readonly number[]>>[] = [
  { long: [6, 5, 5, 5], short: [9, 9, 9, 9], mixed: [6, 9, 9, 9] },
  { long: [6, 5, 7, 3], short: [9, 9, 12, 6], mixed: [6, 9, 12, 6] },
  { long: [11, 10], short: [18, 18], mixed: [15, 18] },
  { long: [7, 7, 7], short: [12, 12, 12], mixed: [6, 15, 12] },
  { long: [6, 6, 6, 3], short: [12, 9, 9, 6], mixed: [6, 12, 9, 6] },
  { long: [8, 8, 5], short: [15, 12, 9], mixed: [6, 18, 9] },
];
