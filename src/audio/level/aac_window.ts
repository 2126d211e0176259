/** How the spectrum of an AAC frame is divided: ics_info, ISO/IEC 14496-3 4.4.2.1. */
import type { BandWidths } from "./aac_bands.ts";
import type { BitCursor } from "./bit_cursor.ts";

/** The most bands that a frame has: 8 short windows of 15, or one long window of 51. */
export const MAX_BANDS = 120;

/** The windows and bands of one channel, or of both of a pair. */
export class WindowLayout {
  isShort = false;
  /** Bands that are sent, in each group. */
  maxSfb = 0;
  /** How many windows each group has that shares its scale factors. */
  groups: readonly number[] = ONE_WINDOW;
  /** Coefficients that each band has in one window. */
  widths: readonly number[] = [];

  /** Bands of all groups together. */
  get bandCount(): number {
    return this.groups.length * this.maxSfb;
  }

  /** Reads ics_info; gives up where it is none, or has prediction in it. */
  read(bits: BitCursor, { long, short }: BandWidths): void {
    bits.read(1); // ics_reserved_bit
    this.isShort = bits.read(2) === EIGHT_SHORT_SEQUENCE;
    bits.read(1); // window_shape
    this.widths = this.isShort ? short : long;
    if (this.isShort) {
      this.maxSfb = bits.read(4);
      this.groups = GROUPINGS[bits.read(7)] ?? ONE_WINDOW;
    } else {
      this.maxSfb = bits.read(6);
      this.groups = ONE_WINDOW;
      if (bits.read(1) === 1) bits.giveUp(); // predictor_data_present
    }
    if (this.maxSfb > this.widths.length) {
      this.maxSfb = 0;
      bits.giveUp();
    }
  }
}

const ONE_WINDOW: readonly number[] = [1];

/** By scale_factor_grouping: a bit for each window but the first, whether it is in the group before. */
const GROUPINGS: readonly (readonly number[])[] = Array.from({ length: 128 }, (_, grouping) => {
  const groups = [1];
  for (let bit = 6; bit >= 0; bit--) {
    if ((grouping >> bit) & 1) groups.push((groups.pop() ?? 0) + 1);
    else groups.push(1);
  }
  return groups;
});

const EIGHT_SHORT_SEQUENCE = 2;
